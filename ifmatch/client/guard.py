"""Whether a run may write to a target at all: nobody's production is touched unless the target file names its host."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ifmatch.client.address import host_and_port, server_of
from ifmatch.client.settings import Settings
from ifmatch.errors import ConfigurationError
from ifmatch.rules.answer import Answer

#: Words that say production: whole ones, what German, Dutch and their neighbours make longer words of, what names of
#: machines end in, and what is said in other scripts, where words need not stand apart.
_PRODUCTION = re.compile(
    r"""(?ix)
    (?<![^\W\d_]) (?:
        (?: production | prd | producci[oó]n | produ[cç][aã]o | produzione ) (?![^\W\d_])
      | (?: productie | produktion | produktiv | produksjon | tuotanto | echtbetrieb | echtsystem | wirkbetrieb
          | производств | продуктивн ) [^\W\d_]*
      | (?: productive | live ) [\s_-]* (?: system | server | service | environment | instance | use | operation )
      | live $
    )
    | prod (?![^\W\d_])
    | 生产 | 生產 | 本番 | 운영
    """
)

#: What takes such a word back, right before it: non-production, pre-prod, "not meant to be used in production".
_NOT = re.compile(
    r"""(?ix)
    (?: (?:non|pre) | (?<![^\W\d_])(?:no|not|never|geen|niet|kein|keine|nicht)
        (?: \s+ (?: a | an | the | any | our | for | in | as | to | be | used? | is | intended | meant | suitable
            | für | in | im | als | zur | voor | bestimmt ) (?![^\W\d_]) )* )
    [\s_-]* $
    """
)

#: The same right behind it: "production: false".
_SAYS_NO = re.compile(r"(?i)\s*[\"']?\s*[:=]\s*[\"']?(false|no|0)\b")

#: Where a word begins in a name that is made of several: fhirProd, ProductionServer.
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

#: Where a capability statement says what server this is (FHIR R4 CapabilityStatement; Conformance in DSTU2).
_SELF_DESCRIPTION = (
    ("name",),
    ("title",),
    ("description",),
    ("purpose",),
    ("url",),
    ("software", "name"),
    ("software", "version"),
    ("implementation", "description"),
    ("implementation", "url"),
)


def demand_allowed_host(settings: Settings) -> None:
    """See that a run may write to this host, before anything is sent.

    Raises ConfigurationError when the target file lists hosts and this is none of them, or when the address itself says
    production and the target file does not list the host.
    """
    hosts = settings.limits.hosts
    if hosts and not _is_listed(settings):
        raise ConfigurationError(
            f"{_host(settings)} is not among the hosts that the target file allows ({', '.join(hosts)}), so nothing "
            "is sent to it. Correct the address, or add the host to hosts under [limits]."
        )
    url = urlsplit(settings.base_url)
    for place, text in (("its name", _readable(_host(settings))), ("its path", url.path)):
        if says_production(text):
            _demand_listed(settings, f"{place}, {text}")


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
    """Whether a text speaks of production, other than to say that this is none; in whatever script or spelling."""
    visible = "".join(
        c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf"
    )
    words = _HUMP.sub(" ", visible.strip())
    return any(
        not (_NOT.search(words[: found.start()]) or _SAYS_NO.match(words[found.end() :]))
        for found in _PRODUCTION.finditer(words)
    )


def _demand_listed(settings: Settings, evidence: str) -> None:
    if _is_listed(settings):
        return
    raise ConfigurationError(
        f"{settings.base_url} looks like a production server ({evidence}), and a run writes to what it tests. Nothing "
        f'was written. If it may, say so in the target file: hosts = ["{_host(settings)}"] under [limits].'
    )


def _is_listed(settings: Settings) -> bool:
    host, port = server_of(settings.base_url)
    return any(_listed(text) in ((host, 0), (host, port)) for text in settings.limits.hosts)


def _listed(text: str) -> tuple[str, int]:
    """A host as it is listed; without a port it stands for all of them. Raises ConfigurationError when it is none."""
    try:
        return host_and_port(text)
    except ValueError:
        raise ConfigurationError(
            f'"{text}" among the hosts that the target file allows is no host. Write it as staging.example, or with a '
            "port as 10.1.2.3:8443."
        ) from None


def _host(settings: Settings) -> str:
    return urlsplit(settings.base_url).hostname or ""


def _readable(host: str) -> str:
    """A host's name as a person writes it."""
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


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
        yield "a header of its answer", f"{name}: {value}"
    for name, value in settings.headers.items():
        if value not in settings.secrets:
            yield "a header of the target file", f"{name}: {value}"
