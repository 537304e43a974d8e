"""What leaves the client is FHIR JSON with every placeholder filled, whatever a server has shown before.

Every step that sends a resource is carried out, on every profile, against servers that show one in any shape.
"""

import copy
import inspect
import json
import re
import time
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings
from ifmatch.client.subject import Attempt, Snapshot, Subject, new_unique
from ifmatch.client.target import Target
from ifmatch.client.template import demand_templates
from ifmatch.client.workbench import Workbench
from ifmatch.errors import ConfigurationError, OutcomeUnknown, RuleNotApplicable, SetupFailed
from ifmatch.rules.answer import Answer
from ifmatch.rules.fhir_json import pruned
from ifmatch.rules.profile import load, shipped
from steps import addressing, conditional, creates, patches, updates

#: What is sent to be refused: a resource that its template spoils, and bytes that are no JSON.
MEANT_TO_BE_WRONG = {
    "create_invalid",
    "update_invalid",
    "create_unparsable",
    "update_unparsable",
    "patch_malformed",
    "patch_without_target",
    "patch_by_fhirpath",
}


def _is_step(name, function):
    """Whether it carries out a sentence, which passes on no options, by its parts alone, and judges nothing."""
    parameters = inspect.signature(function).parameters
    passes_on = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return (
        not name.startswith("_")
        and "target" in parameters
        and "case" not in parameters
        and not passes_on
    )


#: Each step that sends something and needs no more than what stands in `known`.
STEPS = {
    name: step
    for module in (updates, addressing, creates, conditional, patches)
    for name, step in vars(module).items()
    if inspect.isfunction(step) and step.__module__ == module.__name__ and _is_step(name, step)
}

#: What a server may have in place of an element.
EMPTY = st.sampled_from([None, "", [], {}, [None], [{}], [{"extension": []}], {"a": [""]}])


@cache
def target_of(name):
    """A target of a profile, with a value for each placeholder of it."""
    profile = load(name)
    values = dict(profile.embedded.placeholders)
    given = Settings("http://127.0.0.1:1/fhir", placeholders=values)
    return Target(given, profile, "run-1", Recorder(lambda _: None, Redactor()))


class Courier:
    """Takes every request, and answers that all is well."""

    def __init__(self, shown):
        self.sent, self._shown = [], shown

    def pause(self, seconds):
        """Nothing is waited for."""

    def send(self, request):
        """Keep a request; its answer shows the resource."""
        self.sent.append(request)
        status = 201 if request.method == "POST" else 200
        headers = {"etag": 'W/"2"', "location": f"{request.url}/{self._shown['id']}/_history/1"}
        return Answer(status, headers, json.dumps(self._shown).encode(), request.url)


def flaws_in(value, path="", may_hold_places=False):
    """Whatever FHIR JSON does not allow, and every placeholder that is left."""
    if value in ("", {}, []) or value is None:
        return [f"{path} is {value!r}"]
    if isinstance(value, str):
        return [f"{path} is {value}"] if re.fullmatch(r".*\{[a-z_]+\}.*", value) else []
    if isinstance(value, list):
        items = [item for item in value if not (item is None and may_hold_places)]
        empty = [] if items else [f"{path} holds nothing but places"]
        return empty + [flaw for item in items for flaw in flaws_in(item, f"{path}[]")]
    flaws = []
    if isinstance(value, dict):
        for name, part in value.items():
            other = value.get(name[1:] if name.startswith("_") else f"_{name}")
            flaws += flaws_in(part, f"{path}.{name}", isinstance(other, list))
    return flaws


def places(value, path=()):
    """Every place in a resource, as the keys and numbers that lead to it."""
    if not isinstance(value, (dict, list)):
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        yield from places(part, (*path, key))


def with_part(resource, place, part):
    """A copy of a resource with another part at a place."""
    changed = copy.deepcopy(resource)
    parent = changed
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = part
    return changed


@st.composite
def spoiled(draw, resource):
    """The resource as a careless server shows it: with something empty somewhere."""
    shown = resource
    for _ in range(draw(st.integers(0, 3))):
        candidates = [place for place in places(shown) if place not in (("id",), ("resourceType",))]
        shown = with_part(shown, draw(st.sampled_from(candidates)), draw(EMPTY))
    return shown


def known(target, bench, shown):
    """What the steps are given."""
    seen = Snapshot(Answer(200, {"etag": 'W/"1"'}, json.dumps(shown).encode()), shown, None)
    subject = Subject(bench.kind, shown["id"], new_unique(), shown, seen)
    return {
        "target": target,
        "bench": bench,
        "resource": subject,
        "other": subject,
        "resources": [subject, subject],
        "last_update": Attempt(seen.answer, shown),
        "criterion": "identifier",
        "past": [seen, seen],
        "parts": "removal reason",
        "resource_type": bench.kind.type,
        "header": 'W/"<version>"',
        "preference": "return=minimal",
        "returned": "minimal",
        "clinicians": {"A": seen, "B": seen},
        "flaw": "no-path",
        "operation": "insert-beyond",
    }


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Nobody has to be given time here."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.parametrize("name", shipped())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_only_fhir_json_leaves(name, data):
    """No step of any profile sends anything empty, or a placeholder, but where it means to be wrong."""
    target = target_of(name)
    kind = data.draw(st.sampled_from(sorted(target.profile.resources)))
    bench = Workbench(target, kind, history=False)
    body = {**bench.body()[0], "id": "1", "meta": {"versionId": "1", "tag": [], "security": [{}]}}
    shown = data.draw(spoiled(body))
    step = data.draw(st.sampled_from(sorted(STEPS)))
    target._courier = courier = Courier(shown)
    given = known(target, bench, shown)
    wanted = inspect.signature(STEPS[step]).parameters
    # A resource may be too spoiled for a step.
    with suppress(OutcomeUnknown, RuleNotApplicable, SetupFailed):
        STEPS[step](**{parameter: given[parameter] for parameter in wanted})
    for request in courier.sent if step not in MEANT_TO_BE_WRONG else ():
        if request.body and dict(request.headers)["Content-Type"] == target.profile.media_type:
            assert flaws_in(json.loads(request.body)) == [], step


def test_the_steps_are_there():
    """Those that are meant to be wrong are steps, and there are many others."""
    assert STEPS.keys() > MEANT_TO_BE_WRONG
    assert len(STEPS) > 50


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "_a", "b", "_b"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "_a", "b"]), json_values, min_size=1))
def test_pruning_leaves_what_is_allowed_and_nothing_else(resource):
    """What has no flaw stays as it is; what has one loses it."""
    found = pruned({"resourceType": "X", **resource})
    assert [flaw for flaw in flaws_in(found) if "{" not in flaw] == [] or has_list_in_list(resource)
    assert pruned(found) == found


def has_list_in_list(value):
    """Whether a list stands in a list, which FHIR does not have."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)):
        return False
    nested = isinstance(value, list) and any(isinstance(part, list) for part in parts)
    return nested or any(map(has_list_in_list, parts))


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"meta": {}}, {}),
        ({"meta": {"tag": []}, "active": False}, {"active": False}),
        ({"name": [{}, {"family": "F"}]}, {"name": [{"family": "F"}]}),
        ({"given": ["", "A"], "n": 0}, {"given": ["A"], "n": 0}),
        (
            {"given": [None, "A"], "_given": [{"id": "x"}, None]},
            {"given": [None, "A"], "_given": [{"id": "x"}, None]},
        ),
        ({"given": [None, "A"], "_given": [{}, None]}, {"given": ["A"]}),
        (
            {"_birthDate": {"extension": [{"url": "u"}]}},
            {"_birthDate": {"extension": [{"url": "u"}]}},
        ),
    ],
)
def test_what_is_empty_is_left_out(given, left):
    """Objects, lists, texts and nulls; but a null that keeps a place stays."""
    assert pruned(given) == left


def test_a_placeholder_without_a_value_never_leaves():
    """Whoever forgets to fill a template is stopped at the door."""
    target = target_of("spine")
    kind = target.profile.resources[target.profile.subject]
    with pytest.raises(ValueError, match=r"\{patient\}"):
        target.write_request("POST", kind.type, {**kind.body, "identifier": []})


# ---------------------------------------------------------------- the placeholders of a run


def demand(name, values, rules=""):
    """What a run demands of a target file that gives these values."""
    given = Settings("http://127.0.0.1:1/fhir", placeholders=values)
    target = Target(given, load(name), "run-1", Recorder(lambda _: None, Redactor()))
    demand_templates(target, rules)


def test_all_that_a_run_needs_is_named_at_once():
    """One look at the message is enough: a block to paste, with the types that ask for each value."""
    with pytest.raises(ConfigurationError) as told:
        demand("cerner-r4", {})
    message = str(told.value)
    assert "{patient}, {practitioner}, {questionnaire}" in message
    block = message.partition("\n\n")[2].splitlines()
    assert block[0] == "[placeholders]"
    assert [line.partition(" = ")[0] for line in block[1:]] == [
        "patient", "practitioner", "questionnaire",
    ]  # fmt: skip


def test_only_what_the_selected_rules_work_on_is_demanded():
    """Who runs the rules on reads needs no questionnaire."""
    demand("cerner-r4", {"patient": "Patient/1", "practitioner": "Practitioner/1"}, "read.existing")
    demand("fhir-r4", {})


def test_a_misspelt_placeholder_brings_a_suggestion():
    """It would leave the right one empty."""
    with pytest.raises(ConfigurationError, match='Did you mean "patient"'):
        demand("spine", {"pateint": "Patient/1"})
    with pytest.raises(ConfigurationError, match='placeholder "unique"'):
        demand("fhir-r4", {"unique": "1"})
