"""`report.json`: the run for machines. Its fields are a promise, written down in `report.schema.json`."""

import json
from pathlib import Path
from typing import Any

import msgspec

from ifmatch.errors import ConfigurationError
from ifmatch.log.events import Expected, RaceFacts, VerdictReached
from ifmatch.report.causes import Cause, causes
from ifmatch.report.run import Judged, Run
from ifmatch.rules.schema_words import slip
from ifmatch.rules.verdict import Verdict

FILE_NAME = "report.json"
SCHEMA = 1
_SCHEMA_FILE = Path(__file__).with_name("report.schema.json")

Document = dict[str, Any]

_NAME_A_RUN = "Name a run's folder or its report.json."


def document(run: Run) -> Document:
    """The run as `report.json` holds it."""
    return {
        "schema": SCHEMA,
        "suite": _plain(run.suite),
        "complete": run.complete,
        "conformant": run.conformant,
        "left_out": list(run.left_out),
        "out_of_time": run.out_of_time,
        "known": run.known,
        "exit_code": int(run.exit_code),
        "message": run.message,
        "run": {
            "id": run.id,
            "started": run.started,
            "finished": run.finished or None,
            "duration_s": run.duration,
            "seed": run.seed,
            "command": list(run.command),
        },
        "target": {
            "base_url": run.target.base_url,
            "software": run.target.software or "",
            "fhir_version": run.target.fhir_version or "",
        },
        "profile": _plain(run.profile),
        "counts": {verdict.value: count for verdict, count in run.counts.items()},
        "rules": [_rule(judged) for judged in run.rules],
        "causes": [_cause(cause) for cause in causes(_failed(run), run)],
        "warnings": run.warnings,
        "left": [_plain(left) for left in run.left],
        "writes": {
            "foreseen": run.foreseen.writes,
            "sent": run.writes,
            "resources_foreseen": _plain(run.foreseen.resources),
            "resources_made": dict(run.made),
        },
    }


def _failed(run: Run) -> list[Judged]:
    return [judged for judged in run.rules if judged.verdict is Verdict.FAIL]


def _cause(cause: Cause) -> Document:
    """Rules that fail for one reason, the one that shows it most simply first."""
    return {"cause": cause.heading, "rules": [judged.rule for judged in cause.rules]}


def as_json(run: Run) -> bytes:
    """The document as the bytes of its file."""
    text = json.dumps(document(run), indent=2, ensure_ascii=False)
    return f"{text}\n".encode("utf-8", "replace")


def flaw(report: object) -> str:
    """What is most plainly not as `report.json` has it, with its place; empty when a document is valid."""
    found = slip(_SCHEMA_FILE, report)
    return f"{found.place}: {found.what}" if found else ""


def load(path: Path) -> Document:
    """A `report.json`, or the one in a run's folder. Raises ConfigurationError when it is none."""
    file = path / FILE_NAME if path.is_dir() else path
    report: Document = _json_in(file)
    wrong = flaw(report)
    if wrong:
        raise ConfigurationError(
            f"{file} is not a report of this version of ifmatch: {wrong} `ifmatch report` makes it of the log again."
        )
    return report


def _json_in(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error.strerror}. {_NAME_A_RUN}"
        ) from None
    except ValueError:
        raise ConfigurationError(f"{file} is not JSON. {_NAME_A_RUN}") from None


def _rule(judged: Judged) -> Document:
    case = judged.spokesman
    entry = {
        "rule": judged.rule,
        "verdict": judged.verdict.value,
        "title": case.title,
        "feature": case.feature,
        "level": _plain(case.level),
        "message": case.message,
        "says": case.says,
        "expected": _expected(case),
        "observed": _plain(case.observed),
        "source": _plain(case.source) or {},
        "findings": _plain(case.findings),
        "exchanges": judged.exchanges,
    }
    return entry | _if_there(judged)


def _if_there(judged: Judged) -> Document:
    """What a rule's entry has only when its case has it."""
    case = judged.spokesman
    more = {
        "culprit": case.culprit,
        "race": _race(case.race),
        "waiver": _plain(case.waiver),
        "cases": _cases(judged),
    }
    return {name: value for name, value in more.items() if value}


def _cases(judged: Judged) -> list[Document]:
    """The cases of a rule that has several; the only one of another is the rule's entry itself."""
    return [_case(each) for each in judged.cases] if len(judged.cases) > 1 else []


def _case(case: VerdictReached) -> Document:
    """What is said of one case of several."""
    return {
        "resource_type": case.resource_type,
        "row": _plain(case.row),
        "verdict": case.verdict.value,
        "message": case.message,
        "expected": _expected(case),
        "observed": _plain(case.observed),
        "findings": _plain(case.findings),
        "exchanges": list(case.exchanges),
    }


def _expected(case: VerdictReached) -> Document:
    return {} if case.expected == Expected() else _plain(case.expected)


def _race(race: RaceFacts | None) -> Document:
    facts: Document = _plain(race) or {}
    if facts and not facts["picture"]:
        del facts["picture"]
    return facts


def _plain(value: object) -> Any:
    """A value as JSON knows it: no tuples, no enumerations."""
    return json.loads(json.dumps(msgspec.to_builtins(value, enc_hook=str)))
