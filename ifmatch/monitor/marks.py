"""The texts of ours that stand in one write only, so that whoever sees one knows which write it came from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ifmatch.rules.answer import Answer, Effect

#: 32 hexadecimal digits (see `client/subject.py`, new_unique).
_MARK = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")

#: A refusal that says nothing of what became of the write: the server did not wait for all of it.
_REQUEST_TIMEOUT = 408


def marks_in(text: str) -> list[str]:
    """The marks in a text, each once."""
    return list(dict.fromkeys(_MARK.findall(text)))


@dataclass
class Marks:
    """What is known of each mark: the refused write that sent it, and whether it may have come from elsewhere.

    It may when it was sent in a write that was accepted or got no answer, or when it was shown before it was sent: then
    an earlier run left it, or the server made it up.
    """

    _refused: dict[str, str] = field(default_factory=dict)
    _from_elsewhere: set[str] = field(default_factory=set)
    _first_shown: dict[str, datetime] = field(default_factory=dict)

    def fresh(self, marks: Iterable[str]) -> frozenset[str]:
        """Those that were never sent or shown before."""
        return frozenset(mark for mark in self.unsent(marks) if mark not in self._first_shown)

    def unsent(self, marks: Iterable[str]) -> frozenset[str]:
        """Those that no write is known to have sent."""
        sent = (self._refused, self._from_elsewhere)
        return frozenset(mark for mark in marks if not any(mark in one for one in sent))

    @property
    def any_refused(self) -> bool:
        """Whether there is anything whose trace could be seen."""
        return bool(self._refused)

    def is_of_a_refusal(self, mark: str) -> bool:
        """Whether a mark was only ever sent in writes that were refused, as far as is known now."""
        return mark in self._refused and mark not in self._from_elsewhere

    def refused_by(self, mark: str) -> str:
        """The exchange of the write that sent a mark and was refused."""
        return self._refused[mark]

    def sent(self, marks: Iterable[str], answer: Answer, began: datetime) -> None:
        """Note what a write sent, and what came of it."""
        is_refusal = answer.effect is Effect.REFUSED and answer.status != _REQUEST_TIMEOUT
        for mark in marks:
            was_shown_before = self._first_shown.get(mark, began) < began
            if is_refusal and not was_shown_before:
                self._refused.setdefault(mark, answer.exchange)
            else:
                self._from_elsewhere.add(mark)

    def shown(self, marks: Iterable[str], ended: datetime) -> None:
        """Note what an answer showed."""
        for mark in marks:
            self._first_shown.setdefault(mark, ended)
