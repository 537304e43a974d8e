"""How often a race finds the lost update of servers that leave a window between check and write, with no gap added.

Small servers, each in processes of its own, that all check If-Match first and write later:

- dict: `http.server` with a thread per connection over a dict; between check and write it parses the body. The
  interpreter lets nobody else in there but by chance, so the window is hardly there
- threads: the same, and before it changes the dict it appends the new version to a journal on disk
- asyncio: one thread that has the body parsed in another one, and serves others meanwhile
- processes: two processes over one SQLite file, a SELECT and then an UPDATE, each a transaction of its own

A run is race.update.same-version as the effort has it; a run that finds the fault ends at once. It counts as found when
the judge names a fault and the answers alone show a loss. A server that breaks down (an error of its own, a database
that is not sound) gives no figure: what is found on it may have another cause.

    python benchmarks/natural_windows.py [runs, default 24] [effort, default standard] [servers, default all]
"""

import asyncio
import itertools
import json
import multiprocessing
import os
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings
from ifmatch.client.target import Target
from ifmatch.client.workbench import Snapshot, Subject, Workbench
from ifmatch.race.budget import EFFORTS
from ifmatch.race.completion import Completion
from ifmatch.race.environment import Environment
from ifmatch.race.invocations import Invocation
from ifmatch.race.race import Race
from ifmatch.race.runner import Runner
from ifmatch.race.summary import check
from ifmatch.race.workloads import rounds
from ifmatch.race.workloads.rounds import Workload
from ifmatch.rules.profile import load

Resource = dict[str, Any]
Reply = tuple[int, dict[str, str], Resource | None]

# ---------------------------------------------------------------- the stores


class Memory:
    """A dict of all versions."""

    sound = True

    def __init__(self) -> None:
        self.versions: dict[str, list[Resource]] = {}
        self.ids = itertools.count(1)

    async def new_id(self) -> str:
        return str(next(self.ids))

    async def latest(self, resource_id: str) -> Resource | None:
        return self.versions.get(resource_id, [None])[-1]

    async def history(self, resource_id: str) -> list[Resource]:
        return self.versions.get(resource_id, [])

    async def parsed(self, body: bytes) -> Resource:
        return json.loads(body)

    async def write(self, resource_id: str, resource: Resource) -> None:
        self.versions.setdefault(resource_id, []).append(resource)


class Journalled(Memory):
    """The same, with a journal on disk that is written first."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    async def write(self, resource_id: str, resource: Resource) -> None:
        with Path(self.path).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(resource) + "\n")
        await super().write(resource_id, resource)


class Awaiting(Memory):
    """The same, but a body is parsed in another thread so that others are served meanwhile."""

    async def parsed(self, body: bytes) -> Resource:
        return await asyncio.get_running_loop().run_in_executor(None, json.loads, body)


class Table:
    """A file of SQLite; each statement is a transaction of its own."""

    def __init__(self, path: str) -> None:
        self.path = path
        with self._open() as db:
            db.execute("CREATE TABLE IF NOT EXISTS resource (id TEXT PRIMARY KEY, body TEXT)")
            db.execute("CREATE TABLE IF NOT EXISTS version (id TEXT, body TEXT)")

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.path, isolation_level=None, timeout=5))

    @property
    def sound(self) -> bool:
        """Whether the file is what SQLite wrote. If not, what a race finds says nothing of the window."""
        try:
            with self._open() as db:
                return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            return False

    async def new_id(self) -> str:
        return os.urandom(8).hex()

    async def latest(self, resource_id: str) -> Resource | None:
        with self._open() as db:
            row = db.execute("SELECT body FROM resource WHERE id = ?", (resource_id,)).fetchone()
        return json.loads(row[0]) if row else None

    async def history(self, resource_id: str) -> list[Resource]:
        with self._open() as db:
            rows = db.execute(
                "SELECT body FROM version WHERE id = ? ORDER BY rowid", (resource_id,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    async def parsed(self, body: bytes) -> Resource:
        return json.loads(body)

    async def write(self, resource_id: str, resource: Resource) -> None:
        body = json.dumps(resource)
        with self._open() as db:
            db.execute("INSERT OR REPLACE INTO resource VALUES (?, ?)", (resource_id, body))
            db.execute("INSERT INTO version VALUES (?, ?)", (resource_id, body))


Store = Memory | Table

# ---------------------------------------------------------------- what they all do


async def answer(store: Store, method: str, path: str, if_match: str, body: bytes) -> Reply:
    """Just enough of FHIR for a race of updates."""
    words = path.removeprefix("/fhir/").split("/")
    if words == ["metadata"]:
        return 200, {}, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
    if method == "POST":
        resource_id = await store.new_id()
        return await stored(store, 201, resource_id, "1", await store.parsed(body))
    if words[2:] == ["_history"]:
        entries = [
            {"resource": r, "request": {"method": "PUT"}}
            for r in reversed(await store.history(words[1]))
        ]
        return (
            200,
            {},
            {"resourceType": "Bundle", "type": "history", "total": len(entries), "entry": entries},
        )
    latest = await store.latest(words[1])
    if latest is None:
        return 404, {}, None
    version = latest["meta"]["versionId"]
    if method == "GET":
        return 200, {"ETag": f'W/"{version}"'}, latest
    if if_match != f'W/"{version}"':
        return 412, {}, {"resourceType": "OperationOutcome", "issue": []}
    return await stored(store, 200, words[1], str(int(version) + 1), await store.parsed(body))


async def stored(
    store: Store, status: int, resource_id: str, version: str, resource: Resource
) -> Reply:
    """Write a version, and say so."""
    meta = {
        **resource.get("meta", {}),
        "versionId": version,
        "lastUpdated": datetime.now(UTC).isoformat(),
    }
    resource = {**resource, "id": resource_id, "meta": meta}
    await store.write(resource_id, resource)
    return (
        status,
        {"ETag": f'W/"{version}"', "Location": f"Patient/{resource_id}/_history/{version}"},
        resource,
    )


def encoded(reply: Reply) -> bytes:
    """A reply as it goes over the wire."""
    status, headers, resource = reply
    body = json.dumps(resource).encode() if resource is not None else b""
    lines = [
        f"{name}: {value}" for name, value in {**headers, "Content-Length": str(len(body))}.items()
    ]
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode() + body


# ---------------------------------------------------------------- the ways they serve


def at_once(steps: Coroutine[Any, Any, Reply]) -> Reply:
    """What comes of a coroutine that waits for nothing."""
    try:
        steps.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("it waits")


def serve_with_threads(store: Callable[[], Store], listener: socket.socket, errors: Any) -> None:
    """A thread per connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        shop = store()

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if_match = self.headers.get("If-Match", "")
            self.wfile.write(
                encoded(at_once(answer(self.shop, self.command, self.path, if_match, body)))
            )

        do_POST = do_PUT = do_GET  # noqa: N815 -- the names that http.server looks for

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            if not isinstance(
                sys.exception(), ConnectionError
            ):  # a client that goes is none of its errors
                with errors.get_lock():
                    errors.value += 1

    server = Server(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket = listener
    server.serve_forever()


def serve_with_asyncio(store: Callable[[], Store], listener: socket.socket, errors: Any) -> None:
    """One thread for all connections."""
    shop = store()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                pairs = (line.partition(":") for line in head[1:])
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, path, _ = head[0].split()
                writer.write(
                    encoded(await answer(shop, method, path, headers.get("if-match", ""), body))
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        except Exception:
            errors.value += 1
            raise

    async def main() -> None:
        await (await asyncio.start_server(talk, sock=listener)).serve_forever()

    asyncio.run(main())


@contextmanager
def running(name: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """One of the servers: its base URL, and what is wrong with it, if anything is."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0), backlog=64) as listener,
    ):
        serve, store, count = {
            "dict": (serve_with_threads, Memory, 1),
            "threads": (serve_with_threads, partial(Journalled, f"{folder}/journal"), 1),
            "asyncio": (serve_with_asyncio, Awaiting, 1),
            "processes": (serve_with_threads, partial(Table, f"{folder}/db"), 2),
        }[name]
        kept, fork = store(), multiprocessing.get_context("fork")
        errors = fork.Value("i", 0)
        processes = [
            fork.Process(target=serve, args=(store, listener, errors), daemon=True)
            for _ in range(count)
        ]
        for process in processes:
            process.start()

        def broken() -> str:
            return (
                ""
                if kept.sound and not errors.value
                else f"sound: {kept.sound}, errors: {errors.value}"
            )

        yield f"http://127.0.0.1:{listener.getsockname()[1]}/fhir", broken
        for process in processes:
            process.kill()
            process.join()


# ---------------------------------------------------------------- the runs


def race(url: str, effort: str, seed: int) -> Race:
    """One run of race.update.same-version."""
    target = Target(
        Settings(url, timeout=5, through_proxy=False),
        load("fhir-r4"),
        "run",
        Recorder(lambda _: None, Redactor()),
    )
    bench = Workbench(target, "Patient", history=False)
    runner = Runner(
        Environment.measured(target, bench.make(), 4),
        target,
        bench,
        EFFORTS[effort],
        4,
        seed,
        check,
    )

    def invocations(subject: Subject, seen: Snapshot, writers: int) -> list[Invocation]:
        return [runner.invocations.update(subject, seen) for _ in range(writers)]

    try:
        return rounds.run(runner, Workload(invocations))
    finally:
        target.close()
        runner.environment.engine.close()


def lost(completions: list[Completion]) -> bool:
    """Whether a round lost an update, by the answers alone: two writes that named one version were both accepted."""
    bases = [one.operation.base for one in completions if one.accepted]
    return len(set(bases)) < len(bases)


def main(runs: str = "24", effort: str = "standard", *names: str) -> None:
    """Print the share of runs that find it, and after how many rounds they do."""
    for name in names or ("dict", "threads", "asyncio", "processes"):
        begun, raced = time.perf_counter(), []
        with running(name) as (url, broken):
            time.sleep(0.3)
            raced = [race(url, effort, seed) for seed in range(1, int(runs) + 1)]
            wrong = broken()
        if wrong:
            print(
                f"{name:10} no figure: the server itself broke down ({wrong}), so what was found says nothing"
            )
            continue
        found = [len(one.rounds) for one in raced if one.faults and any(map(lost, one.rounds))]
        total = sum(len(one.rounds) for one in raced)
        lossy = sum(lost(completions) for one in raced for completions in one.rounds)
        after = f"after {median(found):g} rounds (at most {max(found)})" if found else "never"
        kinds = {str(fault.anomaly.name.label) for one in raced for fault in one.faults}
        print(
            f"{name:10} found by {len(found)} of {runs} runs, {after}; {lossy} of {total} rounds lost an update; "
            f"{', '.join(sorted(kinds))}; {time.perf_counter() - begun:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
