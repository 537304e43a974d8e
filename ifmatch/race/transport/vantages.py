"""The engine for races from several machines: what a load balancer or two data centres hide from a single client.

Writers are dealt out among this machine and the vantage points. Each point is told an instant at which to let the last
bytes go, earlier by as much as its way to the target is longer. Times come back in our clock, widened by what is not
known of theirs.
"""

from collections.abc import Sequence

from ifmatch.errors import TargetUnusable
from ifmatch.race.transport.engine import Engine, Mode, Result, TimedRequest
from ifmatch.race.transport.instant import BRIEFLY, Hold, clock, wait_until
from ifmatch.race.transport.vantage_point import VantagePoint

#: ns; how much longer than the slowest message to a point the release is put off.
_MARGIN = 2_000_000


class Vantages:
    """An engine here and others elsewhere. `way` (ns) is how long it takes from here to the target and back."""

    def __init__(self, here: Engine, points: Sequence[VantagePoint], way: int) -> None:
        self._here, self._points, self._way = here, points, way

    @property
    def text(self) -> str:
        """One line for the report."""
        named = ", ".join(f"{point.name} ({_clock(point)})" for point in self._points)
        return f"Writers sit here and at {named}."

    def release(
        self, requests: Sequence[TimedRequest], mode: Mode = Mode.LAST_BYTE, *, hold: Hold = BRIEFLY
    ) -> list[Result]:
        """One round (see Engine); a request alone is sent from here. Raises TargetUnusable when a point was lost in an
        earlier round; the round in which it is lost goes on, and what was to be sent from there has no known outcome.
        """
        dealt = self._dealt(requests)
        busy = [point for point, part in zip(self._points, dealt[1:], strict=True) if part]
        for point in busy:
            point.narrow_clock()
        self._demand_all(busy)
        parts = zip(self._points, dealt[1:], strict=True)
        awaited = [point.prepare(part, mode) for point, part in parts if part]

        def hold_all() -> None:
            hold()
            self._release_together(busy)

        results = [self._here.release(dealt[0], mode, hold=hold_all if busy else hold)]
        results += [wait() for wait in awaited]
        return self._in_order(results, len(requests))

    def _dealt(self, requests: Sequence[TimedRequest]) -> list[Sequence[TimedRequest]]:
        """The requests by where they are sent from, this machine first."""
        places = 1 + len(self._points)
        return [requests[place::places] for place in range(places)]

    def _in_order(self, parts: Sequence[Sequence[Result]], count: int) -> list[Result]:
        """The results in the order of their requests."""
        turns = max(map(len, parts))
        in_turn = [part[turn] for turn in range(turns) for part in parts if turn < len(part)]
        return in_turn[:count]

    def _demand_all(self, points: Sequence[VantagePoint]) -> None:
        for point in points:
            if point.lost:
                raise TargetUnusable(
                    f"The vantage point {point.name} is gone ({point.lost}), so no race can be run from there. "
                    "Start it again, or leave it out."
                )

    def _release_together(self, points: Sequence[VantagePoint]) -> None:
        for point in points:
            point.await_held()
        farthest = max(self._way, *(point.way for point in points))
        slowest = max(point.clock.error for point in points)
        arrival = clock() + farthest // 2 + slowest + _MARGIN
        for point in points:
            point.release_at(arrival - point.way // 2)
        wait_until(arrival - self._way // 2)

    def redial(self) -> None:
        """Forget all connections, wherever they are."""
        self._here.redial()
        for point in self._points:
            point.redial()

    def close(self) -> None:
        """Close all connections, and let go of the machines."""
        self._here.close()
        for point in self._points:
            point.close()


def _clock(point: VantagePoint) -> str:
    return f"its clock known to {point.clock.error / 1e6:.2f} ms"
