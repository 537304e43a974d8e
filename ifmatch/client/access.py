"""How a target is reached, and in whose name: the settings put to use."""

from collections.abc import Callable

from ifmatch.client.auth.authorizer import Authorizer
from ifmatch.client.auth.endpoint import TokenEndpoint
from ifmatch.client.auth.sources import source_of
from ifmatch.client.http import Wire
from ifmatch.client.settings import Settings


def wire_to(url: str, settings: Settings) -> Wire:
    """The wire to an address: the target's, or one where its tokens are issued."""
    return Wire(url, settings.tls(url), settings.timeout, settings.through_proxy)


def authorizer_for(
    settings: Settings, learn: Callable[[str], None], tell: Callable[[str], None]
) -> Authorizer:
    """What puts the Authorization headers of the identities into requests.

    `learn` is shown each secret that comes up, `tell` is told when a token ends early.
    """
    url = settings.base_url
    endpoint = TokenEndpoint(url, lambda address: wire_to(address, settings), learn)
    sources = {
        identity: source_of(credential, endpoint, url, learn, tell)
        for identity, credential in settings.credentials.items()
    }
    return Authorizer(sources)
