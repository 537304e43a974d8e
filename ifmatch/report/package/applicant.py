"""`statement-form.md`: what an applicant fills in, signs, and hands in with the package."""

from ifmatch.report.package.certificate import how_to_reproduce
from ifmatch.report.package.qualification import answer
from ifmatch.report.run import Run
from ifmatch.report.text import for_markdown, one_line

FILE_NAME = "statement-form.md"

_FORM = """# Statement of the applicant

Print this form or fill in a copy outside of the package: the package is handed in as it was written.

| | |
|---|---|
| Applicant (legal name, address) | ______________________________ |
| Contact (name, e-mail, telephone) | ______________________________ |
| Product and version, as it is sold | ______________________________ |
| Product as it describes itself | {software} |
| Base URL that was judged | {base_url} |
| Profile | {profile} |
| Profile SHA-256 | {sha256} |
| Run | {run}, {begun} |
| Effort of the races | {effort} |
| Qualifies | {qualifies} |

The applicant states that

1. the product named above is what answered at that address, in the configuration in which it is delivered;
2. the evidence in this package is handed in whole and unchanged, as `ifmatch verify` shows;
3. every waiver listed in `certificate.html` is known to whoever approved it;
4. no deviation from the profile is known that is not listed there.

Deviations, remarks, configuration needed: ______________________________

Place, date: ______________________________

Name, role, signature: ______________________________

## How to reproduce it

{reproduce}
"""


def statement_form(run: Run) -> bytes:
    """The form, filled in as far as the run knows."""
    shown = {
        "software": run.target.software or "says nothing",
        "base_url": run.target.base_url,
        "profile": f"{run.profile.id}: {run.profile.title}",
        "sha256": run.profile.sha256,
        "run": run.id,
        "begun": run.started,
        "effort": run.effort,
        "qualifies": answer(run),
    }
    steps = "\n".join(f"- {what}: `{command}`" for what, command in how_to_reproduce(run))
    words = {name: for_markdown(one_line(value)) for name, value in shown.items()}
    return _FORM.format(**words, reproduce=steps).encode("utf-8", "replace")
