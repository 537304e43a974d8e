"""The run for a person: a line a rule while it runs, and at the end what it comes to.

On a terminal each rule has its line, in colour. Elsewhere (a CI log, a pipe) each group of rules has one, in plain text
100 columns wide. Nothing that a server said is ever read as markup or obeyed by a terminal.
"""

from ifmatch.report.console.lines import WIDTH, console_for
from ifmatch.report.console.progress import Progress
from ifmatch.report.console.rule import print_rule
from ifmatch.report.console.steps import GroupsIn, Steps
from ifmatch.report.console.summary import (
    partial_line,
    print_estimate,
    print_header,
    print_summary,
    roughly,
)
from ifmatch.report.console.words import MARKS, conclusion, count_line

__all__ = [
    "MARKS",
    "WIDTH",
    "GroupsIn",
    "Progress",
    "Steps",
    "conclusion",
    "console_for",
    "count_line",
    "partial_line",
    "print_estimate",
    "print_header",
    "print_rule",
    "print_summary",
    "roughly",
]
