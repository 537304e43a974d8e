"""What a failure usually means, and what is to be done: by its symptom, for whoever builds or runs the server."""

from collections.abc import Mapping
from dataclasses import dataclass

from ifmatch.judge.anomaly import Name
from ifmatch.report.symptoms import (
    ACCEPTED,
    APPLIED,
    DISORDER,
    REFUSED,
    SERVER_ERROR,
    Symptom,
)


@dataclass(frozen=True)
class Advice:
    """What a failure usually means, and how it is mended."""

    means: str
    mend: str


_GENERAL = Advice(
    "What the rule says does not hold here; there is no usual reason for that.",
    "Hold the answer that decided against the source. Copy its request as curl, send it again, and follow it through "
    "the server.",
)

_COMPARE = (
    "Compare and write in one step: under a row lock, or with the version in the condition of the UPDATE statement; "
    "refuse when no row was changed."
)

#: Of writes that were let through one after the other, by what their interaction has in it, the first that fits.
_LET_THROUGH: tuple[tuple[str, Advice], ...] = (
    ("write to a version", Advice(
        "The server takes the address of a past version for that of the resource.",
        "Refuse every write below _history: a version that was given out never changes.",
    )),
    ("If-Match", Advice(
        "The server does not compare the version in If-Match with the one that it has. Whoever saves last overwrites "
        "what others have saved.",
        _COMPARE,
    )),
    ("ifMatch", Advice(
        "The server does not compare the version in ifMatch of an entry with the one that it has, though it may do so "
        "for If-Match in a header.",
        "Send each entry of a Bundle through the same check as a request of its own.",
    )),
    ("If-None-Match", Advice(
        "The server writes although there is what must not be there.",
        "Look for it within the transaction that writes, and refuse with 412 when it is there.",
    )),
    ("read", Advice("The server shows what must not be seen (any more).", "Answer with the status that is promised.")),
    ("conditional", Advice(
        "The server writes without counting what the criteria match, or passes over a criterion that it does not know.",
        "Refuse criteria that are not understood; count the matches within the transaction that writes, and refuse "
        "when that many are not allowed.",
    )),
    ("", Advice(
        "The server stores what it must refuse.",
        "Check the request before anything is stored, and answer 4xx with an OperationOutcome that says why.",
    )),
)  # fmt: skip

#: The same where only a race shows it: what is sent alone is refused as it should be.
_LET_THROUGH_AT_ONCE: tuple[tuple[str, Advice], ...] = (
    ("create", Advice(
        "The server looks for a match and creates in two steps, so that two clients at once both find none.",
        "Search and create in one transaction that excludes a second one, or let a unique index decide.",
    )),
    ("", Advice(
        "The server compares before it takes the lock under which it writes, so that two writers at once both find "
        "their version current. One of them is overwritten.",
        _COMPARE,
    )),
)  # fmt: skip

_FROM_A_COPY = Advice(
    "Reads come from a cache or a replica that lags behind the writes.",
    "Read from where is written, or say in the profile that reads may be stale.",
)

_NOT_ONE_STEP = Advice(
    "What belongs together is not stored in one step, so that others see a part of it, or a part of it stays.",
    "Store all of it in one transaction of the database, its versions and their history among it.",
)

_NOT_KEPT = Advice(
    "A version is not what was written: it was lost, or something else stands under its id.",
    "Store the version and its content in one step, under an id that was never given out, and change it never again.",
)

_TOO_CAREFUL = Advice(
    "A lawful write is refused while others are at work, such as by a lock that is held too wide or not given back.",
    "Refuse only when the version that was named is no longer the current one.",
)

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
    APPLIED: Advice(
        "A write that was refused was applied all the same.",
        "Check before writing, or roll back whatever was done before the refusal.",
    ),
    DISORDER: Advice(
        "A client knows by its place which answer is to which entry: here it takes a refusal for an acceptance.",
        "Put each answer where its entry stands, in whatever order the entries are carried out.",
    ),
    Name.DUPLICATE_VERSION.label: Advice(
        "A version was given out twice: its number is taken before the lock is held, or begins anew at some time, such "
        "as after a deletion.",
        "Take the next version within the transaction that writes, and never one that the resource has had.",
    ),
    Name.TRUNCATED.label: Advice(
        "The server takes what has arrived for the whole, though the client went away.",
        "Write only when the body has the length that was announced, and can be parsed to its end.",
    ),
    Name.DOUBLE_APPLY.label: Advice(
        "The server, or what stands before it, repeats a request that it took for failed.",
        "Do not repeat a write unasked; or let it name the version, so that the second one is refused.",
    ),
    Name.MISSING.label: _NOT_KEPT,
    Name.CHANGED.label: _NOT_KEPT,
    Name.OTHER_CONTENT.label: _NOT_KEPT,
    Name.PHANTOM.label: _NOT_KEPT,
    Name.HISTORY_FORK.label: _NOT_KEPT,
    Name.TORN.label: _NOT_ONE_STEP,
    Name.HALF_TRANSACTION.label: _NOT_ONE_STEP,
    Name.HALF_SEEN.label: _NOT_ONE_STEP,
    Name.STALE_READ.label: _FROM_A_COPY,
    Name.BACKWARD_READS.label: _FROM_A_COPY,
    Name.RESURRECTED.label: _FROM_A_COPY,
    Name.WEDGED.label: _TOO_CAREFUL,
    Name.NO_WINNER.label: _TOO_CAREFUL,
    Name.SPURIOUS_CONFLICT.label: _TOO_CAREFUL,
}  # fmt: skip

_OTHER_CONTENT = Advice(
    "What is read is not what was written: something was lost, added or changed on the way in or out.",
    "Look at the elements that are named under `got`, and store and show what was sent.",
)

#: By how the description of what is wrong begins, the first that fits.
_OF_BEGINNING: tuple[tuple[str, Advice], ...] = (
    ("answered 304, not ", Advice(
        "A reader is told that nothing has changed, and keeps what is no longer so.",
        "Answer 304 only when every condition of the request says so; a tag goes before a date.",
    )),
    ("answered 200, not 304", Advice(
        "The condition of the read is not looked at: the reader is sent again what it has.",
        "Compare the tags, or the date, with the current version, and answer 304 where it is the one named.",
    )),
    ("answered ", Advice(
        "The outcome is right, its status is another one than promised. Clients that wait for the promised one do not "
        "understand it.",
        "Map the outcome to the promised status; or, where the texts promise this one, say so in a profile of its own.",
    )),
    ("expected resource unchanged", Advice(
        "Something was written that must not be.",
        "Check before writing, or roll back what was done when the request cannot be carried out as a whole.",
    )),
    ("expected the resource under ", Advice(
        "The resource is not at the address that the client or the answer names.",
        "Store it under the id that was asked for, or refuse; and let Location and body name the one that was given.",
    )),
    ("expected the content that was sent", _OTHER_CONTENT),
    ("expected what was sent", _OTHER_CONTENT),
    ("expected version … as it was written", _OTHER_CONTENT),
    ("expected … versions as they were", _OTHER_CONTENT),
    ("expected no", Advice(
        "Something is there, or shown, that must not be.",
        "Leave it out where the answer is made, or drop it where the resource is stored.",
    )),
    ("expected a ", Advice(
        "An answer lacks something that clients go by, or has it in another form.",
        "Add it where the answer is made: most often one place serves all interactions.",
    )),
    ("expected the ETag ", Advice(
        "An answer does not name the version that it is about.",
        "Set the header where the answer is made: most often one place serves all interactions.",
    )),
)  # fmt: skip


def advice_on(symptom: Symptom, is_raced: bool = False) -> Advice:
    """What a symptom usually means, and what is to be done about it.

    `is_raced`: nothing plainer than a race has shown it.
    """
    if symptom.wrong == ACCEPTED:
        table = _LET_THROUGH_AT_ONCE if is_raced else _LET_THROUGH
        return next(advice for part, advice in table if part in symptom.interaction)
    begun = (one for words, one in _OF_BEGINNING if symptom.wrong.startswith(words))
    return _OF_WRONG.get(symptom.wrong) or next(begun, _GENERAL)
