"""What a failure usually means, and what is to be done: by its symptom, for whoever builds or runs the server."""

from collections.abc import Mapping
from dataclasses import dataclass

from ifmatch.report.symptoms import ACCEPTED, APPLIED, REFUSED, SERVER_ERROR, Symptom


@dataclass(frozen=True)
class Advice:
    """What a failure usually means, and how it is mended."""

    means: str
    mend: str


_GENERAL = Advice(
    "The server does something else than was promised.",
    "Compare the answer with the source, and look at the exchange that decided.",
)

_UNCHECKED = Advice(
    "The server does not compare the version in If-Match with the one that it has, or compares it before it takes the "
    "lock under which it writes. Whoever saves last overwrites what others have saved.",
    "Compare and write in one step: under a row lock, or with the version in the condition of the UPDATE statement; "
    "refuse when no row was changed.",
)

#: Of writes that were let through, by what their interaction has in it, the first that fits.
_LET_THROUGH: tuple[tuple[str, Advice], ...] = (
    ("If-Match", _UNCHECKED),
    ("ifMatch", _UNCHECKED),
    ("conditional create", Advice(
        "The server looks for a match and creates in two steps, so that two clients at once both find none.",
        "Search and create in one transaction that excludes a second one, or let a unique index decide.",
    )),
    ("conditional", Advice(
        "The server writes without counting what the condition matches, or counts before it takes the lock.",
        "Count the matches within the transaction that writes, and refuse when that many are not allowed.",
    )),
    ("read", Advice("The server shows what must not be seen (any more).", "Answer with the status that is promised.")),
    ("", Advice(
        "The server stores what it must refuse.",
        "Check the request before anything is stored, and answer 4xx with an OperationOutcome that says why.",
    )),
)  # fmt: skip

#: By the name of an anomaly of a race, or by what is wrong with an answer.
_OF_WRONG: Mapping[str, Advice] = {
    REFUSED: Advice(
        "The server refuses a lawful request; its answer says why it thinks so.",
        "Read the body of the answer. A target that demands more than the profile says needs a profile of its own.",
    ),
    SERVER_ERROR: Advice(
        "The server failed. A client cannot know whether its write was applied.",
        "Look for the exception in the server's log at the time of the exchange; answer a client's mistake with 4xx.",
    ),
    "duplicate version": Advice(
        "Two writers were given the same version: the number is taken before the lock is held.",
        "Take the next version within the transaction that writes.",
    ),
    APPLIED: Advice(
        "A write that was refused was applied all the same.",
        "Check before writing, or roll back whatever was done before the refusal.",
    ),
    "stale read": Advice(
        "Reads come from a cache or a replica that lags behind the writes.",
        "Read from where is written, or say in the profile that reads may be stale.",
    ),
    "spurious conflict": Advice(
        "A lawful write is refused while others are at work, such as by a lock that is held too wide.",
        "Refuse only when the version that was named is no longer the current one.",
    ),
}  # fmt: skip

#: By how the description of what is wrong begins.
_OF_BEGINNING: Mapping[str, Advice] = {
    "answered ": Advice(
        "The outcome is right, its status is another one than promised. Clients that wait for the promised one do not "
        "understand it.",
        "Map the outcome to the promised status; or, where the texts promise this one, say so in a profile of its own.",
    ),
    "expected a ": Advice(
        "An answer lacks something that clients go by, or has it in another form.",
        "Add it where the answer is made: most often one place serves all interactions.",
    ),
}


def advice_on(symptom: Symptom) -> Advice:
    """What a symptom usually means, and what is to be done about it."""
    if symptom.wrong == ACCEPTED:
        return next(advice for part, advice in _LET_THROUGH if part in symptom.interaction)
    begun = (one for words, one in _OF_BEGINNING.items() if symptom.wrong.startswith(words))
    return _OF_WRONG.get(symptom.wrong) or next(begun, _GENERAL)
