"""What a refused write sent is nowhere to be seen afterwards."""

from collections.abc import Iterator

from ifmatch.monitor.marks import marks_in
from ifmatch.monitor.shown import Shown
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Effect


def refusal_leaves_no_trace(observed: Observed) -> Iterator[Fact]:
    """No read, search or history shows a text that was only ever sent in writes which were refused.

    FHIR R4 http.html#rejecting-updates, RFC 9110 section 13.1.1. Whether the same text was also sent in a write that
    was accepted, or got no answer, may turn out later, for in a race answers are recorded in any order: that decides.
    """
    is_look = not observed.request.is_write and observed.answer.effect is Effect.ACCEPTED
    if is_look and observed.seen.marks.any_refused:
        for shown in observed.shown:
            yield _looked_at(observed, shown)


def _looked_at(observed: Observed, shown: Shown) -> Fact:
    marks = observed.seen.marks
    traces = [mark for mark in marks_in(shown.text) if marks.is_of_a_refusal(mark)]
    trace = next(iter(traces), "")
    refused_by = marks.refused_by(trace) if traces else ""
    return Fact(
        not traces,
        f"nothing of what the write of exchange {refused_by} sent, for it was refused",
        f"{'/'.join(shown.name)} with the text {trace} of that write",
        contradicts=refused_by,
        explained=lambda: not all(map(marks.is_of_a_refusal, traces)),
    )
