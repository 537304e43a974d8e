"""Who waits is told what for: what takes a while is said on standard error, and what does not is said nowhere."""

import io
import threading

import pytest
from report_log import verdict
from running import ifmatch

from ifmatch.cli.main import main
from ifmatch.log.events import RunStarted
from ifmatch.log.reader import follow
from ifmatch.log.writer import EventLog
from ifmatch.report.console import GroupsIn, Steps, steps


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def impatient(monkeypatch):
    """Everything takes long, and each step is waited for until it is said."""
    said = []

    class AtOnce:
        daemon = False

        def __init__(self, seconds, function, arguments):
            self.start = lambda: (said.append(arguments[1]), function(*arguments))

        def cancel(self):
            pass

    monkeypatch.setattr(steps.threading, "Timer", AtOnce)
    return said


def test_what_takes_long_has_a_line_in_a_log(impatient):
    stream = io.StringIO()
    with Steps(stream) as at:
        at.begin("reading the log")
        at.begin("judging")
    assert stream.getvalue() == "  reading the log …\n  judging …\n"


def test_what_is_done_soon_is_not_said():
    stream = io.StringIO()
    with Steps(stream, patience=3600) as at:
        at.begin("reading the log")
        at.begin("judging")
    assert stream.getvalue() == ""
    with Steps(stream, patience=0) as at, at.doing("reading the log"):
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join(timeout=10)
    assert stream.getvalue() == "  reading the log …\n"


def test_on_a_terminal_one_line_goes_at_its_end(impatient):
    """It is shown once, and changed after that."""
    stream = Terminal()
    with Steps(stream) as at:
        at.begin("reading the log")
        at.begin("judging")
    assert impatient == ["reading the log"]
    assert "judging" in stream.getvalue()
    assert not stream.getvalue().endswith("\n")


def test_groups_of_rules_are_steps(impatient):
    """One for each that a run goes on to."""
    stream = io.StringIO()
    with Steps(stream) as at:
        tell = GroupsIn(at, "judging")
        for rule in ("read.a", "read.b", "update.if-match.c"):
            tell(verdict(rule))
        tell(RunStarted())
    assert impatient == ["judging read, after 1 rule", "judging update.if-match, after 3 rules"]
    with Steps(stream) as at:
        GroupsIn(at, "trying", of=9)(verdict("read.a"))
    assert impatient[2:] == ["trying read, after 1 of 9 rules"]


def test_a_log_is_followed_while_it_is_written(tmp_path):
    """Line by line, from before it is there until its writer is done."""
    answers = iter([False, False, True])

    def is_over():
        over = next(answers)
        log = EventLog(tmp_path)
        log.write(verdict("read.a"))
        log.close()
        return over

    assert [event.rule for event in follow(tmp_path, is_over)] == ["read.a"] * 3


def test_commands_that_take_long_say_so(impatient, tmp_path, capsys):
    """Verify and recheck, on standard error: what they found stays alone on standard output."""
    ifmatch("run", "-p", "fhir-r4", "--rules", "read.*", "-o", "run", folder=tmp_path)
    main(["verify", str(tmp_path / "run")])
    assert impatient[0] == "reading the log"
    assert "checking the log against itself" in impatient
    main(["recheck", str(tmp_path / "run")])
    assert any(step.startswith("judging read") for step in impatient)
    assert "…" not in capsys.readouterr().out


def test_a_replay_and_a_survey_say_how_far_they_are(impatient, tmp_path, monkeypatch):
    """Of how many rules; a rule that is replayed may take minutes."""
    monkeypatch.chdir(tmp_path)
    ifmatch("run", "-p", "fhir-r4", "--rules", "read.*", "-o", "run", folder=tmp_path)
    main(["replay", "run", "read.existing", "read.headers.*"])
    assert impatient[0] == "looking at the server"
    assert [said for said in impatient if said.endswith("of 3 rules")]
