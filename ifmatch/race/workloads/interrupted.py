"""Writers who are slow, give up, or break off: windows that need no luck."""

from collections.abc import Callable

from ifmatch.client.exchange import Request
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable, SetupFailed
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.invocations import Invocation
from ifmatch.race.race import Race
from ifmatch.race.runner import Runner
from ifmatch.race.transport import Widener, held_body

#: How often such a window is opened: once would do, if a server were always the same.
_TIMES = 3


def slow_writer(runner: Runner) -> Race:
    """One writer sends all but the last byte, another updates the resource, and then the last byte follows."""

    def interrupt(builder: HistoryBuilder) -> None:
        slow = runner.invocations.update(builder.subject, builder.seen)
        quick = runner.invocations.update(builder.subject, builder.seen)
        runner.sender.take([slow.request])
        result, _ = held_body(
            runner.environment.engine, slow.request, lambda: builder.alone("B", quick)
        )
        if result.sent:
            builder.record("A", slow, result)

    return _repeated(runner, interrupt)


def abandoned_and_retried(runner: Runner) -> Race:
    """A writer sends an update, closes the connection before the answer, and at once sends it again on another."""
    widener = _widener(runner)

    def interrupt(builder: HistoryBuilder) -> None:
        first = runner.invocations.update(builder.subject, builder.seen)
        again = runner.invocations.update(builder.subject, builder.seen)
        runner.sender.take([first.request])
        result = widener.abandon(_authorized(runner, first))
        if result.sent:
            builder.record("A", first, result)
        builder.alone("A again", again)

    return _repeated(runner, interrupt)


def aborted_upload(runner: Runner) -> Race:
    """A writer breaks off after half of the body."""
    widener = _widener(runner)

    def interrupt(builder: HistoryBuilder) -> None:
        invocation = runner.invocations.update(builder.subject, builder.seen)
        runner.sender.take([invocation.request])
        result = widener.aborted_upload(_authorized(runner, invocation))
        if result.sent:
            builder.cut_short("A", invocation, result)

    return _repeated(runner, interrupt)


def _authorized(runner: Runner, invocation: Invocation) -> Request:
    """What goes past the engine, which would see to its Authorization header."""
    return runner.target.authorizer.authorized(invocation.request)


def _widener(runner: Runner) -> Widener:
    widener = runner.environment.choice.widener
    if widener is None:
        raise RuleNotApplicable(
            "behind a proxy, what a writer breaks off is not what the target sees"
        )
    return widener


def _repeated(runner: Runner, interrupt: Callable[[HistoryBuilder], None]) -> Race:
    """The same a few times, each on a resource of its own. Raises what stood in the way if it never came about."""
    race, succeeded = Race(runner.environment), 0
    for _ in range(_TIMES):
        try:
            interrupt(runner.new_history(race))
            succeeded += 1
        except (OutcomeUnknown, SetupFailed) as trouble:
            race.troubles.append(str(trouble))
            if not succeeded and len(race.troubles) == _TIMES:
                raise
    runner.settle(race)
    return race
