"""The faults that the reference server can be given, one by one: each breaks a rule, or a few that belong together."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ifmatch.errors import ConfigurationError
from ifmatch.reference.message import Reply
from ifmatch.reference.store import Draft, Store, Version

Tamper = Callable[[Reply], Reply]
Writer = Callable[[Draft], Draft]
Match = Callable[[Store, Version, str], bool]


@dataclass(frozen=True)
class Fault:
    """One way to be wrong.

    `breaks` names the rules that a suite must find broken, under the profile named in `profile`. What goes wrong is told in
    a few ways: `ignores` are rules by which the server should have refused and does not; `applies` are rules by which
    it refuses and writes all the same; `tampers` changes replies, by situation (see Reply; `*` stands for any text);
    `writes` changes what is stored; `matches` lets a version through that is not the current one; `gap` is a pause in
    seconds between check and write. What none of these can say asks `Faults.on` where it happens.
    """

    name: str
    sentence: str
    breaks: tuple[str, ...]
    profile: str = "fhir-r4"
    ignores: tuple[str, ...] = ()
    applies: tuple[str, ...] = ()
    tampers: Mapping[str, Tamper] = field(default_factory=dict)
    writes: Writer | None = None
    matches: Match | None = None
    gap: float = 0.0


class Faults:
    """The faults that a server was given. Raises ConfigurationError, with a suggestion, when there is no such fault."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._given = tuple(map(_named, names))

    def on(self, name: str) -> bool:
        """Whether the server has this fault."""
        return any(fault.name == _named(name).name for fault in self._given)

    def ignore(self, rule: str) -> bool:
        """Whether a refusal by this rule is left out."""
        return any(fnmatchcase(rule, pattern) for fault in self._given for pattern in fault.ignores)

    def apply(self, rule: str) -> bool:
        """Whether what this rule refuses is done all the same."""
        return any(fnmatchcase(rule, pattern) for fault in self._given for pattern in fault.applies)

    def tamper(self, reply: Reply) -> Reply:
        """A reply as these faults leave it."""
        for fault in self._given:
            for pattern, change in fault.tampers.items():
                if fnmatchcase(reply.situation, pattern):
                    reply = change(reply)
        return reply

    def write(self, draft: Draft) -> Draft:
        """What these faults make of a version that is about to be stored."""
        for fault in self._given:
            draft = fault.writes(draft) if fault.writes else draft
        return draft

    def match(self, store: Store, current: Version, named: str) -> bool:
        """Whether a version that is not the current one is let through."""
        return any(fault.matches(store, current, named) for fault in self._given if fault.matches)

    @property
    def gap(self) -> float:
        """The pause between check and write, in seconds."""
        return max((fault.gap for fault in self._given), default=0.0)


def _named(name: str) -> Fault:
    if name not in FAULTS:
        close = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise ConfigurationError(f'The reference server has no fault "{name}".{hint} It knows: {", ".join(sorted(FAULTS))}.')
    return FAULTS[name]


FAULTS: Mapping[str, Fault] = {}
