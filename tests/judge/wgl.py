"""A search for an order that explains a history: slow, plain, and independent of the judge. The oracle of its tests.

The algorithm of Wing and Gong ("Testing and Verifying Concurrent Objects", JPDC 1993) with the memory of visited
states that Lowe added ("Testing for Linearizability", Concurrency and Computation 2017). Only for histories of some
twenty operations.
"""

from dataclasses import dataclass

from ifmatch.judge.history import ANY, Entry, History, Kind, Operation, Outcome

GONE = {404, 410}
CONFLICT = {409, 412}


@dataclass(frozen=True)
class State:
    """What the resource is at one moment. `position` counts the versions of `_history` made so far."""

    version: str | None
    deleted: bool = False
    position: int = 0


def explicable(history: History, foreign_deletions: bool = True) -> bool:
    """Whether some order of the operations, within their times, explains every answer and the server's own history."""
    operations = tuple(o for o in history if relevant(o))
    return (
        contents_agree(history, operations)
        and _Search(history, operations, foreign_deletions).run()
    )


def relevant(operation: Operation) -> bool:
    """An unknown read tells nothing; a refusal is a statement only when it is about a version."""
    if operation.kind is Kind.READ:
        return operation.outcome is Outcome.OK
    return operation.outcome in (Outcome.OK, Outcome.UNKNOWN) or operation.status in CONFLICT


def contents_agree(history: History, operations: tuple[Operation, ...]) -> bool:
    """Whether each version has one whole content."""
    content: dict[str, tuple[str, ...]] = {}
    sights = [(e.version, e.markers) for e in history.entries or ()]
    sights += [
        (o.version, o.seen) for o in operations if o.kind is Kind.READ and o.version is not None
    ]
    return all(
        len(seen) == 1 and content.setdefault(version, seen) == seen
        for version, seen in sights
        if seen
    )


class _Search:
    def __init__(
        self, history: History, operations: tuple[Operation, ...], foreign_deletions: bool
    ) -> None:
        self.foreign_deletions = foreign_deletions
        self.history, self.operations = history, operations
        self.entries = history.entries
        self.visited: set[tuple[int, State, frozenset[str]]] = set()
        self.must = sum(
            1 << i for i, o in enumerate(operations) if o.outcome is not Outcome.UNKNOWN
        )
        self.shown = {o.seen[0]: o.version for o in operations if o.kind is Kind.READ and o.seen}
        self.markers = {o.marker for o in history if o.marker}
        self.claimed = {
            o.version for o in operations if o.kind is not Kind.READ and o.outcome is Outcome.OK
        }

    def run(self) -> bool:
        if self.entries is None:
            start = State(self.history.initial)
        elif self.history.initial is not None:
            there = next(
                (i for i, e in enumerate(self.entries) if e.version == self.history.initial), None
            )
            if there is None or any(self.ours(entry) for entry in self.entries[: there + 1]):
                return False
            start = State(self.history.initial, self.entries[there].deleted, there + 1)
        else:
            start = State(None)
        return self.from_(0, start, frozenset({self.history.initial} - {None}))

    def from_(self, done: int, state: State, used: frozenset[str]) -> bool:
        if done & self.must == self.must and (
            self.entries is None or state.position == len(self.entries)
        ):
            return True
        if (done, state, used) in self.visited:
            return False
        self.visited.add((done, state, used))
        left = [i for i in range(len(self.operations)) if not done >> i & 1]
        first_end = min((self.operations[i].end for i in left), default=float("inf"))
        for i in left:
            operation = self.operations[i]
            if operation.invoked <= first_end:
                after = self.apply(operation, state, used)
                if after is not None and self.from_(
                    done | 1 << i, after, used | {after.version or ""}
                ):
                    return True
        foreign = self.foreign(state)
        return foreign is not None and self.from_(done, foreign, used | {foreign.version or ""})

    def apply(self, operation: Operation, state: State, used: frozenset[str]) -> State | None:
        """The state after an operation, None when its answer does not fit the state."""
        nothing = state.version is None or state.deleted
        if operation.kind is Kind.READ:
            fits = nothing if operation.status in GONE else state.version == operation.version
            return state if fits else None
        if operation.outcome is Outcome.REFUSED:
            return (
                state if operation.base in (None, ANY) or state.version != operation.base else None
            )
        if (operation.base == ANY and nothing) or operation.base not in (None, ANY, state.version):
            done_already = (
                operation.kind is Kind.DELETE
                and operation.version is None
                and operation.outcome is Outcome.OK
            )
            return state if done_already and state.deleted and operation.base in used else None
        if operation.kind is Kind.DELETE and operation.version is None and nothing:
            return state
        return self.write(operation, state, used)

    def write(self, operation: Operation, state: State, used: frozenset[str]) -> State | None:
        deletes = operation.kind is Kind.DELETE
        if self.entries is None:
            version = operation.version or self.shown.get(operation.marker) or f"?{operation.id}"
            if version in used or (not deletes and self.contradicted(version, operation)):
                return None
            return State(version, deletes)
        entry = self.next(state)
        if entry is None or entry.deleted != deletes:
            return None
        if operation.version is None and entry.version in self.claimed:
            return None
        if operation.version not in (None, entry.version) or (
            entry.markers and entry.markers != (operation.marker,)
        ):
            return None
        return State(entry.version, deletes, state.position + 1)

    def contradicted(self, version: str, operation: Operation) -> bool:
        return any(
            o.version == version and o.seen and o.seen != (operation.marker,)
            for o in self.operations
            if o.kind is Kind.READ
        )

    def next(self, state: State) -> Entry | None:
        return self.entries[state.position] if state.position < len(self.entries) else None

    def foreign(self, state: State) -> State | None:
        """The next version of `_history`, when it is none of ours."""
        entry = self.next(state) if self.entries is not None else None
        if entry is None or self.ours(entry):
            return None
        if entry.deleted and not self.foreign_deletions:
            return None
        return State(entry.version, entry.deleted, state.position + 1)

    def ours(self, entry: Entry) -> bool:
        return entry.version in self.claimed or bool(self.markers & set(entry.markers))
