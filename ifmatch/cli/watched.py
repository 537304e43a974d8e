"""What a run in another process is at, for whoever waits for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def carried_out(globs: str, races: bool = True) -> int:
    """How many rules that match these patterns a run carries out, with or without races."""
    from ifmatch.rules.catalogue import is_watched, matches, rules

    chosen = [rule.id for rule in rules() if matches(rule.id, globs) and not is_watched(rule.id)]
    return sum(races or not rule.startswith("race.") for rule in chosen)


@contextmanager
def watched(folder: Path, first: str, then: str, rules: int) -> Iterator[None]:
    """A while in which it is said what the run in a folder is at, by what it puts into its log.

    What it does `first`, and what it does `then` with each group of its `rules`, of which there are so many.
    """
    from ifmatch.log.reader import follow
    from ifmatch.report.console import GroupsIn, Steps

    over = threading.Event()
    with Steps() as steps:
        steps.begin(first)
        groups = GroupsIn(steps, then, rules)

        def watch() -> None:
            for event in follow(folder, over.is_set):
                groups(event)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
