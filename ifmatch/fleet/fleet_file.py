"""The fleet file: read from TOML, checked by its schema, and turned into the jobs of a night."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ifmatch.client import target_file
from ifmatch.client.address import normalised
from ifmatch.errors import ConfigurationError
from ifmatch.fleet.job import Bound, Job
from ifmatch.rules import profile as profiles
from ifmatch.rules.schema import read
from ifmatch.rules.schema_words import slip_in
from ifmatch.suite.options import OPTIONS

SCHEMA = Path(__file__).with_name("fleet.schema.json")

#: What a run may cost when the file does not say: seconds, and megabytes in one file.
_SECONDS, _MEGABYTES = 3600.0, 1000


@dataclass(frozen=True)
class Fleet:
    """What a fleet file says."""

    path: Path
    title: str
    hosts: tuple[str, ...]
    targets: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> "Fleet":
        """Read a fleet file. Raises ConfigurationError, with the place, when it is not as it should be."""
        data = target_file.toml_in(path, "fleet file", "Check its name.")
        _check(data, path)
        return cls(
            path=path,
            title=data.get("title", path.stem),
            hosts=tuple(data.get("hosts", ())),
            targets={name: _with_defaults(data, own) for name, own in data["targets"].items()},
        )

    def jobs(self, folder: Path) -> list[Job]:
        """The runs of one night, with folders below this one.

        Raises ConfigurationError when one of them could not begin: that is better known in the evening.
        """
        return [
            job for name, said in self.targets.items() for job in self._jobs_of(name, said, folder)
        ]

    def _jobs_of(self, name: str, said: Mapping[str, Any], folder: Path) -> Iterator[Job]:
        profile = said.get("profile", "")
        if isinstance(profile, str):
            yield self._job(name, {**said, "profile": profile}, folder)
            return
        for one in profile:
            yield self._job(f"{name}-{Path(one).stem}", {**said, "profile": one}, folder)

    def _job(self, name: str, said: Mapping[str, Any], folder: Path) -> Job:
        options = {field: value for field, value in said.items() if field not in _NO_OPTIONS}
        given = {**options, **self._files(said)}
        self._demand_runnable(name, given)
        bound = Bound(said.get("bound", _SECONDS), said.get("space", _MEGABYTES))
        return Job(
            name=name,
            title=name,
            folder=folder / name,
            given=given,
            target=_server_of(given),
            bound=bound,
        )

    def _files(self, said: Mapping[str, Any]) -> dict[str, str | None]:
        """The options that may name a file beside the fleet file."""
        profile, target = said["profile"], said.get("target", "")
        baseline = {"baseline": self._beside(said["baseline"])} if "baseline" in said else {}
        return {
            "profile": self._beside(profile) if profile.endswith(".toml") else profile or None,
            "target_file": self._beside(target) if target else None,
            **baseline,
        }

    def _beside(self, name: str) -> str:
        return str(self.path.parent / name)

    def _demand_runnable(self, name: str, given: Mapping[str, Any]) -> None:
        if not (given["profile"] or given["target_file"] or given.get("base_url")):
            raise self._wrong(
                f"targets.{name}", "it names no server. Give it a base_url, a target or a profile."
            )
        if given["profile"]:
            profiles.load(given["profile"])

    def _wrong(self, place: str, what: str) -> ConfigurationError:
        return _invalid(self.path, place, what)


#: What a target file says that the night says for all its runs.
_OF_THE_NIGHT = frozenset({"report_dir"})

#: What a target says that is no option of a run, or that names a file.
_NO_OPTIONS = frozenset({"target", "profile", "bound", "space"})


def _with_defaults(data: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What holds for one target: its own word, else that of the defaults, else that of the whole file."""
    whole = {key: data[key] for key in ("bound", "space") if key in data}
    return {**whole, **data.get("defaults", {}), **own}


def _server_of(given: Mapping[str, Any]) -> str:
    """Host and port of the server that a run is for; empty for an embedded one, which is each run's own."""
    file = given["target_file"]
    said = target_file.read(Path(file)) if file else {}
    url = given.get("base_url") or said.get("base_url", "")
    return urlsplit(normalised(url)[0]).netloc if url else ""


@cache
def _schema() -> dict[str, Any]:
    """What a fleet file may say: of a run, whatever a target file says that is an option of one, in the same form."""
    schema = deepcopy(read(SCHEMA))
    of_target = read(target_file.SCHEMA)["properties"]
    keys = [option.key for option in OPTIONS if option.key and option.key not in _OF_THE_NIGHT]
    run = schema["$defs"]["run"]
    run["properties"] = {**{key: of_target[key] for key in keys}, **run["properties"]}
    return schema


def _check(data: Mapping[str, Any], path: Path) -> None:
    wrong = slip_in(_schema(), data)
    if wrong is not None:
        of_target = read(target_file.SCHEMA)["properties"]
        elsewhere = (
            f" {key} stands in a target file: name that by target."
            for key in wrong.unknown
            if key in of_target
        )
        raise _invalid(path, wrong.place, wrong.what + "".join(elsewhere))


def _invalid(path: Path, place: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"The fleet file {path} is not valid, at {place}: {what}")
