"""An engine whose requests carry the Authorization header of the moment at which they leave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ifmatch.client.auth.authorizer import Authorizer
from ifmatch.race.transport.engine import Engine, Mode, Result, TimedRequest
from ifmatch.race.transport.instant import BRIEFLY, Hold


@dataclass(frozen=True, slots=True)
class Authorized:
    """Renews tokens that end soon before a round, and none until all of it is answered."""

    engine: Engine
    authorizer: Authorizer

    def release(
        self, requests: Sequence[TimedRequest], mode: Mode = Mode.LAST_BYTE, *, hold: Hold = BRIEFLY
    ) -> list[Result]:
        """One round, as an engine does it. Raises TargetUnusable when no token can be had."""
        with self.authorizer.held():
            authorized = [
                replace(timed, request=self.authorizer.authorized(timed.request))
                for timed in requests
            ]
            return self.engine.release(authorized, mode, hold=hold)

    def redial(self) -> None:
        """Forget all connections; the next round has new ones."""
        self.engine.redial()

    def close(self) -> None:
        """Close all connections."""
        self.engine.close()
