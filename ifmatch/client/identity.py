"""In whose name a request is sent."""

from enum import StrEnum


class Identity(StrEnum):
    """One of the two who may be known to a target, or nobody."""

    FIRST = "first"
    SECOND = "second"
    NOBODY = "nobody"
