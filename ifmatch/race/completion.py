"""An invocation after it was answered: what the answer means, and whether the writes of a round have met."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ifmatch.judge.history import Kind, Operation, Outcome
from ifmatch.race.confidence import Block
from ifmatch.race.invocations import Invocation
from ifmatch.rules.answer import Answer, Effect

#: What an answer means for the operation that it answers.
_OUTCOME = {Effect.ACCEPTED: Outcome.OK, Effect.REFUSED: Outcome.REFUSED}

#: After the request was sent, these say nothing about it: the target may have put it off before or after it wrote.
_SAYS_NOTHING = frozenset({429, 503})

#: A reader who finds nothing has been answered, too.
NOTHING_THERE = frozenset({404, 410})

#: A round: who took part in it, in the order of the writers.
Round = Sequence["Completion"]


@dataclass(frozen=True, slots=True)
class Completion:
    """One operation that raced: the invocation, what was answered, and its record.

    `released` is when its last byte left, None when that is not known.
    """

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
    def failed(self) -> bool:
        """Whether the target answered that it had made a mistake of its own."""
        return self.answer.is_server_error and not says_nothing(self.answer)

    @property
    def outcome_known(self) -> bool:
        """Whether the target said either."""
        return self.accepted or self.refused


def says_nothing(answer: Answer) -> bool:
    """Whether an answer says nothing about the request, or there is none."""
    return answer.status in _SAYS_NOTHING or bool(answer.failure)


def outcome_of(kind: Kind, answer: Answer) -> Outcome:
    """What is known of an operation's effect from its answer."""
    if says_nothing(answer):
        return Outcome.UNKNOWN
    if kind is Kind.READ and answer.status in NOTHING_THERE:
        return Outcome.OK
    return _OUTCOME.get(answer.effect, Outcome.UNKNOWN)


def block_of(rounds: Sequence[Round]) -> Block:
    """What rounds on one set of connections are worth."""
    return Block(
        rounds=len(rounds),
        overlapping=sum(map(_overlapping, rounds)),
        late=sum(map(_late_conflict, rounds)),
    )


def _overlapping(completions: Round) -> bool:
    """Whether two writes were with the target at the same time."""
    spans = sorted(filter(None, map(_span, completions)))
    return any(later[0] < earlier[1] for earlier, later in pairwise(spans))


def _span(completion: Completion) -> tuple[int, int] | None:
    """When a write was with the target: released, and not yet answered.

    None unless it was answered, and not just put off: of the others nobody knows whether they were ever there.
    """
    is_read = completion.invocation.kind is Kind.READ
    if is_read or says_nothing(completion.answer):
        return None
    released, returned = completion.released, completion.operation.returned
    if released is None or returned is None:
        return None
    return released, returned


def _late_conflict(completions: Round) -> bool:
    """Whether the losers were refused in two ways: some at the check, and some only when they came to write."""
    codes = {completion.answer.status for completion in completions if completion.refused}
    return len(codes) > 1 and 409 in codes
