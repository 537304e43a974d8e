"""Reports side by side: what each target does about each rule, and what changed from one version of it to the next.

Pure functions over the documents of `report.json`. Rules are matched by their id. Changes are listed only of two
reports of one target under one profile: a verdict under another profile is another fact.
"""

from ifmatch.report.compare.changes import Change, Kind, changes, comparable, counted
from ifmatch.report.compare.page import html
from ifmatch.report.compare.sheet import csv
from ifmatch.report.compare.table import print_compare

__all__ = ["Change", "Kind", "changes", "comparable", "counted", "csv", "html", "print_compare"]
