"""If-Match and If-None-Match: which version a request names, and whether it is the current one (RFC 9110, 13.1)."""

import json
import re
from email.utils import parsedate_to_datetime

from ifmatch.reference.dialect import PREFERENCES
from ifmatch.reference.exchange import Exchange, World
from ifmatch.reference.fault import Naming
from ifmatch.reference.message import Refusal, Request, Resource
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
    if _is_overlooked(exchange):
        return
    date = exchange.request.header("if-unmodified-since")
    if date is not None and exchange.world.faults.on("if-unmodified-since-beside-if-match"):
        raise Refusal(f"{prefix}.stale", f"it was changed since {date}")
    form, versions = read_tags(lines)
    rule = f"{prefix}.{_situation(lines, form)}"
    if not _is_honoured(exchange, form) or exchange.world.faults.refuse(rule):
        exchange.object(rule, f"If-Match is not one weak entity tag: {lines[0]!r}")
    elif not _is_current(exchange, current, form, versions):
        several = len(lines) > 1
        exchange.refuse(
            rule if several else f"{prefix}.stale",
            f"the version in If-Match is not the current version of the resource{_shown(exchange, current)}",
        )


def _is_overlooked(exchange: Exchange) -> bool:
    """Whether a fault has the server overlook the condition for the form in which a write is sent."""
    faults, request = exchange.world.faults, exchange.request
    prefers = request.header("prefer") is not None and faults.on("if-match-ignored-with-prefer")
    is_plain = request.media_type == "application/json"
    return prefers or (is_plain and faults.on("if-match-ignored-in-plain-json"))


def _shown(exchange: Exchange, current: Version | None) -> str:
    """What a fault adds to the explanation of a conflict: the resource itself."""
    faults = exchange.world.faults
    shows = any(
        map(faults.on, ("conflict-shown-without-credentials", "conflict-shown-to-who-may-not-read"))
    )
    return f": {json.dumps(current.resource, ensure_ascii=False)}" if shows and current else ""


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
    lines = exchange.request.headers.get("if-none-match")
    date = exchange.request.header("if-modified-since")
    date_goes_first = exchange.world.faults.on("if-modified-since-goes-first")
    if lines is None or (date is not None and date_goes_first):
        return _is_new_enough(exchange, version, date)
    return _is_named(exchange, version, lines)


def _is_named(exchange: Exchange, version: Version, lines: tuple[str, ...]) -> bool:
    """Whether an If-None-Match names a version, or a fault has it do so."""
    faults = exchange.world.faults
    if faults.on("if-none-match-ignored"):
        return False
    is_list = len(read_tags(lines)[1]) > 1
    any_will_do = faults.on("304-for-a-changed-resource")
    any_list_will_do = is_list and faults.on("any-list-holds-the-current-version")
    return any_will_do or any_list_will_do or names_any(lines, version)


def _is_new_enough(exchange: Exchange, version: Version, date: str | None) -> bool:
    """Whether a reader has what is there by its date, if it gives one."""
    if date is None:
        return False
    is_any = exchange.world.faults.on("any-date-is-new-enough")
    return is_any or _is_unmodified_since(version, date)


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


# ---------------------------------------------------------------- what only a fault makes a condition

#: The Prefer headers that a server knows.
_PREFER = ("", *(f"return={name}" for name in PREFERENCES))


def check_preference(exchange: Exchange) -> None:
    """A preference is never a mistake (RFC 7240 section 2), unless a fault makes it one."""
    prefers = exchange.request.header("prefer") or ""
    if exchange.world.faults.on("unknown-preferences-refused") and prefers not in _PREFER:
        raise Refusal("update.prefer.unknown", f"this server does not know {prefers}")


def check_repetition(exchange: Exchange, current: Version, body: Resource) -> None:
    """An update may be sent again, unless a fault refuses what is there already."""
    if exchange.world.faults.on("second-update-alike-refused") and _holds(current, body):
        raise Refusal("update.repeated", "that is what is there")


def _holds(current: Version, body: Resource) -> bool:
    return _without_meta(current.resource or {}) == _without_meta(body)


def _without_meta(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}


def passes_by_another_condition(exchange: Exchange) -> bool:
    """Whether a fault lets a write through by the other condition that it has, which holds."""
    is_lax = exchange.world.faults.on("any-condition-is-enough")
    return is_lax and "if-none-match" in exchange.request.headers
