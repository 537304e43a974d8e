"""The embedded reference server: start it, use its base URL, stop it."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp

from ifmatch.errors import ConfigurationError
from ifmatch.reference.access import Access, telling
from ifmatch.reference.app import BASE_PATH, application
from ifmatch.reference.dialect import Dialect
from ifmatch.reference.exchange import World
from ifmatch.reference.faults import Faults
from ifmatch.reference.store import Store, id_names, version_names
from ifmatch.rules.profile import Profile

HOST = "127.0.0.1"

#: Seconds that starting and stopping may take, far more than either needs.
_PATIENCE = 10.0


class EmbeddedServer:
    """A FHIR server in memory, in a thread of its own, that answers as a profile promises: a context manager.

    `faults` names ways in which it is to be wrong (see faults.py). `tokens` maps bearer tokens to `write` or `read`;
    when it is given, every request but the one for the capability statement needs one. `port` 0 takes any free port.
    `tell` is told of each request, in the server's thread.
    Raises ConfigurationError when a fault is unknown or the port is taken.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        faults: Iterable[str] = (),
        port: int = 0,
        tokens: Mapping[str, str] | None = None,
        tell: Callable[[Access], None] | None = None,
    ) -> None:
        self._tell = tell
        self.world = World(
            profile=profile,
            dialect=Dialect.of(profile),
            store=Store(),
            faults=Faults(faults),
            new_version=version_names(profile.embedded.versions),
            new_id=id_names(profile.embedded.ids),
            tokens=tokens,
        )
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def base_url(self) -> str:
        """The address of the FHIR end-point. Raises RuntimeError when the server was not started."""
        if self._socket is None:
            raise RuntimeError("the embedded server has no address before it is started")
        return f"http://{HOST}:{self._port}{BASE_PATH}"

    def start(self) -> "EmbeddedServer":
        """Start serving; when this returns, requests are answered."""
        self._socket = _bound(self._port)
        self._port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._application(),
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            name="ifmatch-reference",
            daemon=True,
        )
        self._thread.start()
        self._await_start()
        return self

    def _application(self) -> ASGIApp:
        app = application(self.world)
        return telling(app, self._tell) if self._tell else app

    def stop(self) -> None:
        """Stop serving and give the port back. Stopping twice does no harm."""
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join(_PATIENCE)
        if self._socket is not None:
            self._socket.close()
        self._server = self._thread = self._socket = None

    def wait(self) -> None:
        """Serve until interrupted or stopped; the interrupt (Ctrl-C) reaches the caller as KeyboardInterrupt."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)

    def __enter__(self) -> "EmbeddedServer":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _await_start(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._server is not None and not self._server.started:
            if time.monotonic() > deadline or not self._is_running():
                raise RuntimeError("the embedded server did not start")
            time.sleep(0.002)

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()


class _Server(uvicorn.Server):
    """Ends when it is told to; uvicorn's own looks every tenth of a second whether to."""

    async def main_loop(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        await self.on_tick(0)
        await self._ended.wait()

    def end(self) -> None:
        """Answer what was asked, then end. May be called from any thread, once it has started."""
        self._loop.call_soon_threadsafe(self._ended.set)


def _reason(error: OSError | OverflowError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "ports have the numbers from 0 to 65535"


def _bound(port: int) -> socket.socket:
    """A listening socket of our own, so that the port is known and ours before the first request."""
    # With the protocol named, asyncio turns off Nagle on each connection; else answers wait 40 ms for a delayed ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(256)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigurationError(
            f"The embedded server cannot listen on port {port}: {_reason(error)}. "
            "Choose another port, or 0 for any free one."
        ) from None
    return listener
