"""What the monitors say changes only when someone means it to."""

from monitors_said import FILE, everything


def test_what_the_monitors_say_is_as_it_was():
    """Facts, exchanges and words; `python tests/monitors_said.py` writes them anew."""
    assert everything() == FILE.read_text(encoding="utf-8")
