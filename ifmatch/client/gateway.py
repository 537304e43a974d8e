"""Other machines, reached by execnet, as pytest-xdist reaches them: each with an ifmatch of its own."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ifmatch import __version__
from ifmatch.errors import ConfigurationError

if TYPE_CHECKING:
    import execnet

#: Seconds that a machine may take to say which version it has.
_LONGEST_START = 60.0

_VERSION = "import ifmatch; channel.send(ifmatch.__version__)"


def gateway_to(spec: str) -> "execnet.Gateway":
    """A gateway to where ifmatch is installed in our version, by a spec of execnet's; it ends with this process.

    Raises ConfigurationError when there is none.
    """
    import execnet

    # What is installed there is run, and not what lies in the folder that it begins in.
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        gateway = execnet.makegateway(spec)
        version = gateway.remote_exec(_VERSION).receive(_LONGEST_START)
    except gateway_errors() as error:
        last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise ConfigurationError(
            f"{spec} is of no use ({last}). It must be a machine that execnet reaches, such as "
            f"ssh=NAME//python=PATH, with ifmatch {__version__} installed in that Python."
        ) from None
    if version != __version__:
        raise ConfigurationError(
            f"{spec} has ifmatch {version}, and here it is {__version__}. Install the same version in both."
        )
    return gateway


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
