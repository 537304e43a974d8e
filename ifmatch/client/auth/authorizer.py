"""The Authorization header of an identity at this moment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from ifmatch.client.auth.sources import Source
from ifmatch.client.exchange import Request
from ifmatch.client.identity import Identity
from ifmatch.rules.answer import Answer

_HEADER = "Authorization"


class Authorizer:
    """Puts the Authorization header of its identity into each request that leaves. Used by one thread."""

    def __init__(self, sources: Mapping[Identity, Source]) -> None:
        self._sources = sources
        self._held = False

    def authorized(self, request: Request) -> Request:
        """The request with the header of its identity, after renewing what ends soon.

        Raises ConfigurationError or TargetUnusable when no token can be had.
        """
        source = self._sources.get(request.identity)
        if source is None:
            return request
        if not self._held:
            source.renew_if_due()
        return replace(request, headers=(*request.headers, (_HEADER, source.value(request))))

    @contextmanager
    def held(self) -> Iterator[None]:
        """For a while no token is renewed, so that nothing comes between requests that race; first, what is due is.

        Raises TargetUnusable when no token can be had.
        """
        if self._held:
            yield
            return
        for source in self._sources.values():
            source.renew_if_due()
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def blames_token(self, sent: Request, answer: Answer) -> bool:
        """Whether an answer is about a token that has ended, and not about the request; the next one has a new token.

        To be asked once about each answer, for it is learnt from all of them whether a token is accepted.
        """
        source = self._sources.get(sent.identity)
        return source is not None and source.blames_token(sent.header(_HEADER), answer)
