"""Which patch format a target takes: as it says, or found out by trying, for a statement need not say it."""

from ifmatch.client.unique import new_unique
from ifmatch.client.workbench import Workbench
from ifmatch.rules.answer import Effect
from ifmatch.rules.patches import FORMATS, patch_document


def format_of(bench: Workbench) -> str:
    """The format for a patch whose format does not matter; the most common one where the target takes none."""
    target = bench.target
    if not target.patch_format:
        target.patch_format = _found(bench)
    return target.patch_format


def _found(bench: Workbench) -> str:
    possible = list(filter(bench.offers, FORMATS)) or list(FORMATS)
    claimed = next(filter(bench.claims, possible), "")
    if claimed:
        return claimed
    taken = (name for name in possible if _is_taken(bench, name))
    return next(taken, possible[0])


def _is_taken(bench: Workbench, patch_format: str) -> bool:
    """Whether a patch of this format is accepted, on a resource of its own."""
    subject, target = bench.make(), bench.target
    changes = dict.fromkeys(subject.kind.marks_to_set(subject.read.resource), new_unique())
    document = patch_document(patch_format, subject.type, changes, target.profile.media_type)
    answer = target.patch(
        subject.type, subject.id, document.content, document.media_type, if_match=subject.now.base
    )
    return answer.effect is Effect.ACCEPTED
