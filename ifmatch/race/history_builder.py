"""Records what happens to one resource while writers race for it: what was sent, and what was answered."""

import time
from collections.abc import Sequence
from dataclasses import replace

from ifmatch.client.courier import asked_to_wait
from ifmatch.client.workbench import Snapshot, Subject
from ifmatch.judge.history import Entry, History, Kind, Operation, Outcome
from ifmatch.race.completion import NOTHING_THERE, Completion, outcome_of
from ifmatch.race.invocations import Invocation, marks_in
from ifmatch.race.plan import LETTERS
from ifmatch.race.reader import Reader
from ifmatch.race.sender import Sender
from ifmatch.race.transport import Blocks, Result
from ifmatch.race.transport.instant import clock
from ifmatch.race.version_names import VersionNames
from ifmatch.rules.answer import Answer

#: Answers in the name of a server that may still be at work on the request (RFC 9110 section 15.6), unless they ask us
#: to come back; None is no answer.
_STILL_AT_WORK = frozenset({None, 502, 503, 504})


#: What shows the resource and does nothing to it.
_LOOKS = (Kind.READ, Kind.SEARCH)


class HistoryBuilder:
    """Records the operations on one resource. `seen` is the resource as it was last read.

    `initial` is the version that it had before the first operation, `pages` are those of the server's own history that
    were read meanwhile, `last` is when the last racing answer came (an instant of `time.monotonic`), `finished` the
    history once nothing more comes.
    """

    def __init__(self, subject: Subject, sender: Sender, reader: Reader) -> None:
        self.subject, self.seen = subject, subject.read
        self.initial = subject.read.version or None
        self.operations: list[Operation] = []
        self.pages: list[tuple[Entry, ...]] = []
        self.exchanges: dict[tuple[str, int], str] = {}
        self.names = VersionNames()
        self.names.learn(subject.read.answer)
        self.last = time.monotonic()
        self.finished: History | None = None
        self._sender, self._reader = sender, reader
        self._put_off: set[int] = set()

    # ------------------------------------------------------------ what is done

    def release(
        self,
        connections: Blocks,
        invocations: Sequence[Invocation],
        writers: Sequence[str] = LETTERS,
        offsets: Sequence[int] = (),
    ) -> list[Completion]:
        """One round: all invocations released together, or at offsets (ns). What was never sent did not take part.

        When the target asks for it, the next one waits (Retry-After).
        """
        requests = [invocation.request for invocation in invocations]
        results = self._sender.together(connections, requests, offsets)
        completions = [
            self.record(writer, invocation, result)
            for writer, invocation, result in zip(writers, invocations, results, strict=False)
            if result.sent
        ]
        self._sender.obey([completion.answer for completion in completions])
        return [
            completion
            for completion in completions
            if completion.invocation.kind is not Kind.SEARCH
        ]

    def alone(self, writer: str, invocation: Invocation) -> Completion:
        """One invocation, sent by itself and answered before anything else happens."""
        return self.record(writer, invocation, self._sender.alone(invocation.request))

    def record(
        self, writer: str, invocation: Invocation, result: Result, raced: bool = True
    ) -> Completion:
        """Record an operation that was sent. A page of the history is no operation, but kept to be compared."""
        completion = self.completed(
            writer, invocation, result, self._sender.recorded(result, writer, raced)
        )
        if invocation.kind is Kind.SEARCH:
            self._keep_page(completion.answer)
        elif result.sent:
            self.keep(completion)
        return completion

    def completed(
        self, writer: str, invocation: Invocation, result: Result, whole: Answer
    ) -> Completion:
        """What an invocation came to by an answer, of which it may be a part; not yet one of the operations."""
        self.last = time.monotonic()
        answer = invocation.read(whole)
        operation = self._operation(
            writer,
            invocation.kind,
            (result.invoked, result.returned),
            answer,
            base=invocation.base,
            marker=invocation.marker,
        )
        return Completion(invocation, answer, operation, result.released)

    def keep(self, completion: Completion) -> None:
        """Make what was completed one of the operations."""
        operation, answer = completion.operation, completion.answer
        self.operations.append(operation)
        self.exchanges[operation.writer, operation.invoked] = answer.exchange
        if asked_to_wait(answer) is not None:
            self._put_off.add(operation.id)

    def correct(self, operation: Operation) -> None:
        """Put an operation in the place of its record."""
        self.operations[operation.id] = operation

    def cut_short(self, writer: str, invocation: Invocation, result: Result) -> None:
        """A write that we broke off ourselves: unless it was answered, it must leave no trace.

        Nobody else was there, so it is evidence of its step like any request of a scenario that does not race.
        """
        completion = self.record(writer, invocation, result, raced=False)
        if result.response is None and result.sent:
            self.correct(replace(completion.operation, outcome=Outcome.ABORTED, returned=None))

    def look(self) -> Snapshot | None:
        """A read between rounds, recorded like any other. None when there is nothing.

        Raises OutcomeUnknown when it is not answered.
        """
        operation, answer = self.read()
        self.operations.append(operation)
        if answer.resource is None:
            return None
        self.names.learn(answer)
        self.seen = Snapshot(answer, answer.resource, None)
        return self.seen

    def read(self) -> tuple[Operation, Answer]:
        """A read with nobody else about, not yet one of the operations."""
        invoked = clock()
        answer = self._reader.read(self.subject)
        self.exchanges["reader", invoked] = answer.exchange
        return self._operation("reader", Kind.READ, (invoked, clock()), answer), answer

    def forget_initial(self) -> None:
        """The resource did not exist before the first operation."""
        self.initial = None

    # ------------------------------------------------------------ what may still land

    @property
    def accepted_writes(self) -> list[Operation]:
        """The writes that the target said were done."""
        writes = [operation for operation in self.operations if operation.kind is not Kind.READ]
        return [write for write in writes if write.outcome is Outcome.OK]

    @property
    def settled(self) -> bool:
        """Whether nothing that was sent may still land."""
        return not self.landing

    @property
    def landing(self) -> list[Operation]:
        """The writes that may still take effect: not answered, and not put off."""
        return [operation for operation in self.operations if self._may_land(operation)]

    def _may_land(self, operation: Operation) -> bool:
        open_write = operation.kind is not Kind.READ and operation.outcome is Outcome.UNKNOWN
        return (
            open_write and operation.status in _STILL_AT_WORK and operation.id not in self._put_off
        )

    # ------------------------------------------------------------ records

    def _keep_page(self, answer: Answer) -> None:
        page = self._reader.entries(self.subject, answer)
        if page:
            self.pages.append(page)

    def _operation(
        self,
        writer: str,
        kind: Kind,
        span: tuple[int, int | None],
        answer: Answer,
        base: str | None = None,
        marker: str | None = None,
    ) -> Operation:
        invoked, returned = span
        outcome = outcome_of(kind, answer)
        succeeded = outcome is Outcome.OK
        found = succeeded and answer.status not in NOTHING_THERE
        seen: tuple[str, ...] = ()
        if succeeded and kind in _LOOKS:
            seen = marks_in(answer.resource, self.subject.kind)
        return Operation(
            id=len(self.operations),
            writer=writer,
            kind=kind,
            invoked=invoked,
            returned=returned,
            outcome=Outcome.UNKNOWN if returned is None else outcome,
            status=answer.status or None,
            base=base,
            marker=marker,
            version=answer.version if found else None,
            seen=seen,
        )
