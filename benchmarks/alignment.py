"""What winner feedback gains when two unlike operations race: one of them takes longer before it comes to its check.

The server is that of `exposure.py`, but it works on a PATCH for a while, serving others, before it checks If-Match. A
round is a PUT and a PATCH of one fresh resource, both naming its first version; it exposes the fault when both are
accepted. Rounds with and without feedback take turns. The ratio is that of the chances per round.

    python benchmarks/alignment.py [rounds, default 300] [seed, default 1]
"""

import multiprocessing
import random
import sys
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from exposure import BODY, Handler, keep_to, serve

from ifmatch.client.exchange import Request
from ifmatch.client.settings import Settings
from ifmatch.race.calibration import calibrate
from ifmatch.race.transport import Blocks, Result, Side, TimedRequest, WinnerFeedback, choose

#: Seconds: how much longer a PATCH takes before its check, and between check and write.
LEADS = (0.0, 0.5e-3, 1e-3, 2e-3, 4e-3)
GAPS = (50e-6, 200e-6, 1e-3)


class Uneven(Handler):
    """Works on a PATCH before it checks; the lead stands before the name."""

    def asked(self, method: str, gap: float, name: str, fields: dict[bytes, bytes]) -> None:
        lead, _, name = name.partition("/")
        if method == "PATCH":
            self.check_at(time.perf_counter() + float(lead), gap, name, fields)
        else:
            super().asked(method, gap, name, fields)

    def check_at(self, instant: float, gap: float, name: str, fields: dict[bytes, bytes]) -> None:
        """Stay awake, and serve others meanwhile."""
        if time.perf_counter() < instant:
            self.soon(self.check_at, instant, gap, name, fields)
        else:
            super().asked("PATCH", gap, name, fields)


def accepted(result: Result) -> bool:
    """Whether the write was done."""
    return result.response is not None and result.response.status == 200


def winner(results: list[Result]) -> Side | None:
    """The only one that was done. When both were, the offset is right as it is."""
    first, second = map(accepted, results)
    return None if first == second else Side.B if second else Side.A


def measure(
    blocks: Blocks, base_url: str, lead: float, gap: float, rounds: int, rng: random.Random
) -> list[float]:
    """The chance per round without feedback, and with it."""
    hits, aim = [0, 0], WinnerFeedback()
    for _ in range(rounds):
        for fed in rng.sample((0, 1), 2):
            url = f"{base_url}/{gap:.6f}/{lead:.6f}/{next(_names)}"
            offsets = aim.offsets(rng) if fed else (0, 0)
            requests = [
                Request(method, url, (("If-Match", 'W/"1"'),), BODY) for method in ("PUT", "PATCH")
            ]
            results = blocks.release(
                [TimedRequest(*pair) for pair in zip(requests, offsets, strict=True)]
            )
            hits[fed] += all(map(accepted, results))
            if fed:
                aim = aim.after(winner(results))
    return [hit / rounds for hit in hits]


_names = count()


def main(rounds: int, seed: int) -> None:
    """Start the server, compare, print."""
    rng = random.Random(seed)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, Uneven), daemon=True)
    server.start()
    keep_to(0)
    base_url = f"http://127.0.0.1:{ours.recv()}"
    engine = choose(Settings(base_url, timeout=5.0, through_proxy=False)).engine
    probe = Request("GET", f"{base_url}/0/0/warm")
    calibration = calibrate(engine, probe, 2)
    blocks = Blocks(engine, probe, rng, skew=calibration.skew, settle=calibration.settle)
    print(f"{'lead':>8}{'gap':>9}{'together':>10}{'feedback':>10}{'ratio':>8}")
    for lead in LEADS:
        for gap in GAPS:
            plain, fed = measure(blocks, base_url, lead, gap, rounds, rng)
            ratio = f"{fed / plain:.1f}x" if plain else f">{fed * rounds:.0f}x" if fed else "-"
            print(
                f"{lead * 1e3:5.1f} ms{gap * 1e3:6.2f} ms{plain:10.3f}{fed:10.3f}{ratio:>8}",
                flush=True,
            )
    server.terminate()


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 300, int(sys.argv[2]) if len(sys.argv) > 2 else 1
    )
