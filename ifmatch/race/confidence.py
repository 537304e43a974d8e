"""What a pass is worth. Rounds without a fault bound how often the fault can show, but only rounds that truly raced
count.

Rounds on one set of connections are not independent: which worker took which connection decides whether they can race
at all. So n rounds, m to a set, with the correlation rho within sets, are worth n / (1 + (m - 1) rho) independent
ones (Kish, "Survey Sampling", 1965: the design effect). A correct server shows its power by *late* conflicts: a
writer that passed the check and was refused only when it came to write was as close as one can come to a lost update.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

#: How sure the bound is.
CERTAINTY = 0.99


def rounds_needed(exposure: float, certainty: float = CERTAINTY) -> int:
    """How many independent rounds find a fault of this exposure with this certainty."""
    return ceil(log(1 - certainty) / log(1 - exposure))


#: Fewer effective rounds than these say nothing worth saying: an exposure of one half would be missed too often.
FEWEST = rounds_needed(0.5)

#: So large a share of rounds with late conflicts shows that the race was truly run.
STRONG = 0.05


@dataclass(frozen=True, slots=True)
class Block:
    """The rounds on one set of connections: all, those whose writes overlapped, those with a late conflict."""

    rounds: int
    overlapping: int
    late: int = 0


@dataclass(frozen=True, slots=True)
class Confidence:
    """What can be said after so many blocks of rounds in which no fault was seen."""

    blocks: tuple[Block, ...]

    @property
    def rounds(self) -> int:
        """All rounds."""
        return sum(block.rounds for block in self.blocks)

    @property
    def overlapping(self) -> int:
        """The rounds in which at least two writes were in flight together."""
        return sum(block.overlapping for block in self.blocks)

    @property
    def late(self) -> int:
        """The rounds in which a writer was refused only after it had passed the check."""
        return sum(block.late for block in self.blocks)

    @property
    def overlap_share(self) -> float:
        """The share of rounds that raced."""
        return self.overlapping / self.rounds if self.rounds else 0.0

    @property
    def late_share(self) -> float:
        """The share of rounds with a late conflict: in so many would a server without a guard have lost an update."""
        return self.late / self.rounds if self.rounds else 0.0

    @property
    def effective(self) -> float:
        """How many independent rounds the overlapping ones are worth. Without an estimate, each set counts once."""
        raced = [block for block in self.blocks if block.overlapping]
        rho = correlation(raced)
        if rho is None:
            return float(len(raced))
        return self.overlapping / _design_effect(raced, rho)

    @property
    def exposure(self) -> float:
        """The largest exposure per round that so many clean rounds leave possible: x = 1 - 0.01 ** (1 / n)."""
        return exposure_bound(self.effective)

    @property
    def enough(self) -> bool:
        """Whether a pass means something: what never raced, or hardly, could not have failed."""
        return self.overlapping > 0 and self.effective >= FEWEST

    @property
    def more_may_help(self) -> bool:
        """Whether more rounds may yet mean something: some have raced, but too few."""
        return self.overlapping > 0 and not self.enough

    def __str__(self) -> str:
        """The sentence beside the verdict. It never says that no update is ever lost."""
        if not self.rounds:
            return "No round was run, so nothing can be said."
        if not self.overlapping:
            return (
                f"In none of {self.rounds} rounds were two writes in flight together, "
                "so nothing could have been lost."
            )
        ran = f"0 lost updates in {self.raced}, worth {self.effective:.0f} independent rounds"
        if not self.enough:
            return f"{ran}: too few to tell. At least {FEWEST} are needed."
        bound = f"exposure per round < {self.exposure:.2%} at {CERTAINTY:.0%} for this plan, load and network path"
        return f"{ran}; {bound}; {self._power()}."

    @property
    def raced(self) -> str:
        """How much was run, and how much of that met."""
        return (
            f"{self.rounds} rounds on {len(self.blocks)} sets of connections; "
            f"the writes overlapped in {self.overlap_share:.0%} of them"
        )

    def _power(self) -> str:
        share = f"late conflicts in {self.late_share:.0%} of the rounds"
        if not self.late:
            return "no late conflicts were seen, so how sharply the race was run is not known"
        return share if self.late_share >= STRONG else f"{share}, so the race was hardly ever close"


def _design_effect(blocks: Sequence[Block], rho: float) -> float:
    """How many rounds on sets of connections are worth one independent round. Sets may differ in size."""
    sizes = [block.overlapping for block in blocks]
    per_set = sum(size**2 for size in sizes) / sum(sizes)
    return 1 + (per_set - 1) * rho


def exposure_bound(effective: float, certainty: float = CERTAINTY) -> float:
    """The exposure that would have shown with this certainty in so many independent rounds; 1 when there were none."""
    return 1 - (1 - certainty) ** (1 / effective) if effective > 0 else 1.0


def correlation(blocks: Sequence[Block]) -> float | None:
    """How alike the rounds of one set are in showing a late conflict: the intraclass correlation by analysis of
    variance.

    None when it cannot be estimated: with one set, with one round to a set, or when all rounds or none show one
    (Ridout, Demétrio and Firth, "Estimating Intraclass Correlation for Binary Data", Biometrics 1999).
    """
    sets = len(blocks)
    total = sum(block.overlapping for block in blocks)
    late = sum(block.late for block in blocks)
    if sets < 2 or total <= sets or not 0 < late < total:
        return None
    squares = sum(block.late**2 / block.overlapping for block in blocks)
    between = (squares - late**2 / total) / (sets - 1)
    within = (late - squares) / (total - sets)
    sizes_squared = sum(block.overlapping**2 for block in blocks)
    typical = (total - sizes_squared / total) / (sets - 1)
    spread = between + (typical - 1) * within
    if spread <= 0:
        return None
    return min(1.0, max(0.0, (between - within) / spread))
