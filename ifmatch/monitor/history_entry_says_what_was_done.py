"""Every entry of a history says what was done, and shows what was written."""

from collections.abc import Iterator

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Resource

#: The methods of writes that leave a resource behind. A deletion leaves none.
_LEAVING_A_RESOURCE = ("POST", "PUT")


def history_entry_says_what_was_done(observed: Observed) -> Iterator[Fact]:
    """An entry has a resource or the method of its request, that of a create or an update a resource; none a version.

    FHIR R4 http.html#history, and bdl-8 of bundle.html: a fullUrl names a resource, not a version of it.
    """
    for entry in observed.history:
        wrong = _wrong_with(entry)
        yield Fact(not wrong, "an entry that says what was done, and shows what was written", wrong)


def _wrong_with(entry: Resource) -> str:
    """What an entry lacks or has too much of, in words; empty when it is as it should be."""
    full_url = str(entry.get("fullUrl"))
    if "/_history/" in full_url:
        return f"the fullUrl {full_url}"
    return "" if "resource" in entry else _wrong_without_resource(entry.get("request"))


def _wrong_without_resource(request: object) -> str:
    method = request.get("method") if isinstance(request, dict) else None
    if method is None:
        return "an entry with neither a resource nor a method"
    return f"an entry of {method} without a resource" if method in _LEAVING_A_RESOURCE else ""
