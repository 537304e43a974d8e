"""The fleet file: many targets, each an entry that says what a target file says, over what holds for all of them."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ifmatch.client.target_content import SCHEMA as TARGET_SCHEMA
from ifmatch.client.target_content import Table, beside, checked, laid_over
from ifmatch.client.toml_file import Source
from ifmatch.errors import ConfigurationError, did_you_mean
from ifmatch.rules.schema import read
from ifmatch.rules.schema_words import slip_in

SCHEMA = Path(__file__).with_name("fleet.schema.json")

#: Stands between a fleet file and the name of one of its runs, where a target file is named.
_MARK = "#"

#: What a target file says that the night says for all its runs.
_OF_THE_NIGHT = frozenset({"report_dir"})

#: Keywords of a schema that ask for something.
_DEMANDS = frozenset({"required", "dependentRequired"})

#: What an entry says that no target file does.
_OF_THE_FLEET = frozenset({"target", "bound", "space"})


@dataclass(frozen=True)
class Run:
    """One run of a fleet: an entry, held to one profile where it names several. `profile` is empty where that is so."""

    target: str
    profile: str = ""


@dataclass(frozen=True)
class FleetFile:
    """What a fleet file says. Names of files in it are as they stand there."""

    source: Source
    data: Table

    @classmethod
    def read(cls, path: Path) -> "FleetFile":
        """Read a fleet file. Raises ConfigurationError, with the place, when it is not as it should be."""
        source = Source(path, "fleet file")
        data = source.read()
        for place, entry in _entries(data):
            source.demand_no_secret(entry.get("auth"), f"{place}.auth")
        wrong = slip_in(_schema(), data, shows_values=False)
        if wrong is not None:
            raise source.wrong(wrong.place, wrong.what)
        return cls(source, data)

    @cached_property
    def runs(self) -> Mapping[str, Run]:
        """The runs by their names: one for each entry, or for each of its profiles.

        Raises ConfigurationError when two have one name.
        """
        found = dict[str, Run]()
        for name, run in self._named():
            if name in found:
                raise self.source.wrong(
                    f"targets.{run.target}", f'two runs would be called "{name}". Rename a target.'
                )
            found[name] = run
        return found

    def _named(self) -> Iterator[tuple[str, Run]]:
        for target in self.data["targets"]:
            profile = self._whole(target).get("profile", "")
            if isinstance(profile, str):
                yield target, Run(target)
            else:
                yield from ((f"{target}-{Path(one).stem}", Run(target, one)) for one in profile)

    def said(self, name: str) -> dict[str, Any]:
        """All that is said of a run: by its entry, over its target file, over the defaults, over the whole file."""
        run = self.runs[name]
        whole = self._whole(run.target)
        return {**whole, "profile": run.profile} if run.profile else whole

    def entry(self, name: str) -> dict[str, Any]:
        """What a target file would say in place of a run's entry. Raises ConfigurationError when there is none."""
        if name not in self.runs:
            known = list(self.runs)
            hint = did_you_mean(name, known) or f" There are: {', '.join(known)}."
            raise ConfigurationError(
                f'The fleet file {self.source.path} has no run "{name}".{hint}'
            )
        return {key: value for key, value in self.said(name).items() if key not in _OF_THE_FLEET}

    def tables_of(self, name: str) -> list[Table]:
        """Those tables of the file that a run's entry is made of."""
        return [self.data.get("defaults", {}), self.data["targets"][self.runs[name].target]]

    def _whole(self, target: str) -> dict[str, Any]:
        defaults, own = self.data.get("defaults", {}), self.data["targets"][target]
        for_all = {key: self.data[key] for key in ("bound", "space") if key in self.data}
        file = own.get("target", defaults.get("target", ""))
        below = laid_over(self._in_file(file), defaults) if file else defaults
        return {**for_all, **laid_over(own, below)}

    def _in_file(self, name: str) -> dict[str, Any]:
        """What a target file beside this one says, with names of files as they are found from this one."""
        source = Source(self.source.path.parent / name, "target file")
        said = beside(Path(name).parent, checked(source.read(), source))
        return {key: value for key, value in said.items() if key not in _OF_THE_NIGHT}


def entry_named(path: Path) -> tuple[Path, str]:
    """The fleet file and the run that a name such as `fleet.toml#hapi` means; no run where it means a file alone."""
    file, mark, name = path.name.rpartition(_MARK)
    return (path.parent / file, name) if mark and not path.is_file() else (path, "")


def demand_one_run(path: Path, told: Table) -> None:
    """See that a target file is none of a fleet's. Raises ConfigurationError, with how one of its runs is named."""
    if "targets" in told:
        named = " or ".join(name_of(path, run) for run in FleetFile.read(path).runs)
        raise ConfigurationError(f"{path} is a fleet file. Name one of its runs: {named}.")


def name_of(path: Path, run: str) -> str:
    """How a run of a fleet file is named where a target file is."""
    return f"{path}{_MARK}{run}"


def _entries(data: Table) -> Iterator[tuple[str, Table]]:
    """The tables that say what a target file says, each with its place, as far as they are any."""
    targets = data.get("targets")
    named = (
        {f"targets.{name}": entry for name, entry in targets.items()}
        if isinstance(targets, dict)
        else {}
    )
    for place, entry in {"defaults": data.get("defaults"), **named}.items():
        if isinstance(entry, dict):
            yield place, entry


@cache
def _schema() -> dict[str, Any]:
    """What a fleet file may say: of a target, whatever a target file says, and what a run may cost."""
    schema, of_target = deepcopy(read(SCHEMA)), _without_demands(read(TARGET_SCHEMA))
    known = {key: said for key, said in of_target["properties"].items() if key not in _OF_THE_NIGHT}
    entry = schema["$defs"]["entry"]
    entry["properties"] = {**known, **entry["properties"]}
    schema["$defs"] |= of_target["$defs"]
    return schema


def _without_demands(schema: Any) -> Any:
    """A schema that asks for nothing: what one table leaves out another may say, and the whole is checked, too."""
    if isinstance(schema, list):
        return [_without_demands(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_demands(part) for key, part in schema.items() if key not in _DEMANDS}
