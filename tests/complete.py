"""What a rule needs besides its scenario: steps, a fault that breaks it, and a word in the profiles.

Whoever adds a scenario gets one sentence for each of these that is still to be done.
"""

from functools import cache

from pytest_bdd.feature import get_features
from pytest_bdd.steps import step_function_context_registry

from ifmatch.reference.faults import FAULTS
from ifmatch.rules.catalogue import FEATURES, for_row
from ifmatch.rules.expectation import Expectation
from ifmatch.rules.profile import load, shipped

profile = cache(load)


def lacks(rule):
    """What a rule still needs, in sentences."""
    return [*_lacks_steps(rule), *_lacks_a_fault(rule), *_lacks_a_promise(rule)]


def _lacks_steps(rule):
    for step in _steps_of(rule.id):
        if not any(
            _carries_out(context, step) for context in step_function_context_registry.values()
        ):
            yield f"{rule.id}: the sentence {step.name!r} has no step: add one to steps/"


def _carries_out(context, step):
    return context.type in (None, step.type) and context.parser.is_matching(step.name)


@cache
def _scenarios():
    features = get_features([str(FEATURES)])
    return [scenario for feature in features for scenario in feature.scenarios.values()]


def _steps_of(rule_id):
    """The steps of a rule's scenario, for each row of its examples."""
    for scenario in _scenarios():
        for row in [row for table in scenario.examples for row in table.as_contexts()] or [{}]:
            if f"rule:{rule_id}" in (for_row(tag, row) for tag in scenario.tags):
                yield from scenario.render(row).steps


def _lacks_a_fault(rule):
    if not any(rule.id in fault.breaks for fault in FAULTS.values()):
        yield f"{rule.id} has no fault that breaks it: add one to ifmatch/reference/fault_list.py"


def _lacks_a_promise(rule):
    if "@if-promised" in rule.tags:
        if not any(isinstance(profile(name).promise(rule.id), Expectation) for name in shipped()):
            yield f"no profile promises {rule.id}, and it runs only where it is promised: add it to a file in profiles/"
        return
    silent = [name for name in shipped() if not profile(name).speaks_of(rule.id)]
    who = (
        "no profile says anything"
        if silent == shipped()
        else f"{', '.join(silent)} and their bases say nothing"
    )
    if silent:
        yield (
            f'{who} of {rule.id}: add [rules."{rule.id}"] to profiles/, with a level and its source, or with `silent` '
            "or `not_applicable` and the reason"
        )
