"""What the page of a run costs: its size against the log, and the time to write it against that to read the log.

The run has 330 rules and 3,000 exchanges with bodies of a kilobyte, no two alike. Times are of the processor, the
median of several. Where a browser can be had, it opens 1,000 exchanges at once; that is time of the clock, so it is
told against the time to open the page, too. Exits with 1 when a page costs more than it may.

    python benchmarks/page.py [rules, default 330] [exchanges, default 3000]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "browser"))

from built import BuildError, MissingError
from page_run import large
from test_browser import PROGRAM

from ifmatch.log.reader import FILE_NAME as LOG
from ifmatch.log.reader import read
from ifmatch.log.writer import line_of
from ifmatch.report.page import FILE_NAME, write_page
from ifmatch.report.run import Run

#: What a page may cost: to send, to write, and to open a thousand exchanges of it at once.
MOST_BYTES, MOST_SECONDS, MOST_TO_OPEN = 6_000_000, 1.0, 1.0

TIMES = 5


def processor_time(function: Callable[[], object]) -> float:
    """The median of the processor's time for a call, in seconds."""
    times = []
    for _ in range(TIMES):
        started = time.process_time()
        function()
        times.append(time.process_time() - started)
    return median(times)


def write_log(run: Run, folder: Path) -> int:
    """Put the exchanges and verdicts of a run into a log, and return its size in bytes."""
    events = [*run.exchanges.values(), *(case for rule in run.rules for case in rule.cases)]
    path = folder / LOG
    path.write_text("".join(f"{json.dumps(line_of(event))}\n" for event in events))
    return path.stat().st_size


def in_browser(page: Path) -> float:
    """How long a browser takes to show all exchanges at once, in seconds; 0 where there is none."""
    try:
        program = PROGRAM.built() / "program.mjs"
    except (MissingError, BuildError) as reason:
        print(f"no browser: {reason}")
        return 0.0
    done = subprocess.run(
        ["node", str(program), str(page), "all"], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    print(
        f"{told['exchanges']} exchanges opened at once in {told['milliseconds']:.0f} ms, "
        f"{told['milliseconds'] / told['loaded']:.1f} times what it takes to load the page"
    )
    return float(told["milliseconds"]) / 1000


def main(rules: int, exchanges: int) -> None:
    """Write, measure, print; exits with 1 when a page costs more than it may."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logged = write_log(large(rules, max(1, exchanges // rules)), folder)
        run = Run.of(read(folder))
        reading = processor_time(lambda: Run.of(read(folder)))
        writing = processor_time(lambda: write_page(run, folder, folder / FILE_NAME))
        size = (folder / FILE_NAME).stat().st_size
        print(f"{len(run.rules)} rules, {len(run.exchanges)} exchanges")
        print(f"page {size / 1e6:.2f} MB, {size / logged:.2f} of the log's {logged / 1e6:.2f} MB")
        print(f"written in {writing:.2f} s, {writing / reading:.2f} times what it takes to read the log")  # fmt: skip
        large_page = folder / "thousand.html"
        write_page(large(53, 20), folder, large_page)
        opening = in_browser(large_page)
    sys.exit(size > MOST_BYTES or writing > MOST_SECONDS or opening > MOST_TO_OPEN)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(330, 3000)[len(given) :])
