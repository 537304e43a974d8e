"""What a request asks for, by its method and its address."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ifmatch.client.exchange import Request


class Interaction(StrEnum):
    """The interactions that are about resources of one type (FHIR R4 http.html)."""

    READ = "read"
    VREAD = "vread"
    HISTORY = "history"
    SEARCH = "search"
    CREATE = "create"
    UPDATE = "update"
    CONDITIONAL_UPDATE = "conditional update"
    PATCH = "patch"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Asked:
    """An interaction, the type that it is about, and the id where the address names one."""

    interaction: Interaction
    type: str
    id: str = ""


_TYPE = r"(?P<type>[A-Z]\w+)"
_ONE = rf"{_TYPE}/(?P<id>[^/_][^/]*)"

#: How each interaction is addressed, below the base.
_ADDRESSES = tuple(
    (interaction, method, re.compile(pattern))
    for interaction, method, pattern in (
        (Interaction.READ, "GET", _ONE),
        (Interaction.VREAD, "GET", rf"{_ONE}/_history/[^/]+"),
        (Interaction.HISTORY, "GET", rf"{_ONE}/_history"),
        (Interaction.SEARCH, "GET", _TYPE),
        (Interaction.CREATE, "POST", _TYPE),
        (Interaction.UPDATE, "PUT", _ONE),
        (Interaction.CONDITIONAL_UPDATE, "PUT", _TYPE),
        (Interaction.PATCH, "PATCH", _ONE),
        (Interaction.DELETE, "DELETE", _ONE),
    )
)


def asked_by(request: Request, base_url: str) -> Asked | None:
    """What a request asks for; None when it is none of the interactions that are about resources of one type."""
    below = f"{base_url}/"
    if not request.url.startswith(below):
        return None
    path = request.url.removeprefix(below).partition("?")[0]
    for interaction, method, pattern in _ADDRESSES:
        found = pattern.fullmatch(path)
        if found is not None and method == request.method:
            resource_id = found.groupdict().get("id", "")
            return Asked(interaction, found["type"], resource_id)
    return None
