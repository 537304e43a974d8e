"""What the reads of a run showed of each resource, and when last: enough to see that a read was only early."""

from dataclasses import dataclass, field
from datetime import datetime

from ifmatch.client.asked import Asked, Interaction
from ifmatch.rules.answer import Answer, Effect

#: What a read shows of a resource that is not there (FHIR R4 http.html#read).
NOTHING = ""

_GONE = (404, 410)


def version_read(asked: Asked | None, answer: Answer) -> str | None:
    """The version that a read shows, `NOTHING` where nothing is there; None for what is no read, or tells none."""
    if asked is None or asked.interaction is not Interaction.READ:
        return None
    if answer.status in _GONE:
        return NOTHING
    is_shown = answer.effect in (Effect.ACCEPTED, Effect.UNMODIFIED)
    return (answer.version or None) if is_shown else None


@dataclass
class Looks:
    """When each version of each resource was last read."""

    _last: dict[tuple[str, str, str], datetime] = field(default_factory=dict)

    def add(self, asked: Asked | None, answer: Answer, ended: datetime) -> None:
        """Remember what a read showed."""
        version = version_read(asked, answer)
        if asked is not None and version is not None:
            self._last[asked.type, asked.id, version] = ended

    def shown_after(self, name: tuple[str, str], version: str, instant: datetime) -> bool:
        """Whether a version was read later than an instant."""
        last = self._last.get((*name, version))
        return last is not None and last > instant
