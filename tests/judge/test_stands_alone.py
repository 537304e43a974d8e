"""The judge stands alone: it imports nothing but itself and the standard library, and its front page is true."""

import ast
import doctest
import sys
from pathlib import Path

import pytest

import ifmatch.judge

FOLDER = Path(ifmatch.judge.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, by their full names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports say in full what they import"
            names.add(str(node.module))
    return names


def is_judge(name: str) -> bool:
    return name == "ifmatch.judge" or name.startswith("ifmatch.judge.")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_the_judge_imports_itself_and_the_standard_library_only(path: Path) -> None:
    others = {name for name in imported(path) if not is_judge(name)}
    assert {name.partition(".")[0] for name in others} <= sys.stdlib_module_names


def test_the_example_on_its_front_page_works() -> None:
    result = doctest.testmod(ifmatch.judge)
    assert result.attempted
    assert not result.failed


def test_its_public_names_are_there() -> None:
    for name in ifmatch.judge.__all__:
        assert hasattr(ifmatch.judge, name)
