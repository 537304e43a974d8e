"""Instants of one monotonic clock in nanoseconds, and waiting for them."""

import time
from collections.abc import Callable

clock = time.monotonic_ns

#: What is done while the last bytes are held back.
Hold = Callable[[], object]

#: ns; how long the target is given by default to take in what was sent before the last bytes follow.
SETTLE = 500_000

#: ns; shorter waits are spent awake, since a sleep wakes late by about as much.
AWAKE = 200_000


def settling(duration: int = SETTLE) -> Hold:
    """A hold that only lets time pass; ns."""
    return lambda: wait_until(clock() + duration)


BRIEFLY: Hold = settling()


def wait_until(instant: int) -> None:
    """Until an instant of the clock: asleep while it is far, awake when it is near."""
    far = instant - clock() - AWAKE
    if far > 0:
        time.sleep(far / 1e9)
    while clock() < instant:
        pass
