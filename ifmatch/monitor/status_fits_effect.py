"""The status of an answer is one that the request can have come to."""

from collections.abc import Callable, Iterator
from http import HTTPStatus

from ifmatch.client.asked import Interaction
from ifmatch.client.exchange import Request
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.expectation import describe
from ifmatch.rules.version import version_in


def status_fits_effect(observed: Observed) -> Iterator[Fact]:
    """201 is only for what may have created something, and 304 only for a reader.

    FHIR R5 http.html#upsert: no 201 unless a resource was created; RFC 9110 sections 15.3.2 and 15.4.5. An update that
    names a version in If-Match, and is accepted, has updated what was there.
    """
    test = _FITS.get(observed.answer.status)
    if test is not None:
        expected, fits = test
        yield Fact(fits(observed), expected, describe(observed.answer))


def _may_have_created(observed: Observed) -> bool:
    """Whether a request can have created something: not where it names the version that it replaces."""
    request, asked = observed.request, observed.asked
    if request.method == "POST" or asked is None:
        return request.is_write
    if asked.interaction is Interaction.UPDATE:
        return not _names_a_live_version(observed)
    return asked.interaction is Interaction.CONDITIONAL_UPDATE


def _names_a_live_version(observed: Observed) -> bool:
    """Whether an update named the version of something that was there. That of a deletion lets it be brought back."""
    asked = observed.asked
    versions = map(version_in, _values(observed.request, "if-match"))
    return asked is not None and any(
        (asked.type, asked.id, version) in observed.seen.versions for version in versions
    )


def _is_for_a_reader(observed: Observed) -> bool:
    return not observed.request.is_write


def _values(request: Request, header: str) -> list[str]:
    return [value for name, value in request.headers if name.lower() == header]


#: What an answer with a status needs of its request, in words and as a test.
_FITS: dict[int, tuple[str, Callable[[Observed], bool]]] = {
    HTTPStatus.CREATED: ("201 only where something was created", _may_have_created),
    HTTPStatus.NOT_MODIFIED: ("304 only for a reader", _is_for_a_reader),
}
