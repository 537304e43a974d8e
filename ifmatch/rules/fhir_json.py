"""What may stand in FHIR JSON: nothing that is empty, and null only to keep a place (FHIR R4 json.html)."""

from typing import Any

from ifmatch.rules.answer import Resource


def pruned(resource: Resource) -> Resource:
    """A copy of a resource without what FHIR JSON does not allow: empty objects, lists and texts, and most nulls.

    A null keeps its place in a list of simple values beside the list of their extensions, and the other way round.
    """
    kept: Resource = _pruned(resource)
    return kept


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return _pruned_object({name: _pruned(part) for name, part in value.items()})
    if isinstance(value, list):
        parts = map(_pruned, value)
        return [None if _is_nothing(part) else part for part in parts]
    return value


def _pruned_object(parts: dict[str, Any]) -> dict[str, Any]:
    kept = {name: part for name, part in parts.items() if not _is_nothing(part)}
    return {
        name: part if isinstance(kept.get(_other(name)), list) else _closed(part)
        for name, part in kept.items()
    }


def _other(name: str) -> str:
    """The element with the extensions of a simple one, or the one whose extensions it has."""
    return name[1:] if name.startswith("_") else f"_{name}"


def _closed(part: Any) -> Any:
    """A list in which no place need be kept."""
    return [item for item in part if item is not None] if isinstance(part, list) else part


def _is_nothing(part: Any) -> bool:
    if isinstance(part, list):
        return all(item is None for item in part)
    return part is None or part in ("", {})
