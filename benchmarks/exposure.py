"""How soon a lost update is seen: last bytes together against `asyncio.gather` over an HTTP client.

The server, in a process of its own, checks If-Match and writes a given gap later; the gap is spent awake while others
are served, as an application does that waits for its database. A round is K updates of one fresh resource, all naming
its first version; it exposes the fault when two are accepted. Both techniques take turns round by round, in random
order, so that whatever else the machine does happens to both. The expected time to detection (ms) is the time per
round over the chance per round; the time is the median, because a machine that others use too delays single rounds by
many times their length.

    python benchmarks/exposure.py [rounds, default 150] [seed, default 1]
"""

import asyncio
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import median

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from ifmatch.client.exchange import Request
from ifmatch.client.settings import Settings
from ifmatch.race.calibration import calibrate
from ifmatch.race.transport import Blocks, TimedRequest, choose

#: Seconds between check and write; in the last one no other request is served, so nothing may be found.
GAPS = (50e-6, 200e-6, 2e-3, 0.0)
WRITERS = (2, 4, 8)

BODY = b'{"resourceType":"Patient","id":"x","text":"' + b"x" * 900 + b'"}'

# ---------------------------------------------------------------- the server


class Handler(asyncio.Protocol):
    """One connection: enough of HTTP for requests with a Content-Length."""

    versions: dict[str, int] = {}

    def __init__(self) -> None:
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(body) < int(fields.get(b"content-length", b"0")):
            return
        self.data = b""
        method, path, _ = head.split(b" ", 2)
        _, gap, name = path.decode().split("/", 2)
        self.asked(method.decode(), float(gap), name, fields)

    def asked(self, method: str, gap: float, name: str, fields: dict[bytes, bytes]) -> None:
        """A whole request for a resource of a name, with a gap in seconds."""
        if method == "GET":
            self.answer(b"200 OK", 0)
        elif fields[b"if-match"] != b'w/"%d"' % self.versions.get(name, 1):
            self.answer(b"412 Precondition Failed", 0)
        else:
            self.write_at(name, time.perf_counter() + gap)

    def write_at(self, name: str, instant: float) -> None:
        """Stay awake, and serve others meanwhile."""
        if time.perf_counter() < instant:
            self.soon(self.write_at, name, instant)
            return
        version = self.versions[name] = self.versions.get(name, 1) + 1
        self.answer(b"200 OK", version)

    def soon(self, what: Callable[..., None], *arguments: object) -> None:
        """After whoever else has something to be done."""
        asyncio.get_running_loop().call_soon(what, *arguments)

    def answer(self, status: bytes, version: int) -> None:
        self.transport.write(
            b'HTTP/1.1 %s\r\nETag: W/"%d"\r\nContent-Length: 0\r\n\r\n' % (status, version)
        )


def serve(pipe: Pipe, handler: type[Handler] = Handler) -> None:
    """Serve until killed; the port goes into the pipe."""
    keep_to(-1)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            handler, "127.0.0.1", 0, backlog=100
        )
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def keep_to(core: int) -> None:
    """Client and server on cores of their own, where they can be had: else a busy server displaces the client."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})


# ---------------------------------------------------------------- the two techniques

Round = Callable[[list[Request]], int]


def together(base_url: str, rng: random.Random) -> Round:
    """Rounds by the race transport, blocks and all. They return how many updates were accepted."""
    engine = choose(Settings(base_url, timeout=5.0, through_proxy=False)).engine
    probe = Request("GET", f"{base_url}/0/warm")
    calibration = calibrate(engine, probe, max(WRITERS))
    print(calibration.text)
    blocks = Blocks(engine, probe, rng, skew=calibration.skew, settle=calibration.settle)

    def release(requests: list[Request]) -> int:
        results = blocks.release([TimedRequest(request) for request in requests])
        return sum(r.response is not None and r.response.status == 200 for r in results)

    return release


def gathered(loop: asyncio.AbstractEventLoop) -> Round:
    """Rounds by one warm asynchronous client."""
    client = httpx.AsyncClient(trust_env=False, timeout=5.0)

    async def release(requests: list[Request]) -> int:
        sent = (
            client.request(r.method, r.url, headers=list(r.headers), content=r.body)
            for r in requests
        )
        return sum(answer.status_code == 200 for answer in await asyncio.gather(*sent))

    return lambda requests: loop.run_until_complete(release(requests))


# ---------------------------------------------------------------- the comparison


@dataclass
class Tally:
    """What a technique achieved in one cell. Times in seconds."""

    times: list[float]
    hits: int = 0

    @property
    def p(self) -> float:
        return self.hits / len(self.times)

    @property
    def ms(self) -> float:
        return median(self.times) * 1e3

    @property
    def bound(self) -> str:
        """Whether the expected time is one that is at least needed."""
        return " " if self.hits else ">"

    @property
    def expected(self) -> float:
        """ms until the first detection; with none seen, from below: as if the next round were the first."""
        return self.ms / self.p if self.hits else self.ms * (len(self.times) + 1)


def compare(
    base_url: str, gap: float, writers: int, rounds: int, techniques: dict[str, Round]
) -> dict[str, Tally]:
    """So many rounds of each technique, taking turns."""
    tallies = {name: Tally([]) for name in techniques}
    for _ in range(rounds):
        for name in random.sample(list(techniques), len(techniques)):
            url = f"{base_url}/{gap:.6f}/{next(_names)}"
            requests = [Request("PUT", url, (("If-Match", 'W/"1"'),), BODY) for _ in range(writers)]
            started = time.perf_counter()
            accepted = techniques[name](requests)
            tallies[name].times.append(time.perf_counter() - started)
            tallies[name].hits += accepted > 1
    return tallies


_names = count()


def line(gap: float, writers: int, tallies: dict[str, Tally]) -> str:
    """One line of the table, and how many times sooner the last technique detects than the first."""
    cells = [
        f"{tally.p:6.3f} {tally.ms:8.2f} {tally.bound}{tally.expected:9.2f}"
        for tally in tallies.values()
    ]
    first, *_, last = tallies.values()
    ratio = f"{first.bound.strip()}{first.expected / last.expected:.0f}x" if last.hits else "-"
    return " | ".join((f"{gap * 1e3:4.2f} ms {writers:2}", *cells, ratio))


def main(rounds: int, seed: int) -> None:
    """Start the server, compare, print."""
    random.seed(seed)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    keep_to(0)
    base_url = f"http://127.0.0.1:{ours.recv()}"
    techniques = {
        "gather": gathered(asyncio.new_event_loop()),
        "last bytes": together(base_url, random.Random(seed)),
    }
    print(f"{'':10}", *(f"{name:^26}" for name in techniques), sep=" | ")
    print("gap      K", *["     p ms/round  expected"] * len(techniques), "ratio", sep=" | ")
    for gap in GAPS:
        for writers in WRITERS:
            compare(base_url, gap, writers, 5, techniques)
            print(
                line(gap, writers, compare(base_url, gap, writers, rounds, techniques)), flush=True
            )
    server.terminate()


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 150, int(sys.argv[2]) if len(sys.argv) > 2 else 1
    )
