"""Other machines, reached by execnet, as pytest-xdist reaches them: each with an ifmatch of its own."""

import os
import queue
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ifmatch import __version__
from ifmatch.errors import ConfigurationError

if TYPE_CHECKING:
    import execnet

#: Seconds that a machine may take to say which version it has.
_LONGEST_START = 60.0

#: Keeps Python from looking for modules where it begins.
_SAFE_PATH = "PYTHONSAFEPATH"

#: Variables are those of the whole process: one at a time may change them for a while.
_ENVIRONMENT = threading.Lock()

_VERSION = "import ifmatch; channel.send(ifmatch.__version__)"


def gateway_to(spec: str) -> "execnet.Gateway":
    """A gateway to where ifmatch is installed in our version, by a spec of execnet's; it ends with this process.

    Raises ConfigurationError when there is none.
    """
    with what_is_installed():
        gateway, version = _begun(spec)
    if version != __version__:
        raise ConfigurationError(
            f"{spec} has ifmatch {version}, and here it is {__version__}. Install the same version in both."
        )
    return gateway


@contextmanager
def what_is_installed() -> Iterator[None]:
    """A while in which a Python that is begun runs the suite that is installed, and not what lies where it begins."""
    with _ENVIRONMENT:
        before = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_SAFE_PATH]
            else:
                os.environ[_SAFE_PATH] = before


def _begun(spec: str) -> tuple["execnet.Gateway", str]:
    """A gateway, and the version of ifmatch there.

    It is begun by a thread that Ctrl-C does not reach, and what begins there inherits that: the keys go to all that
    belong to a terminal, and a way to another machine that they broke would take what runs there along. Whoever waits
    here may still break that off. Raises ConfigurationError.
    """
    import execnet

    came: queue.Queue[tuple[execnet.Gateway, str] | Exception] = queue.Queue()

    def begin() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            gateway = execnet.makegateway(spec)
            came.put((gateway, gateway.remote_exec(_VERSION).receive(_LONGEST_START)))
        except gateway_errors() as error:
            came.put(error)

    threading.Thread(target=begin, daemon=True).start()
    try:
        found = came.get(timeout=2 * _LONGEST_START)
    except queue.Empty:
        found = TimeoutError(f"there was no answer in {2 * _LONGEST_START:.0f} s")
    if isinstance(found, Exception):
        raise ConfigurationError(
            f"{spec} is of no use ({_reason(found)}). It must be a machine that execnet reaches, such as "
            f"ssh=NAME//python=PATH, without a question being asked, with ifmatch {__version__} installed in that "
            "Python."
        )
    return found


def _reason(error: Exception) -> str:
    """Why a gateway did not come about; what ssh itself says goes past us, to standard error."""
    import execnet

    if isinstance(error, execnet.HostNotFound):
        return "ssh found no way in, and says above why"
    if (
        isinstance(error, OSError) and not error.errno
    ):  # as execnet says it: cannot send (already closed?)
        return "its Python did not start"
    return last_line(error)


def last_line(error: Exception) -> str:
    """The end of what an error says: from elsewhere it comes with a traceback."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def demand_machines(specs: Iterable[str]) -> None:
    """See that each machine can be had, before anything is written that a run without it would only have to remove.

    Raises ConfigurationError for the first that cannot.
    """
    for spec in specs:
        gateway_to(spec).exit()


def gateway_errors() -> tuple[type[Exception], ...]:
    """What may go wrong with a gateway."""
    import execnet

    return (
        execnet.HostNotFound,
        execnet.RemoteError,
        execnet.TimeoutError,
        EOFError,
        OSError,
        ValueError,
        AssertionError,  # what execnet says of a spec that it does not know
    )
