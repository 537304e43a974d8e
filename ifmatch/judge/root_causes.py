"""The anomalies found so far, so that no consequence is reported beside its cause."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from ifmatch.judge.anomaly import Anomaly
from ifmatch.judge.history import Operation

#: No check reports more than this: that a server breaks one rule all the time is clear after the first hundred.
LIMIT = 100


@dataclass(slots=True)
class RootCauses:
    """The anomalies so far, and the operations and versions that can no longer be trusted because of them."""

    anomalies: list[Anomaly] = field(default_factory=list)
    operations: set[int] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)

    def add(self, anomalies: Iterable[Anomaly]) -> None:
        """Adds the anomalies that no earlier one explains."""
        # A check asks what is to be trusted, so it ends before any of what it found is added.
        for anomaly in list(islice(anomalies, LIMIT)):
            if self._explains_nothing_of(anomaly):
                self.anomalies.append(anomaly)
                self.operations.update(operation.id for operation in anomaly.operations)
                self.versions.update(anomaly.versions)

    def _explains_nothing_of(self, anomaly: Anomaly) -> bool:
        operations = {operation.id for operation in anomaly.operations}
        return self.operations.isdisjoint(operations) and self.versions.isdisjoint(anomaly.versions)

    def trusts(self, operation: Operation) -> bool:
        """Whether no anomaly has discredited an operation, or the version it saw or made."""
        return operation.id not in self.operations and operation.version not in self.versions
