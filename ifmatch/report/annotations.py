"""What is wrong, as the lines that GitHub Actions shows beside a job
(https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
"""

from collections.abc import Iterator, Mapping

from ifmatch.report.run import Judged, Run
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

#: The verdicts that are shown, each with the command that shows it.
_COMMANDS: Mapping[Verdict, str] = {
    Verdict.FAIL: "error",
    Verdict.ERROR: "error",
    Verdict.WARN: "warning",
}

#: GitHub shows ten of each kind.
_MOST = 10


def annotations(run: Run) -> Iterator[str]:
    """The lines, the first few of each kind. What the baseline knows is not shown."""
    for verdict, command in _COMMANDS.items():
        found = [judged for judged in run.rules if judged.verdict is verdict]
        new = [judged for judged in found if not run.is_known(judged.spokesman)]
        yield from (_line(command, judged) for judged in new[:_MOST])


def _line(command: str, judged: Judged) -> str:
    case = judged.spokesman
    title = one_line(f"{judged.rule}: {case.title}", 200)
    message = one_line(case.message.partition("\n\n")[0], 500)
    return f"::{command} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """A text that ends no command and begins none."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
