"""In whose name a request is sent."""

from collections.abc import Mapping
from enum import StrEnum


class Identity(StrEnum):
    """One of the two who may be known to a target, or nobody."""

    FIRST = "first"
    SECOND = "second"
    NOBODY = "nobody"


#: Why what is tried in somebody's name cannot be tried, where the target file says nothing of them.
NOT_GIVEN: Mapping[Identity, str] = {
    Identity.FIRST: "no credentials were given, so every request is like one without",
    Identity.SECOND: "no second identity was given that may read but not write",
}
