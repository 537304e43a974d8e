"""The jobs of a night: one for each run of a fleet file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifmatch.client import target_file
from ifmatch.client.address import normalised, server_of
from ifmatch.client.fleet_file import FleetFile, name_of
from ifmatch.fleet.job import Bound, Job
from ifmatch.rules import profile as profiles
from ifmatch.suite.embedded import demand_address
from ifmatch.suite.options import Options

#: What a run may cost when the file does not say: seconds, and megabytes in one file.
_SECONDS, _MEGABYTES = 3600.0, 1000


@dataclass(frozen=True)
class Fleet:
    """What a fleet file says of a night."""

    file: FleetFile

    @classmethod
    def read(cls, path: Path) -> "Fleet":
        """Read a fleet file. Raises ConfigurationError, with the place, when it is not as it should be."""
        return cls(FleetFile.read(path))

    @property
    def title(self) -> str:
        """What the night is called."""
        return str(self.file.data.get("title", self.file.source.path.stem))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where runs are made; none where that is here."""
        return tuple(self.file.data.get("hosts", ()))

    def jobs(self, folder: Path) -> list[Job]:
        """The runs of one night, with folders below this one.

        Raises ConfigurationError when one of them could not begin: that is better known in the evening.
        """
        return [self._job(name, folder / name) for name in self.file.runs]

    def _job(self, name: str, folder: Path) -> Job:
        named = name_of(self.file.source.path, name)
        said = target_file.read(Path(named))
        self._demand_runnable(name, said)
        address, faults = said.get("base_url", ""), tuple(said.get("faults", ()))
        demand_address(Options(base_url=address, faults=faults, target_file=named))
        cost = self.file.said(name)
        return Job(
            name=name,
            title=name,
            folder=folder,
            given={"target_file": named},
            target=_server_of(said),
            bound=Bound(cost.get("bound", _SECONDS), cost.get("space", _MEGABYTES)),
        )

    def _demand_runnable(self, name: str, said: dict[str, Any]) -> None:
        if not (said.get("profile") or said.get("base_url")):
            raise self.file.source.wrong(
                f"targets.{name}", "it names no server. Give it a base_url, a target or a profile."
            )
        if said.get("profile"):
            profiles.load(said["profile"])


def _server_of(said: dict[str, Any]) -> str:
    """Host and port of the server that a run is for; empty for an embedded one, which is each run's own."""
    url, _ = normalised(said.get("base_url", ""))
    return ":".join(map(str, server_of(url))) if url else ""
