"""What the judge says of a history changes only when someone means it to."""

from tests.judge.said import FILE, everything


def test_what_the_judge_says_is_as_it_was() -> None:
    """Witnesses, versions and words; `python -m tests.judge.said` writes them anew."""
    assert everything() == FILE.read_text(encoding="utf-8")
