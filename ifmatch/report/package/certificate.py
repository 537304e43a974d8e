"""`certificate.html`: page one. Whether the run qualifies, and what that rests on, to be read and printed."""

import shlex
from collections.abc import Iterator
from pathlib import PurePath

from ifmatch.report.console import count_line
from ifmatch.report.package.qualification import (
    answer,
    not_applicable_in,
    reasons_against,
    waivers_of,
)
from ifmatch.report.page.templates import rendered
from ifmatch.report.run import Run
from ifmatch.report.text import one_line
from ifmatch.rules.profile import shipped
from ifmatch.rules.verdict import Verdict

FILE_NAME = "certificate.html"

#: Verdicts that a reviewer should look at though they do not keep a run from qualifying.
_TO_BE_READ = (Verdict.WARN, Verdict.WAIVED)


def certificate(run: Run) -> bytes:
    """The page as the bytes of its file."""
    reasons = reasons_against(run)
    return rendered(
        "certificate.html",
        run=run,
        word=f"Qualifies: {answer(run)}",
        tone="bad" if reasons else "good",
        reasons=reasons,
        count_line=count_line(run.counts),
        waivers=waivers_of(run),
        to_be_read=[judged for judged in run.rules if judged.verdict in _TO_BE_READ],
        not_applicable=not_applicable_in(run),
        races=[judged for judged in run.rules if judged.spokesman.race is not None],
        facts=list(_facts(run)),
        commands=list(how_to_reproduce(run)),
    ).encode("utf-8", "replace")


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """What was certified by what, as pairs of name and value."""
    profile, target = run.profile, run.target
    facts = {
        "target": target.base_url,
        "software": target.software,
        "FHIR version": target.fhir_version,
        "profile": f"{profile.id}: {profile.title}",
        "profile version": profile.version or _shipped_with(run) or "none is given",
        "profile text": "" if _shipped_with(run) else _OWN_TEXT,
        "profile SHA-256": profile.sha256,
        "suite": f"{run.suite.name} {run.suite.version}",
        "effort": run.effort,
        "writers": run.writers,
        "seed": run.seed,
        "run": run.id,
        "begun": run.started,
        "ended": run.finished,
        "rules": f"{len(run.rules)} judged, {len(run.left_out)} left out",
        "left on the target": len(run.left) or "nothing",
    }
    for name, value in facts.items():
        if value not in (None, ""):
            yield name, one_line(value)


def _shipped_with(run: Run) -> str:
    """By what suite the profile was shipped; nothing where it is one of the applicant's own."""
    is_ours = run.profile.id in shipped()
    return f"as shipped with {run.suite.name} {run.suite.version}" if is_ours else ""


_OWN_TEXT = "none of those of ifmatch: ask for its file, and verify with it; what it demands is not in this package"


def how_to_reproduce(run: Run) -> Iterator[tuple[str, str]]:
    """What to type, each with what it does. A profile of the applicant's own is named by its file."""
    own = "" if _shipped_with(run) else PurePath(run.header.profile_file or run.profile.id).name
    profile = one_line(own or run.profile.id)
    by_own = f" -p {shlex.quote(profile)}" if own else ""
    words = ["ifmatch", "certify", "-t", "target.toml", "-p", profile]
    words += ["--effort", run.effort or "standard", "--writers", str(run.writers or 4)]
    words += ["--seed", str(run.seed or 0), "--out", "again"]
    suite = f"{run.suite.name} {run.suite.version}"
    # By its name an index would give whatever goes by that name there.
    yield f"the same suite, in a clone of {suite}", 'pip install ".[certify]"'
    yield (
        "see that nothing was changed",
        f"ifmatch verify .{by_own} --key the-signers-public-key.pem",
    )
    yield "judge the evidence anew, without the server", f"ifmatch recheck .{by_own}"
    yield "the same run against the server", shlex.join(words)
    yield "what differs", "ifmatch compare . again"
