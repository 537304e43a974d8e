"""`report.json`: the run for machines. Its fields are a promise, written down in `report.schema.json`."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from ifmatch.errors import ConfigurationError
from ifmatch.log.events import Event
from ifmatch.report.run import Judged, Run, verdict_of

FILE_NAME = "report.json"
SCHEMA = 1

Document = dict[str, Any]

#: What a rule's entry takes over from the case that speaks for it, with what stands in for a field it lacks.
_TOLD: Mapping[str, Any] = {
    "title": "", "feature": "", "level": None, "message": "", "says": "",
    "expected": {}, "observed": {}, "source": {}, "findings": [],
}  # fmt: skip

#: What a rule's entry has only when its case has it.
_TOLD_IF_THERE = ("culprit", "race", "waiver")

_NAME_A_RUN = "Name a run's folder or its report.json."

#: What one case of several is told by.
_CASE = ("resource_type", "row", "verdict", "message", "expected", "observed", "findings", "exchanges")


def document(run: Run) -> Document:
    """The run as `report.json` holds it."""
    return {
        "schema": SCHEMA,
        "suite": {"name": run.suite.get("name", "ifmatch"), "version": run.suite.get("version", "")},
        "complete": run.complete,
        "conformant": run.conformant,
        "exit_code": int(run.exit_code),
        "message": run.message,
        "run": {
            "id": run.id,
            "started": run.started,
            "finished": run.finished or None,
            "duration_s": run.duration,
            "seed": run.seed,
            "command": run.command,
        },
        "target": {
            "base_url": run.target.get("base_url", ""),
            "software": run.target.get("software") or "",
            "fhir_version": run.target.get("fhir_version") or "",
        },
        "profile": {key: run.profile.get(key, "") for key in ("id", "title", "label", "sha256")},
        "counts": {verdict.value: count for verdict, count in run.counts.items()},
        "rules": [_rule(judged) for judged in run.rules],
        "warnings": run.warnings,
        "left": [{"type": left.type, "id": left.id, "reason": left.reason} for left in run.left],
    }


def problems(report: object) -> list[str]:
    """In what a document differs from the schema of `report.json`, each with its place; empty when it is valid."""
    errors = sorted(_validator().iter_errors(report), key=lambda error: [str(part) for part in error.absolute_path])
    return [f"{'.'.join(map(str, error.absolute_path)) or 'top level'}: {error.message[:200]}" for error in errors]


def load(path: Path) -> Document:
    """A `report.json`, or the one in a run's folder. Raises ConfigurationError when it is none."""
    file = path / FILE_NAME if path.is_dir() else path
    try:
        report: Document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}. {_NAME_A_RUN}") from None
    except ValueError:
        raise ConfigurationError(f"{file} is not JSON. {_NAME_A_RUN}") from None
    if wrong := problems(report):
        raise ConfigurationError(f"{file} is not a report of this version of ifmatch: {wrong[0]}.")
    return report


def _rule(judged: Judged) -> Document:
    case = judged.spokesman
    told = {key: case.get(key) or substitute for key, substitute in _TOLD.items()}
    more = {key: case[key] for key in _TOLD_IF_THERE if case.get(key)}
    several = {"cases": [_case(each) for each in judged.cases]} if len(judged.cases) > 1 else {}
    head = {"rule": judged.rule, "verdict": judged.verdict.value}
    return head | told | {"exchanges": judged.exchanges} | more | several


def _case(case: Event) -> Document:
    return {key: case[key] for key in _CASE if key in case} | {"verdict": verdict_of(case).value}


@cache
def _validator() -> Draft202012Validator:
    schema = Path(__file__).with_name("report.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(schema))
