"""Whether a run may write to a target at all: nobody's production is touched unless the target file names its host."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ifmatch.client.settings import Settings
from ifmatch.errors import ConfigurationError
from ifmatch.rules.answer import Answer

#: Words that say production, in the languages of the systems we know, and in what names are made of.
_PRODUCTION = re.compile(r"(?i)(?<![a-z])(production|prod|prd|productie|produktion)\d*(?![a-z])")

#: What takes such a word back, right before it: non-production, pre-prod, "not a production server".
_NOT = re.compile(r"(?i)(?<![a-z])(non|pre|no|not|not a|not for|not in|never in|geen|kein)[\s_-]*$")

#: Where a capability statement says what server this is (FHIR R4 CapabilityStatement; Conformance in DSTU2).
_SELF_DESCRIPTION = (
    ("name",),
    ("title",),
    ("description",),
    ("url",),
    ("software", "name"),
    ("software", "version"),
    ("implementation", "description"),
    ("implementation", "url"),
)


def demand_allowed_host(settings: Settings) -> None:
    """See that a run may write to this host, before anything is sent.

    Raises ConfigurationError when the target file lists hosts and this is none of them, or when the host's own name
    says production and the target file does not list it.
    """
    hosts = settings.limits.hosts
    if hosts and not _is_listed(settings):
        raise ConfigurationError(
            f"{_host(settings)} is not among the hosts that the target file allows ({', '.join(hosts)}), so nothing "
            "is sent to it. Correct the address, or add the host to hosts under [limits]."
        )
    if says_production(_host(settings)):
        _demand_listed(settings, f"its name, {_host(settings)}")


def demand_not_production(
    settings: Settings, statement: Mapping[str, Any], metadata: Answer
) -> None:
    """See that neither the target's statement nor any header of the answer that it came in says production.

    Raises ConfigurationError when one does and the target file does not list the host.
    """
    for place, text in (*_said_in(statement), *_said_in_headers(settings, metadata)):
        if says_production(text):
            _demand_listed(settings, f"{place}: {text[:120]}")


def says_production(text: str) -> bool:
    """Whether a text speaks of production, other than to say that this is none."""
    return any(not _NOT.search(text[: found.start()]) for found in _PRODUCTION.finditer(text))


def _demand_listed(settings: Settings, evidence: str) -> None:
    if _is_listed(settings):
        return
    raise ConfigurationError(
        f"{settings.base_url} looks like a production server ({evidence}), and a run writes to what it tests. Nothing "
        f'was written. If it may, say so in the target file: hosts = ["{_host(settings)}"] under [limits].'
    )


def _is_listed(settings: Settings) -> bool:
    url = urlsplit(settings.base_url)
    return bool({url.netloc.lower(), url.hostname} & set(settings.limits.hosts))


def _host(settings: Settings) -> str:
    return urlsplit(settings.base_url).hostname or ""


def _said_in(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a statement says of the server as a whole, each with its place."""
    for path in _SELF_DESCRIPTION:
        value: Any = statement
        for element in path:
            value = value.get(element) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            yield f"{'.'.join(path)} in its statement", value


def _said_in_headers(settings: Settings, answer: Answer) -> Iterator[tuple[str, str]]:
    """The headers of its answer, and those of ours that are no secret: they may name an environment, too."""
    for name, value in answer.headers.items():
        yield f"a header of its answer, {name}", value
    for name, value in settings.headers.items():
        if value not in settings.secrets:
            yield f"a header of the target file, {name}", value
