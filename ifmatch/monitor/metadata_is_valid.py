"""The id and the metadata of every resource have the form that FHIR gives them."""

from collections.abc import Iterator

from ifmatch.monitor.shapes import misshapen
from ifmatch.monitor.watch import Fact, Observed


def metadata_is_valid(observed: Observed) -> Iterator[Fact]:
    """What a client takes from a resource to name it and its version is of the type that FHIR says.

    R4 resource.html#metadata and datatypes.html: id and versionId are ids, lastUpdated an instant, tags codings.
    """
    for shown in observed.shown:
        known = observed.seen.versions.get(shown.key)
        if known is not None and known.text == shown.text:
            continue  # it was looked at when it was first shown
        wrong = misshapen("resource", shown.resource)
        resource_type, resource_id = shown.name
        yield Fact(
            not wrong,
            "an id and metadata as FHIR defines them",
            f"a {resource_type} of id {resource_id} whose {wrong}",
        )
