"""One request on its way through the server, and the seams where a fault can turn it from the right way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ifmatch.reference.dialect import Dialect
from ifmatch.reference.faults import Faults
from ifmatch.reference.message import Refusal, Reply, Request
from ifmatch.reference.store import Store
from ifmatch.rules.profile import Profile


@dataclass(frozen=True)
class World:
    """What all requests share: the promises, the memory, the faults, and the makers of names."""

    profile: Profile
    dialect: Dialect
    store: Store
    faults: Faults
    new_version: Callable[[int], str]
    new_id: Callable[[], str]
    tokens: Mapping[str, str] | None = None


@dataclass
class Exchange:
    """A request, what it was understood to ask, and the refusal that a fault has put off until after the write.

    `effect` is what a fault does to a write that comes in by its door. `nested` checks a request that this one holds,
    as an entry of a Bundle, and returns what carries it out.
    """

    world: World
    request: Request
    nested: Callable[[World, Request], Callable[[], Reply]]
    interaction: str = ""
    type: str = ""
    id: str = ""
    version: str = ""
    late: Refusal | None = None
    effect: str = ""

    def refuse(self, rule: str, reason: str) -> None:
        """Refuse by a rule: raises Refusal. Returns only when a fault makes the server overlook the rule."""
        refusal = Refusal(rule, reason)
        if self.effect == "written" or self.world.faults.apply(rule):
            self.late = self.late or refusal
        elif self.effect != "accepted" and not self.world.faults.ignore(rule):
            raise refusal

    def object(self, rule: str, reason: str) -> None:
        """Refuse if this is a situation that the profile's server refuses; another profile's lets it pass."""
        if self.world.dialect.refuses(rule, self.type) or self.world.faults.refuse(rule):
            self.refuse(rule, reason)

    def as_interaction(self, interaction: str, id_: str = "") -> "Exchange":
        """The same request understood as another interaction, on the resource that was found for it."""
        return replace(self, interaction=interaction, id=id_ or self.id)

    @property
    def preference(self) -> str:
        """What the client prefers to get back: minimal, representation, OperationOutcome or nothing (RFC 7240)."""
        faults, wished = self.world.faults, _wish_for_return(self.request.header("prefer") or "")
        if not wished and faults.on("representation-by-default"):
            return "representation"
        return "" if _is_ignored(wished, faults) else wished


def _wish_for_return(prefer: str) -> str:
    """What a Prefer header says after `return=`; empty when it says nothing of it."""
    wishes = (wish.strip() for wish in prefer.replace(";", ",").split(","))
    wished = (
        wish.removeprefix("return=").strip('"') for wish in wishes if wish.startswith("return=")
    )
    return next(wished, "")


def _is_ignored(wished: str, faults: Faults) -> bool:
    ignored = {
        "minimal": faults.on("prefer-minimal-ignored"),
        "representation": faults.on("prefer-representation-ignored"),
        "OperationOutcome": faults.on("prefer-OperationOutcome-ignored"),
    }
    return ignored.get(wished, False)


#: What a request comes to: an answer, or a write that is checked and only waits to be carried out.
Decision = Reply | Callable[[], Reply]
