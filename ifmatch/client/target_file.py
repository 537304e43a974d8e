"""The target file: read from TOML and checked by its schema, without ever showing a value that may be a secret.

It is a file of its own, or one entry of a fleet file: `fleet.toml#name`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ifmatch.client.fleet_file import FleetFile, demand_one_run, entry_named
from ifmatch.client.target_content import beside, checked
from ifmatch.client.toml_file import Source


def read(path: Path) -> dict[str, Any]:
    """What a target file says, with the files that it names as they are found from here.

    Raises ConfigurationError, with the place, when it is not as it should be.
    """
    source = Source(path, "target file", "Check the name given with -t.")
    fleet, name = entry_named(path)
    told = FleetFile.read(fleet).entry(name) if name else source.read()
    demand_one_run(path, told)
    data = checked(told, source)
    placed = beside(path.parent, data)
    return {**placed, "resources": _resources(data.get("resources", {}), source)}


def _resources(given: Mapping[str, Mapping[str, Any]], source: Source) -> dict[str, dict[str, Any]]:
    """The resources of the target file with the JSON in them read."""
    return {
        name: {part: _part(name, part, value, source) for part, value in kind.items()}
        for name, kind in given.items()
    }


def _part(name: str, part: str, value: Any, source: Source) -> Any:
    if part not in _SHAPES:
        return value
    place, (has_shape, shape) = f"resources.{name}.{part}", _SHAPES[part]
    try:
        resource = json.loads(value)
    except ValueError as error:
        raise source.wrong(place, f"it is not JSON: {error}. Correct that place.") from None
    if not has_shape(resource, name):
        raise source.wrong(place, f"it must be {shape.format(name)}.")
    return resource


def _is_object(value: object, _: str) -> bool:
    return isinstance(value, dict)


def _is_resource(value: object, name: str) -> bool:
    return isinstance(value, dict) and value.get("resourceType") == name


#: The parts of a resource kind that are written as JSON, and what each must be.
_SHAPES: Mapping[str, tuple[Callable[[object, str], bool], str]] = {
    "body": (_is_resource, "a {} as JSON, its resourceType included"),
    "change": (_is_object, "a JSON object"),
}
