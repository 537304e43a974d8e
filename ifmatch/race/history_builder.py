"""The story of one resource while writers race for it: what was sent and answered, and what the server tells of it."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from ifmatch.client.courier import asked_to_wait
from ifmatch.client.exchange import Exchange
from ifmatch.client.target import FRESH
from ifmatch.client.workbench import Snapshot, Subject
from ifmatch.errors import OutcomeUnknown
from ifmatch.judge.history import Entry, History, Kind, Operation, Outcome
from ifmatch.race.confidence import Block
from ifmatch.race.invocations import Invocation, marks_in
from ifmatch.race.plan import LETTERS
from ifmatch.race.transport import Blocks, Result, TimedRequest
from ifmatch.race.transport.instant import clock
from ifmatch.race.version_names import VersionNames
from ifmatch.rules.answer import Answer, Effect, instant

if TYPE_CHECKING:
    from ifmatch.race.runner import Runner

#: Seconds: how long a write of unknown outcome is given to land before the last look. One whose answer we did not wait
#: for was measured to land up to 14 ms after; what a gateway still holds takes longer.
_SETTLING = 2.0

#: Seconds: the same for a write that was cut short, which has no reason to land at all.
_GRACE = 0.25

#: Seconds: the first pause between two looks at the history; the next ones are twice as long each.
_PAUSE = 0.05

#: More pages of one history than these are not read.
_MOST_PAGES = 100

#: What an answer means for the operation that it answers. A 429 or 503 after the request was sent tells nothing.
_OUTCOME = {Effect.ACCEPTED: Outcome.OK, Effect.REFUSED: Outcome.REFUSED}
_TELLS_NOTHING = frozenset({429, 503})

#: Answers in the name of a server that may still be at work on the request (RFC 9110 section 15.6), unless they ask us
#: to come back; None is no answer.
_STILL_AT_WORK = frozenset({None, 502, 503, 504})

#: A reader who finds nothing has been answered, too.
_NOTHING_THERE = frozenset({404, 410})

_VERSION_IN_URL = re.compile(r"/_history/([^/?]+)")


@dataclass(frozen=True, slots=True)
class Completion:
    """One operation that raced: the invocation, what was answered, and its record."""

    invocation: Invocation
    answer: Answer
    operation: Operation
    released: int | None

    @property
    def accepted(self) -> bool:
        """Whether the target said that it was done."""
        return self.operation.outcome is Outcome.OK

    @property
    def refused(self) -> bool:
        """Whether the target said that it was not done."""
        return self.operation.outcome is Outcome.REFUSED

    @property
    def told(self) -> bool:
        """Whether the target said either."""
        return self.accepted or self.refused


class HistoryBuilder:
    """Writes down what happens to one resource. `seen` is the resource as it was last read."""

    def __init__(self, runner: "Runner", subject: Subject) -> None:
        self.runner, self.subject, self.seen = runner, subject, subject.read
        self.doubts: list[str] = []
        self.exchanges: dict[tuple[str, int], str] = {}
        self._initial = subject.read.version or None
        self._operations: list[Operation] = []
        self._pages: list[tuple[Entry, ...]] = []
        self._put_off: set[int] = set()
        self._aliases = VersionNames()
        self._aliases.learn(subject.read.answer)
        self._last = time.monotonic()

    # ------------------------------------------------------------ what is done

    def fight(
        self,
        connections: Blocks,
        invocations: Sequence[Invocation],
        writers: Sequence[str] = LETTERS,
        offsets: Sequence[int] = (),
    ) -> list[Completion]:
        """One round: all invocations released together, or at offsets (ns). What was never sent did not take part.

        When the target asks for it, the next one waits (Retry-After).
        """
        later = offsets or [0] * len(invocations)
        with self.runner.room():
            results = connections.release(
                [
                    TimedRequest(invocation.request, offset)
                    for invocation, offset in zip(invocations, later, strict=True)
                ]
            )
        completed = [self.record(w, m, r) for w, m, r in zip(writers, invocations, results, strict=False) if r.sent]
        self.runner.obey([one.answer for one in completed])
        return [one for one in completed if one.invocation.kind is not Kind.SEARCH]

    def alone(self, writer: str, invocation: Invocation) -> Completion:
        """One invocation, sent by itself and answered before anything else happens."""
        with self.runner.room():
            (result,) = self.runner.ground.choice.engine.release([TimedRequest(invocation.request)])
        return self.record(writer, invocation, result)

    def record(self, writer: str, invocation: Invocation, result: Result, event: str = "race.exchange") -> Completion:
        """Write down an operation that was sent. A page of the history is no operation, but kept to be compared."""
        self._last = time.monotonic()
        answer = invocation.read(self.runner.target.noted(_exchange(result), event, writer=writer))
        one = self._operation(
            writer, invocation.kind, result.invoked, result.returned, answer, invocation.base, invocation.marker
        )
        if invocation.kind is Kind.SEARCH:
            page = self._entries(answer)
            self._pages += [page] if page else []
        elif result.sent:
            self._operations.append(one)
            self._put_off |= {one.id} if asked_to_wait(answer) is not None else set()
            self.exchanges[writer, one.invoked] = answer.exchange
        return Completion(invocation, answer, one, result.released)

    def cut_short(self, writer: str, invocation: Invocation, result: Result) -> None:
        """A write that we broke off ourselves: unless it was answered, it must leave no trace.

        Nobody else was there, so it is evidence of its step like any request of a scenario that does not race.
        """
        one = self.record(writer, invocation, result, "exchange")
        if result.response is None and result.sent:
            self._operations[-1] = replace(one.operation, outcome=Outcome.ABORTED, returned=None)

    def look(self) -> Snapshot | None:
        """A read between rounds, recorded like any other. None when there is nothing.

        Raises OutcomeUnknown when it is not answered.
        """
        read = self._read()
        self._operations.append(read[0])
        answer = read[1]
        if answer.resource is None:
            return None
        self._aliases.learn(answer)
        self.seen = Snapshot(answer, answer.resource, None)
        return self.seen

    def forget_initial(self) -> None:
        """The resource did not exist before the first operation."""
        self._initial = None

    # ------------------------------------------------------------ the end

    @property
    def settled(self) -> bool:
        """Whether nothing that was sent may still land."""
        return not self._landing

    @property
    def _landing(self) -> list[Operation]:
        writes = (o for o in self._operations if o.kind is not Kind.READ and o.id not in self._put_off)
        return [o for o in writes if o.outcome is Outcome.UNKNOWN and o.status in _STILL_AT_WORK]

    def closed(self) -> History:
        """The finished history: settled, with the server's own and a last read. What cannot be had is in `doubts`."""
        page = final = None
        try:
            page = self._settled()
            final = self._last_read(page)
        except OutcomeUnknown as unknown:
            self.doubts.append(str(unknown))
        if self._aliases.doubt:
            self.doubts.append(self._aliases.doubt)
            return History(())
        entries, why = self._whole(page, final) if page is not None else (None, "")
        self.doubts += [why] if why else []
        pages = tuple(self._pages) if self._aliases.agree and entries is not None else ()
        return History(tuple(self._operations), entries, final, self._initial, pages)

    def _whole(self, page: tuple[Entry, ...], final: Operation | None) -> tuple[tuple[Entry, ...] | None, str]:
        """The history under the names that the writes use; None, and why, where it is not all of it."""
        entries, why = self._aliases.listed(page, self._operations)
        try:
            version = self._left_out(page, final)
        except OutcomeUnknown as unknown:
            return None, str(unknown)
        if version:
            self.runner.history_lags = True
            return None, f"the history leaves out version {version}, which is still there: it may be cached"
        return entries, why

    def _settled(self) -> tuple[Entry, ...] | None:
        """The history once all that was sent and accepted is in it, or cannot be expected any more.

        A server may list a version a little after it was made; a write that we did not wait for may land a little
        later, but once it is seen to have landed there is nothing to wait for.
        """
        self._sleep_until(self._last + (_GRACE if self._broken_off else 0))
        page, pause, due = self.page(), _PAUSE, self._last + _SETTLING
        while not self._complete(page) and time.monotonic() < due:
            if self.runner.history_lags and page is not None and self._left_out(page):
                break  # as it was before, after all the waiting
            self._sleep_until(min(due, time.monotonic() + pause))
            page, pause = self.page(), 2 * pause
        return page

    def _last_read(self, page: tuple[Entry, ...] | None) -> Operation:
        """A read with nobody else about. One that does not fit the history is followed by another: did it stay so?"""
        read, answer = self._read()
        self._aliases.learn(answer)
        if page and self._aliases.agree and read.version not in (None, page[-1].version):
            self._operations.append(read)
            self._sleep_until(time.monotonic() + _GRACE)
            read, _ = self._read()
        return read

    @property
    def _broken_off(self) -> bool:
        return bool(self._landing) or any(o.outcome is Outcome.ABORTED for o in self._operations)

    def _complete(self, page: tuple[Entry, ...] | None) -> bool:
        landing = self._landing
        if page is None:
            return not landing
        marks = {mark for entry in page for mark in entry.markers}
        writes = [o for o in self._operations if o.kind is not Kind.READ and o.outcome is Outcome.OK and o.version]
        listed = {entry.version for entry in page}
        return all(o.marker in marks for o in landing) and (
            not self._aliases.agree or all(o.version in listed for o in writes)
        )

    def _left_out(self, page: Sequence[Entry], final: Operation | None = None) -> str:
        """A version that the history does not list and the server still has, as a read of just that version shows.

        Some servers answer a history from a cache, whatever they are asked for. Such a one is not all of the history.
        """
        if not self._aliases.agree:
            return ""
        operations = chain(self._operations, (final,) if final else ())
        known = {o.version: o.marker for o in operations if o.outcome is Outcome.OK}
        missing = {self._initial: None, **known}.keys() - {entry.version for entry in page} - {None}
        return next((version for version in missing if version and self._is_there(version, known.get(version))), "")

    def _is_there(self, version: str, marker: str | None) -> bool:
        answer = self.runner.target.vread(self.subject.type, self.subject.id, version)
        marks = marks_in(answer.resource, self.subject.kind.marks)
        return answer.version_id == version and (marker is None or marker in marks)

    @staticmethod
    def _sleep_until(instant: float) -> None:
        time.sleep(max(0.0, instant - time.monotonic()))

    # ------------------------------------------------------------ records

    def _read(self) -> tuple[Operation, Answer]:
        started = clock()
        answer = self.runner.target.read(self.subject.type, self.subject.id)
        self.exchanges["reader", started] = answer.exchange
        return self._operation("reader", Kind.READ, started, clock(), answer), answer

    def _operation(
        self, writer: str, kind: Kind, invoked: int, returned: int | None, answer: Answer,
        base: str | None = None, marker: str | None = None,
    ) -> Operation:  # fmt: skip
        outcome = _outcome(kind, answer)
        reading = kind is Kind.READ and outcome is Outcome.OK
        return Operation(
            id=len(self._operations),
            writer=writer,
            kind=kind,
            invoked=invoked,
            returned=returned,
            outcome=outcome if returned is not None else Outcome.UNKNOWN,
            status=answer.status or None,
            base=base,
            marker=marker,
            version=answer.version if outcome is Outcome.OK and answer.status not in _NOTHING_THERE else None,
            seen=marks_in(answer.resource, self.subject.kind.marks) if reading else (),
        )

    # ------------------------------------------------------------ the server's own history

    def page(self) -> tuple[Entry, ...] | None:
        """The history as it is listed now, oldest first. None when the target has none, or does not tell all of it."""
        if not self.runner.bench.offers("history-instance", self.subject.type):
            return None
        return self._entries(self.runner.target.history(self.subject.type, self.subject.id))

    def _entries(self, answer: Answer) -> tuple[Entry, ...] | None:
        """A page of history and those that follow it. Half of a history proves nothing, so it is all or none."""
        listed: list[Entry] = []
        base = f"{self.runner.target.settings.base_url}/"
        for _ in range(_MOST_PAGES):
            bundle = answer.resource or {}
            raw = bundle.get("entry", [])
            entries = (
                [self._entry(one, len(listed) + i) for i, one in enumerate(raw)] if isinstance(raw, list) else [None]
            )
            if answer.status != 200 or not bundle or None in entries:
                return None
            listed += [entry for entry in entries if entry is not None]
            following = next(
                (str(o.get("url")) for o in _objects(bundle.get("link")) if o.get("relation") == "next"), ""
            )
            if not following:
                total = bundle.get("total")
                return None if isinstance(total, int) and total > len(listed) else tuple(reversed(listed))
            if not following.startswith(base):
                return None
            answer = self.runner.target.send("GET", following.removeprefix(base), headers=FRESH)
        return None

    def _entry(self, raw: Any, number: int) -> Entry | None:
        if not isinstance(raw, dict):
            return None
        resource, request, response = (_object(raw.get(key)) for key in ("resource", "request", "response"))
        meta, method = _object(resource.get("meta")), str(request.get("method") or "PUT")
        etag = str(response.get("etag") or "").removeprefix("W/").strip('"')
        located = (
            _VERSION_IN_URL.search(str(text))
            for text in (response.get("location"), request.get("url"), raw.get("fullUrl"))
        )
        version = str(meta.get("versionId") or etag or next((found[1] for found in located if found), ""))
        if not version and method == "DELETE":
            version = f"(deletion, {number} from the end)"  # no text demands that a deletion has a name
        updated = instant(meta.get("lastUpdated") or response.get("lastModified"))
        marks = marks_in(resource or None, self.subject.kind.marks)
        return Entry(version, marks, updated, method) if version else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _outcome(kind: Kind, answer: Answer) -> Outcome:
    if answer.status in _TELLS_NOTHING:
        return Outcome.UNKNOWN
    if kind is Kind.READ and answer.status in _NOTHING_THERE:
        return Outcome.OK
    return _OUTCOME.get(answer.effect, Outcome.UNKNOWN)


def _exchange(result: Result) -> Exchange:
    ended = result.returned if result.returned is not None else clock()
    ago = timedelta(microseconds=(clock() - result.invoked) / 1000)
    return Exchange(
        result.request, result.response, result.failure, result.detail, datetime.now(UTC) - ago,
        round((ended - result.invoked) / 1e6, 3),
    )  # fmt: skip


def block_of(fights: Sequence[Sequence[Completion]]) -> Block:
    """What rounds on one set of connections are worth."""
    return Block(len(fights), sum(map(_overlapping, fights)), sum(map(_late, fights)))


def _overlapping(fight: Sequence[Completion]) -> bool:
    """Whether two writes were with the target at the same time: released, and not yet answered.

    Only those count that were answered, and not just put off: of the others nobody knows whether they were ever there.
    """
    writes = [one for one in fight if one.invocation.kind is not Kind.READ and one.answer.status not in _TELLS_NOTHING]
    spans = sorted(
        (one.released, one.operation.returned)
        for one in writes
        if one.released is not None and one.operation.returned is not None
    )
    return any(later[0] < earlier[1] for earlier, later in pairwise(spans))


def _late(fight: Sequence[Completion]) -> bool:
    """Whether the losers were refused in two ways: some at the check, and some only when they came to write."""
    codes = {one.answer.status for one in fight if one.refused}
    return len(codes) > 1 and 409 in codes
