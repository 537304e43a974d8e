"""The event log: what is written is read back, also by other versions, and what was made is folded in one place."""

import json

import pytest

from ifmatch.errors import ConfigurationError
from ifmatch.log import events
from ifmatch.log.journal import Fate, standing
from ifmatch.log.reader import FILE_NAME, event_of, read
from ifmatch.log.writer import EventLog, line_of
from ifmatch.rules.expectation import Finding, Level, Source
from ifmatch.rules.verdict import Verdict

VERDICT = events.VerdictReached(
    rule="update.if-match.stale", verdict=Verdict.FAIL, level=Level.SHALL, message="expected 412; got 200",
    expected=events.Expected((412,), ("OperationOutcome",), "412"), observed={"status": 200, "facts": ["a", "b"]},
    findings=(Finding("412", "200", state=True),), source=Source("R4", "https://hl7.org/fhir/R4/http.html"),
    race=events.RaceFacts(rounds=3, reproduced=(2, 5), anomalies=(events.AnomalySeen("lost update"),)),
    steps=(events.StepCarriedOut("When", "it is updated", "failed", ("1", "2"), (Finding("412", "200"),)),),
)  # fmt: skip

EXCHANGE = events.ExchangeRecorded(
    id="1", rule="read.found", step=0, started="2026-11-28T10:00:00+00:00", duration_ms=1.5,
    request=events.RequestSent("GET", "http://x/fhir/Patient/1", (("Accept", "application/fhir+json"),)),
    response=events.ResponseReceived(200, "OK", "HTTP/1.1", (("ETag", 'W/"1"'),), "{}"),
)  # fmt: skip


def written(folder, *told, redact=str):
    log = EventLog(folder, redact)
    seen = [log.write(event) for event in told]
    log.close()
    return seen


EVENTS = [
    VERDICT,
    EXCHANGE,
    events.RunStarted(run="r", command=("ifmatch",), seed=1),
    events.Journalled(action="created", type="Patient", id="7", original={"a": [1]}),
    *(kind() for kind in events.KINDS.values()),
]


@pytest.mark.parametrize(
    "event", EVENTS, ids=lambda event: f"{type(event).__name__}-{EVENTS.index(event)}"
)
def test_what_is_written_is_read_back(tmp_path, event):
    """Every kind of event, with every field."""
    (seen,) = written(tmp_path, event)
    assert list(read(tmp_path)) == [seen]
    assert line_of(seen) | {"time": ""} == line_of(event)


def test_no_secret_reaches_the_log_however_deep_it_stands(tmp_path):
    """The redaction goes over every text, so a field that is added later is covered."""
    written(tmp_path, VERDICT, redact=lambda text: text.replace("412", "[redacted]"))
    assert "412;" not in (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    assert "[redacted] with" not in (tmp_path / FILE_NAME).read_text(encoding="utf-8")


def test_a_field_of_a_newer_version_is_kept():
    """What this version does not know goes through it unchanged."""
    line = {"event": "notice", "time": "t", "text": "waiting", "colour": {"r": 1}}
    assert line_of(event_of(line)) == line


@pytest.mark.parametrize(
    "line", [{"event": "verdict", "findings": 7}, {"event": "party"}, {}, {"event": None}]
)
def test_what_is_no_event_is_kept_with_the_reason(line):
    """Nothing is lost, and nothing crashes."""
    event = event_of(line)
    assert isinstance(event, events.Unreadable)
    assert event.why


def test_a_log_of_schema_1_is_read():
    """Races had a kind of exchange of their own."""
    event = event_of(
        {"event": "race.exchange", "id": "9", "writer": "A", "request": {"method": "PUT"}}
    )
    assert isinstance(event, events.ExchangeRecorded)
    assert (event.id, event.writer, event.raced, event.request.method) == ("9", "A", True, "PUT")


def test_a_line_cut_short_is_left_out(tmp_path):
    """As a crash leaves it; the separators that only Python takes for line ends are text."""
    written(tmp_path, events.Notice(text="one\u2028two"))
    with (tmp_path / FILE_NAME).open("a") as log:
        log.write('{"event": "notice", "te')
    assert [event.text for event in read(tmp_path)] == ["one\u2028two"]


def test_a_folder_without_a_log_is_told(tmp_path):
    """With what to do."""
    with pytest.raises(ConfigurationError, match="Name the folder of a run"):
        list(read(tmp_path))


def journal(*told):
    return [events.Journalled(action=a, type="Patient", id=i, unique=u) for a, i, u in told]


@pytest.mark.parametrize(("told", "there"), [
    ([("intended", "", "u1")], [(Fate.INTENDED, "", "u1")]),
    ([("intended", "", "u1"), ("created", "7", "u1")], [(Fate.CREATED, "7", "u1")]),
    ([("intended", "", "u1"), ("refused", "", "u1")], []),
    ([("intended", "", "u1"), ("created", "7", "u1"), ("deleted", "7", "u1")], []),
    ([("created", "7", "u1"), ("left", "7", "u1")], [(Fate.LEFT, "7", "u1")]),
    ([("intended", "8", ""), ("restored", "8", "")], []),
], ids=str)  # fmt: skip
def test_what_may_still_be_there_is_what_was_neither_refused_nor_taken_away(told, there):
    """In the order in which it came to be."""
    assert [(s.fate, s.entry.id, s.entry.unique) for s in standing(journal(*told))] == there


def test_json_is_what_a_line_holds():
    """Enumerations and tuples are plain values there."""
    line = json.loads(json.dumps(line_of(VERDICT)))
    assert (line["verdict"], line["race"]["reproduced"]) == ("fail", [2, 5])
