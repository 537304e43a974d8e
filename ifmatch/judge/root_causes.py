"""What has been found so far, so that no consequence is told beside its cause."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from ifmatch.judge.anomaly import Anomaly
from ifmatch.judge.history import Operation

#: A server that breaks one rule all the time need not be told so a million times.
LIMIT = 100


@dataclass(slots=True)
class RootCauses:
    """The anomalies so far, and the operations and versions that they discredit."""

    anomalies: list[Anomaly] = field(default_factory=list)
    operations: set[int] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)

    def hear(self, charges: Iterable[Anomaly]) -> None:
        """Take up the charges that are not a consequence of an earlier one."""
        for charge in list(islice(charges, LIMIT)):  # all are named before any discredits
            ids, versions = {operation.id for operation in charge.operations}, set(charge.versions)
            if ids.isdisjoint(self.operations) and versions.isdisjoint(self.versions):
                self.anomalies.append(charge)
                self.operations |= ids
                self.versions |= versions

    def trusts(self, operation: Operation) -> bool:
        """Whether nothing has discredited an operation, or the version it saw or made."""
        return operation.id not in self.operations and operation.version not in self.versions
