"""A FHIR server whose reads come from a replica: an asynchronous copy that is some time behind what was acknowledged.

Writes, conditions included, are decided by a primary that keeps every promise: an embedded server. Whatever only looks
(GET and HEAD, histories and searches too) is answered by a second one, which knows of a version once that is `lag`
seconds old. Nothing is ever lost; only who reads at once does not see what was just written. `python -m
tests.lagging_replica` serves until it is ended.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from urllib.parse import urlsplit

from ifmatch.reference.server import EmbeddedServer
from ifmatch.reference.store import Store
from ifmatch.rules.profile import load
from tests.two_nodes import Node


class Replica(Store):
    """What of a primary's memory is old enough to have arrived here."""

    def __init__(self, primary: Store, lag: float) -> None:
        super().__init__()
        self._primary, self._lag = primary, timedelta(seconds=lag)

    @property
    def _versions(self):
        arrived = datetime.now(UTC) - self._lag
        # The primary writes in a thread of its own: a copy in one go cannot be torn by that, walking through it could.
        everything = dict(self._primary._versions)
        known = {
            key: [version for version in tuple(versions) if version.time <= arrived]
            for key, versions in everything.items()
        }
        return {key: versions for key, versions in known.items() if versions}

    @_versions.setter
    def _versions(self, _) -> None:
        """A replica is not written to."""


class Front(Node):
    """Passes what only looks on to the replica, and all else to the primary."""

    replica = primary = ("127.0.0.1", 0)

    def _answer(self) -> None:
        looks = self.command in ("GET", "HEAD") and not self.path.endswith("/metadata")
        self.store = self.replica if looks else self.primary
        self._pass_on(self._headers(), self._body())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  (http.server asks for these names)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def lagging_replica(lag: float = 0.1, profile: str = "fhir-r4") -> Iterator[str]:
    """The address of such a server, for the length of a `with`; its replica is `lag` seconds behind."""
    primary, copy = EmbeddedServer(load(profile)), EmbeddedServer(load(profile))
    copy.world = replace(copy.world, store=Replica(primary.world.store, lag))
    with primary, copy:
        there = {"primary": _address(primary), "replica": _address(copy)}
        with _Server(("127.0.0.1", 0), type("FrontOf", (Front,), there)) as front:
            threading.Thread(target=front.serve_forever, args=(0.01,), daemon=True).start()
            try:
                yield f"http://127.0.0.1:{front.server_port}/fhir"
            finally:
                front.shutdown()


def _address(server: EmbeddedServer) -> tuple[str, int]:
    url = urlsplit(server.base_url)
    return url.hostname or "", url.port or 0


if __name__ == "__main__":
    with lagging_replica() as url:
        print(url, flush=True)
        threading.Event().wait()
