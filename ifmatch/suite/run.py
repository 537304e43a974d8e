"""The run around the scenarios: opened before the first, shared by several processes, ended with its reports."""

import errno
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import deselect_by_keyword, deselect_by_mark

from ifmatch import errors
from ifmatch.errors import ConfigurationError, ExitCode, IfmatchError, NothingSelected
from ifmatch.log.events import Crash, Event, Notice
from ifmatch.report.console import console_for, print_summary
from ifmatch.rules import catalogue
from ifmatch.suite.dry_run import dry_run
from ifmatch.suite.forecast import in_words
from ifmatch.suite.options import (
    RULES,
    Options,
    demand_typed,
    fill_from_target_file,
    given_to_pytest,
)
from ifmatch.suite.session import Session
from ifmatch.suite.sharing import join, shared, split
from ifmatch.suite.stash import ABORT, RUN, SESSION, run_of, session_of

# ---------------------------------------------------------------- the beginning


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    _treat_sigterm_as_interrupt(config)
    if SESSION in config.stash:
        return
    try:
        if _is_worker(config):
            _join(config)
        elif not config.getoption("collectonly"):
            demand_typed(list(map(str, config.invocation_params.args)))
            fill_from_target_file(config)
            catalogue.demand_carried_out(config.getoption(RULES.own) or "*")
            _demand_expressions(config)
            _begin(config, _options(config))
    except IfmatchError as error:
        stop(config, error)


def _begin(config: pytest.Config, options: Options) -> None:
    if options.dry_run:
        print(in_words(dry_run(options)))
        pytest.exit("a dry run", returncode=ExitCode.CONFORMANT)
    _enter(config, Session.open(options, lambda event: _tell(config, event)))


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _join(config: pytest.Config) -> None:
    given = config.workerinput  # type: ignore[attr-defined]  # xdist puts it there
    if "ifmatch" in given:
        share, shares = int(given["workerid"].removeprefix("gw")), int(given["workercount"])
        rules = given_to_pytest(config).get(RULES.field, "")
        _enter(config, join(given["ifmatch"], given["workerid"], share, shares, rules))


def _demand_expressions(config: pytest.Config) -> None:
    """See that pytest understands -m and -k before anything is made. Raises pytest.UsageError when it does not."""
    deselect_by_mark([], config)
    deselect_by_keyword([], config)


def _enter(config: pytest.Config, session: Session) -> None:
    config.stash[SESSION] = session
    # Our results for Allure are written from the log, at the end: allure-pytest knows tests, not scenarios.
    if config.pluginmanager.hasplugin("allure_listener"):
        config.pluginmanager.unregister(name="allure_listener")


def _options(config: pytest.Config) -> Options:
    return Options(**given_to_pytest(config))


def _tell(config: pytest.Config, event: Event) -> None:
    """Say on standard error why it takes so long, past pytest, which catches what is printed during a test."""
    if isinstance(event, Notice):
        with _uncaptured(config):
            print(event.text, file=sys.stderr, flush=True)


def _uncaptured(config: pytest.Config) -> AbstractContextManager[None]:
    """A while in which what is printed is seen."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    uncaptured: AbstractContextManager[None] = capture.global_and_fixture_disabled()
    return uncaptured


def _treat_sigterm_as_interrupt(config: pytest.Config) -> None:
    # It is how a CI system cancels a job: what was made on the target has to be removed then, too.
    if threading.current_thread() is threading.main_thread() and not _is_worker(config):
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)

        def restore() -> None:
            signal.signal(signal.SIGTERM, before)

        config.add_cleanup(restore)


def stop(config: pytest.Config, error: IfmatchError) -> None:
    """End the run at once, for this reason."""
    config.stash.setdefault(ABORT, error)
    pytest.exit(str(error), returncode=error.exit_code)


# ---------------------------------------------------------------- several processes


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[object]) -> None:
    if SESSION in config.stash:
        try:
            split(session_of(config), len(specs))
        except IfmatchError as error:
            stop(config, error)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    if SESSION in node.config.stash:
        node.workerinput["ifmatch"] = shared(session_of(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Learn from a process that has ended what ended it."""
    told = getattr(node, "workeroutput", {}).get("ifmatch")
    if told:
        kind, message = told
        node.config.stash.setdefault(ABORT, getattr(errors, kind)(message))


# ---------------------------------------------------------------- the end


def pytest_internalerror(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Note what broke the run, without the values of variables, for there may be a secret among them."""
    _LAST_CRASH[:] = [excinfo.value]


_LAST_CRASH: list[BaseException] = []
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


def _note_crash(run: Session, error: BaseException) -> IfmatchError:
    """Put a traceback into the evidence, and say in one sentence what it means."""
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return ConfigurationError(
            f"The run's evidence could not be written to {run.log.folder}: {error.strerror}. A run without evidence "
            "proves nothing, so it stops here. Make room or choose another folder with -o DIR."
        )
    if isinstance(error, IfmatchError):
        return error
    lines = traceback.format_exception(error)
    try:
        run.record(Crash(rule=run.recorder.activity.rule, traceback="".join(lines)))
    except ConfigurationError as lost:
        return lost
    summary = run.recorder.redactor.text(f"{type(error).__name__}: {error}")
    return IfmatchError(
        f"ifmatch itself failed, which says nothing of the target ({summary}). What was seen until then is in "
        f"{run.log.folder}/."
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    run = config.stash.get(SESSION, None)
    if run is None:
        return
    if _LAST_CRASH:
        config.stash.setdefault(ABORT, _note_crash(run, _LAST_CRASH.pop()))
    try:
        run.clean_up()
        if not (_is_worker(config) or run.interrupted or config.stash.get(ABORT, None)):
            run.conclude_monitors()
    except Exception as error:
        config.stash.setdefault(ABORT, _note_crash(run, error))
    with _undisturbed():
        if _is_worker(config):
            _leave(session, run)
        else:
            session.exitstatus = _finish(session, run, exitstatus)


def _leave(session: pytest.Session, run: Session) -> None:
    abort = session.config.stash.get(ABORT, None)
    if abort is not None:
        output = session.config.workeroutput  # type: ignore[attr-defined]  # xdist puts it there
        output["ifmatch"] = [type(abort).__name__, str(abort)]
    run.leave()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A while, short, in which Ctrl-C does nothing: the report is being written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finish(session: pytest.Session, run: Session, exitstatus: int) -> ExitCode:
    code, message = _ending(session, run, exitstatus)
    if exitstatus == ExitCode.NOTHING_RAN and not (code or message or run.judged):
        run.undo()
        session.config.stash[ABORT] = _NOTHING_FITS
        return _NOTHING_FITS.exit_code
    alluredir = session.config.getoption("allure_report_dir", None)
    session.config.stash[RUN] = run.finish(
        complete=code is None and not message,
        exit_code=code,
        message=message,
        alluredir=Path(alluredir) if alluredir else None,
    )
    return run.exit_code


_NOTHING_FITS = NothingSelected(
    "No rule fits all of -k, -m and --rules, so nothing was run, and no report was written. `ifmatch rules` lists the "
    "rules."
)

#: pytest's own endings that say more than any verdict: the run did not come to its end.
_CUT_SHORT = (ExitCode.INTERNAL_ERROR, ExitCode.USAGE)


def _ending(session: pytest.Session, run: Session, exitstatus: int) -> tuple[ExitCode | None, str]:
    """What ended the run before its time, as an exit code where it has one, and in a sentence; else nothing."""
    abort = session.config.stash.get(ABORT, None)
    if abort is not None and not run.interrupted:
        return abort.exit_code, str(abort)
    if run.interrupted or exitstatus == ExitCode.INTERRUPTED:
        return ExitCode.INTERRUPTED, "The run was interrupted."
    return _cut_short(session, exitstatus)


def _cut_short(session: pytest.Session, exitstatus: int) -> tuple[ExitCode | None, str]:
    """What pytest itself says of the end of a run that nobody broke off."""
    code = ExitCode(exitstatus) if exitstatus in _CUT_SHORT else None
    return code, str(session.shouldstop or session.shouldfail or "")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Where pytest's own reporter shows a run, it ends as with `ifmatch run`."""
    run = run_of(config)
    if run is None:
        return
    terminalreporter.section("ifmatch")
    terminalreporter.flush()
    with _uncaptured(config):
        print_summary(console_for(), run, session_of(config).log.folder)
        sys.stdout.flush()
