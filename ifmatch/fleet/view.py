"""What a person sees of runs side by side: a line for each that has ended, a spinner for those at work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from ifmatch.errors import ExitCode
from ifmatch.fleet.job import Ending, Job
from ifmatch.fleet.side_by_side import Begun, SideBySide
from ifmatch.report.console import count_line
from ifmatch.report.text import one_line


@dataclass
class View:
    """The lines of several runs. With `counting` each says how many of all have ended."""

    console: Console
    jobs: Sequence[Job]
    counting: bool = False
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _ended: int = 0

    def watch(self, runs: SideBySide, each: Callable[[Ending], None]) -> None:
        """Show what happens until every run has ended; `each` is given each ending."""
        with _spinner(self.console) as spinner:
            for event in runs.events():
                if isinstance(event, Begun):
                    self._tasks[event.job.name] = spinner.add_task(escape(event.job.title))
                else:
                    self._show_ended(spinner, event)
                    each(event)

    def _show_ended(self, spinner: Progress, ending: Ending) -> None:
        task = self._tasks.pop(ending.job.name, None)
        if task is not None:
            spinner.remove_task(task)
        self._ended += 1
        count = f"  {self._ended:>{len(str(len(self.jobs)))}}/{len(self.jobs)}"
        width = max(cell_len(job.title) for job in self.jobs)
        title = set_cell_size(ending.job.title, width)
        line = f"{count if self.counting else ''}  {title}   {_came_to(ending)}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _came_to(ending: Ending) -> str:
    """What a run came to, in a line: its verdicts, or why there are none."""
    report = ending.job.report
    if ending.sentence and (report is None or ending.code != ExitCode.INTERRUPTED):
        return f"exit {ending.code}: {one_line(ending.sentence, 160)}"
    return count_line(report["counts"]) if report else f"exit {ending.code}"


def _spinner(console: Console) -> Progress:
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
