"""If-Match and If-None-Match: which version a request names, and whether it is the current one (RFC 9110, 13.1)."""

import re
from email.utils import parsedate_to_datetime

from ifmatch.reference.exchange import Exchange, World
from ifmatch.reference.fault import Naming
from ifmatch.reference.message import Request
from ifmatch.reference.store import Version

#: An entity tag, weak or strong, and the version in it.
_TAG = re.compile(r'(?:W/)?"([^"]+)"')

#: The forms that can name a version. Only the weak tag is FHIR's; the others are honoured where a profile says so.
_FORMS = {
    "weak": re.compile(r'W/"([^"]+)"'),
    "strong": re.compile(r'"([^"]+)"'),
    "bare": re.compile(r"([A-Za-z0-9.\-]{1,64})"),
    "list": re.compile(r'(?:W/)?"[^",]+"(?:\s*,\s*(?:W/)?"[^",]+")+'),
}

#: The rules on the forms that some servers honour; all others are malformed.
_FORMS_WITH_RULES = ("blank", "star", "strong", "bare")


def check_if_match(exchange: Exchange, current: Version | None) -> None:
    """Refuse a write whose If-Match does not name the current version, cannot be read, or is missing."""
    lines = exchange.request.headers.get("if-match")
    prefix = f"{exchange.interaction}.if-match"
    if lines is None:
        exchange.object(
            f"{prefix}.missing", "no If-Match header: name the version that this write is based on"
        )
        return
    form, versions = read_tags(lines)
    rule = f"{prefix}.{_situation(lines, form)}"
    if not _is_honoured(exchange, form) or exchange.world.faults.refuse(rule):
        exchange.object(rule, f"If-Match is not one weak entity tag: {lines[0]!r}")
    elif not _is_current(exchange, current, form, versions):
        several = len(lines) > 1
        exchange.refuse(
            rule if several else f"{prefix}.stale",
            "the version in If-Match is not the current version of the resource",
        )


def _situation(lines: tuple[str, ...], form: str) -> str:
    """The end of the rule that an If-Match falls under when it does not name a version as FHIR has it."""
    if len(lines) > 1:
        return "two-lines-stale"
    return form if form in _FORMS_WITH_RULES else "malformed"


def _is_honoured(exchange: Exchange, form: str) -> bool:
    return form == "weak" or exchange.world.dialect.honours(form, exchange.type)


def read_tags(lines: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The form of an If-Match (weak, strong, bare, list, star, blank or malformed), and the versions it names."""
    value = ", ".join(lines).strip()
    for form, pattern in _FORMS.items():
        if match := pattern.fullmatch(value):
            return form, tuple(_TAG.findall(value)) or match.groups()
    return {"": "blank", "*": "star"}.get(value, "malformed"), ()


def names_any(lines: tuple[str, ...], version: Version) -> bool:
    """Whether an If-None-Match names a version, by its tag or by `*` (RFC 9110 section 13.1.2)."""
    form, versions = read_tags(lines)
    return form == "star" or version.version in versions


def is_unmodified(exchange: Exchange, version: Version) -> bool:
    """Whether a conditional read finds nothing new (FHIR R4 http.html#cread). If-None-Match goes first."""
    lines, faults = exchange.request.headers.get("if-none-match"), exchange.world.faults
    if lines is None:
        return _is_unmodified_since(version, exchange.request.header("if-modified-since") or "")
    named = names_any(lines, version) or faults.on("304-for-a-changed-resource")
    return named and not faults.on("if-none-match-ignored")


def _is_unmodified_since(version: Version, date: str) -> bool:
    try:
        return version.time.replace(microsecond=0) <= parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return False


def names_current(world: World, request: Request) -> bool:
    """Whether the If-Match of an update names the current version, by what its address and headers say."""
    if request.method != "PUT" or len(request.path) != 2:
        return False
    lines, current = request.headers.get("if-match", ()), world.store.current(*request.path)
    return current is not None and current.version in read_tags(lines)[1]


def _is_current(
    exchange: Exchange, current: Version | None, form: str, versions: tuple[str, ...]
) -> bool:
    world = exchange.world
    if current is None or (current.type, current.id) in world.faults.traces.wedged:
        return False
    return (
        form == "star"
        or current.version in versions
        or _passes_as_current(exchange, current, versions)
    )


def _passes_as_current(exchange: Exchange, current: Version, versions: tuple[str, ...]) -> bool:
    """Whether a fault takes one of the versions for the current one."""
    world, body = exchange.world, exchange.request.body
    return any(world.faults.match(Naming(world.store, current, named, body)) for named in versions)
