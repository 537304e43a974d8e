"""Which step definition carries out a sentence: one and only one, found as pytest-bdd would find it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_bdd import parsers
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from ifmatch.suite.step_lookup import StepTable

HOME = Path(__file__).parent.parent


class Definition:
    """What a table reads of pytest's definition of a fixture."""

    def __init__(self, kind, parser):
        self.func = lambda: None
        step_function_context_registry[self.func] = StepFunctionContext(kind, lambda: None, parser)


FIXED = Definition("given", parsers.string("a resource"))
SAME_WORDS = Definition("when", parsers.string("a resource"))
PARSED = Definition("given", parsers.parse("a resource of {kind}"))
ANY_KIND = Definition(None, parsers.re(r"a resource( of Patient)?"))


@pytest.mark.parametrize(
    ("kind", "sentence", "found"),
    [
        ("given", "a resource", [FIXED]),
        ("when", "a resource", [SAME_WORDS]),
        ("then", "a resource", []),
        ("given", "a resource of Patient", [PARSED]),
        ("given", "a Resource", []),
    ],
)
def test_a_sentence_finds_its_definition(kind, sentence, found):
    table = StepTable([FIXED, SAME_WORDS, PARSED])
    assert table.definitions_of(kind, sentence) == found
    assert table.definitions_of(kind, sentence) == found  # as it was remembered


def test_all_definitions_of_a_sentence_are_found():
    assert StepTable([ANY_KIND, PARSED, FIXED]).definitions_of("given", "a resource") == [
        FIXED,
        ANY_KIND,
    ]


STEPS = """
from pytest_bdd import given, parsers

@given("{sentence}")
def near(): pass
"""


def _run_with(steps, tmp_path):
    """What a run says that has these steps besides ours, for one rule that begins with "a resource on the server"."""
    (tmp_path / "more_steps.py").write_text(steps, encoding="utf-8")
    surroundings = os.environ | {"PYTHONPATH": str(tmp_path), "PYTEST_PLUGINS": "more_steps"}
    command = [
        sys.executable,
        "-m",
        "ifmatch",
        "run",
        "-p",
        "spine",
        "--rules",
        "update.if-match.stale",
        "-o",
        "run",
    ]
    return subprocess.run(
        command,
        cwd=tmp_path,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_two_definitions_of_one_sentence_are_an_error(tmp_path):
    done = _run_with(STEPS.replace("{sentence}", "a resource on the server"), tmp_path)
    assert "steps.resources.a_resource" in done.stdout.replace("\n", " ")
    assert "more_steps.near" in done.stdout
    assert done.returncode == 3


def test_a_definition_of_another_sentence_is_none(tmp_path):
    assert _run_with(STEPS.replace("{sentence}", "a resource elsewhere"), tmp_path).returncode == 0
