"""The race transport: requests that reach the target as nearly at one instant as can be, and when they did."""

from ifmatch.race.transport.authorized import Authorized
from ifmatch.race.transport.blocks import Blocks
from ifmatch.race.transport.choose import Choice, choose
from ifmatch.race.transport.engine import Engine, Mode, Result, TimedRequest
from ifmatch.race.transport.feedback import Side, WinnerFeedback
from ifmatch.race.transport.wideners import Widener, held_body

__all__ = [
    "Authorized",
    "Blocks",
    "Choice",
    "Engine",
    "Mode",
    "Result",
    "Side",
    "TimedRequest",
    "Widener",
    "WinnerFeedback",
    "choose",
    "held_body",
]
