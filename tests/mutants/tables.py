"""What is known of cells that no rule catches: why a text allows them, or that they are to be mended."""

from .cells import matches

#: Why no text forbids what a cell does, with the source, by pattern of its id.
LAWFUL: dict[str, str] = {}

#: Cells that a rule should catch and none does: to be mended in the suite.
OPEN: dict[str, str] = {}


def reason(table: dict[str, str], cell: str) -> str:
    """What a table says of a cell; empty when it does not speak of it."""
    return next((why for pattern, why in table.items() if matches(cell, pattern)), "")
