"""A slip in a file that a person wrote is told in our words: where it is, what it means, what to do."""

import json
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_log import verdict, whole

from ifmatch.client import fleet_file, target_content, target_file
from ifmatch.errors import ConfigurationError
from ifmatch.monitor.shapes import misshapen
from ifmatch.report import document
from ifmatch.rules import profile_file
from ifmatch.rules.schema import mismatch
from ifmatch.rules.schema_words import slip

#: Words of the library that checks schemas, which say nothing to who has never seen a schema.
RAW = re.compile(
    r"is not valid under|[Aa]dditional properties|is not of type|is not one of|is a required property"
    r"|is too (short|long)|should (be|not be) (non-)?empty|does not match|(less|greater) than (or equal to )?the m"
    r"|non-unique|is a dependency|should not be valid|was expected|\[\]|\{|\^|\\|'|oneOf|anyOf|None|True|False"
)

TARGET, PROFILE, FLEET = "target.toml", "mine.toml", "fleet.toml"

READERS = {
    TARGET: target_file.read,
    PROFILE: lambda path: profile_file.read(str(path)),
    FLEET: fleet_file.FleetFile.read,
}

MINE = 'id = "mine"\ntitle = "Mine"\nextends = "fhir-r4"\n'
RULE = MINE + '[rules."read.existing"]\n'
PROMISE = RULE + 'level = "SHALL"\nsource = "s"\n'
RESOURCE = MINE + '[resources.Basic]\nbody = "{}"\n'

#: A slip, and what has to be said of it: place, what is wrong, what to do.
SLIPS = [
    (TARGET, 'timeout = "30"', ["at timeout:", "a number without quotes, and is text", "seconds that one"]),
    (TARGET, 'wirters = 4', ["at top level:", '"wirters" is no key', 'Did you mean "writers"?']),
    (TARGET, "writers = 1", ["at writers:", "1 is not allowed", "at least 2", "how many writers"]),
    (TARGET, "writers = 99", ["at writers:", "99 is not allowed", "at most 16"]),
    (TARGET, "timeout = 0", ["at timeout:", "more than 0"]),
    (TARGET, 'effort = "quik"', ["at effort:", 'Did you mean "quick"?', "Allowed: quick, standard, thorough."]),
    (TARGET, "[auth]\npassword_env = 'P'", ["at auth:", "password_env needs user beside it"]),
    (TARGET, "[headers]\nAuthorization = 'x'", ["at headers:", '"Authorization" cannot stand there', "[auth]"]),
    (TARGET, "[headers]\nX = 5", ["at headers.X:", "text in quotes, or a table with env"]),
    (TARGET, "[headers]\nX = {}", ["at headers.X:", "env is missing"]),
    (TARGET, "[tls]\nca = 'x'",
     ["at tls:", 'no key that can stand there', "Known there: ca_file, certificate, key."]),
    (TARGET, "[tls]\nseed = 4", ["at tls:", '"seed" belongs to the top of the file, above the first [table].']),
    (TARGET, "token_env = 'T'", ["at top level:", '"token_env" belongs under [auth].']),
    (TARGET, "rules = ''", ["at rules:", "it is empty", "separated by commas"]),
    (TARGET, "strict = 'yes'", ["at strict:", "true or false without quotes"]),
    (TARGET, "[waivers.'update.x']\nreason = 'r'\nowner = 'o'",
     ["at waivers.update.x:", "until is missing", "2026-12-31"]),
    (TARGET, "[waivers.'update.x']\nreason='r'\nowner='o'\nuntil='soon'",
     [".until:", "no day of the calendar", "2026-12-31"]),
    (TARGET, "[limits]\nhosts = []", ["at limits.hosts:", "it is empty, and must hold something"]),
    (TARGET, "auth = 'token'", ["at auth:", "must be a table, and is text", "names of environment variables"]),
    (TARGET, "[auth.oauth]\nclient_id = 'c'\nscopes = ['a b']",
     ["at auth.oauth.scopes.0:", "one scope without blanks"]),
    (PROFILE, MINE + "tilte = 'x'", ["top level:", '"tilte" is no key', 'Did you mean "title"?']),
    (PROFILE, PROMISE + "status = [99]", ["rules.read.existing.status.0:", "99 is not allowed", "at least 200"]),
    (PROFILE, PROMISE + "status = 200",
     ["rules.read.existing.status:", "a list in square brackets, and is a number"]),
    (PROFILE, PROMISE + "statsu = [200]", ["rules.read.existing:", '"statsu" is no key', 'Did you mean "status"?']),
    (PROFILE, PROMISE + "body = 7", ["rules.read.existing.body:", "one of empty, resource", "or a list"]),
    (PROFILE, RULE, ["rules.read.existing:", "it needs exactly one of: level with source, silent"]),
    (PROFILE, PROMISE + "silent = 'x'", ["rules.read.existing:", "it needs exactly one of"]),
    (PROFILE, MINE + "interactions = ['read', 'read']", ["interactions:", '"read" stands there twice; take one out']),
    (PROFILE, MINE + "label = 'much too long it is'", ["label:", "has 19 characters, and at most 12 fit"]),
    (PROFILE, MINE + "errata = [{rule='r', what='w', date=2026-01-01}]", ["errata.0.date:", "a date", "in quotes"]),
    (PROFILE, MINE + "[resources.Basic]\nhow = 'create'", ["resources.Basic:", "body is missing"]),
    (PROFILE, RESOURCE, ["resources.Basic.body:", "resourceType is missing"]),
    (FLEET, "title = 'x'", ["at top level:", "targets is missing", "[targets.staging]"]),
    (FLEET, "[targets]", ["at targets:", "it is empty, and must hold something"]),
    (FLEET, "[targets.'a b']\nprofile = 'spine'", ["at targets:", '"a b"', "letters, digits"]),
    (FLEET, "[targets.one]\nprofile = []", ["at targets.one.profile:", "must"]),
    (FLEET, "bound = 0\n[targets.one]\nprofile = 'spine'", ["at bound:", "more than 0"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "said"), SLIPS)
def test_a_slip_is_told_in_our_words(name, text, said, tmp_path):
    """With its place, and with nothing of what the library for schemas says."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        READERS[name](path)
    message = str(caught.value).replace(str(path), name)
    assert not RAW.search(message), message
    assert message.endswith((".", "?")), message
    for part in said:
        assert part in message


SCHEMAS = [target_content.SCHEMA, profile_file.SCHEMA, fleet_file.SCHEMA]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.name)
def test_a_form_that_is_needed_is_described(schema):
    """A regular expression is no help to who broke it."""
    patterns = [part for part in parts(json.loads(schema.read_text())) if "pattern" in part]
    silent = [part for part in patterns if "description" not in part]
    assert silent == [{"pattern": "^(?i:authorization|cookie)$"}] * (
        schema == target_content.SCHEMA
    )


def parts(schema):
    """Every table in a schema."""
    if isinstance(schema, dict):
        yield schema
    for child in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(child, dict | list):
            yield from parts(child)


VALUES = st.recursive(
    st.sampled_from(["", "x", "s3cr3t-value", 0, -1, 5, 1.5, True, [], {}, "quick", "a b"]),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


def places(schema, root, depth=0):
    """The tables of a schema in which something can be put, as lists of keys."""
    schema = root["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for name, child in schema.get("properties", {}).items():
        yield [name]
        if depth < 3:
            yield from ([name, *rest] for rest in places(child, root, depth + 1))
    further = schema.get("additionalProperties")
    if isinstance(further, dict) and depth < 3:
        yield from (["one", *rest] for rest in places(further, root, depth + 1))


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.name)
@given(data=st.data())
def test_whatever_is_wrong_is_told_in_our_words(schema, data):
    """Any value at any place, a key that is none among them."""
    root = json.loads(schema.read_text())
    *tables, key = data.draw(st.sampled_from(list(places(root, root))))
    value = {data.draw(st.sampled_from([key, f"{key}x"])): data.draw(VALUES)}
    for table in reversed(tables):
        value = {table: value}
    found = slip(schema, value, shows_values=False)
    assert (found is None) == (mismatch(schema, value) is None)
    if found is not None:
        assert not RAW.search(found.what.partition(" What belongs there:")[0]), found
        assert "what stands there is not" not in found.what, found
        assert "s3cr3t" not in found.what


def test_the_table_is_of_files_that_are_toml():
    """A slip in the syntax would hide the one that is meant."""
    assert all(tomllib.loads(text) is not None for _, text, _ in SLIPS)


# ---------------------------------------------------------------- what a program or a server wrote


def changed(document, place, value):
    """A document with another value in one place; `GONE` takes it out."""
    *parents, last = place
    part = document
    for name in parents:
        part = part[name]
    if value is GONE:
        del part[last]
    else:
        part[last] = value
    return document


GONE = object()

#: What a report.json must not be, where, and what is said of it.
FLAWS = [
    (["rules"], {}, "rules: it must be a list in square brackets, and is a table."),
    (["rules", 0, "verdict"], "splendid", 'rules.0.verdict: "splendid" is not allowed.'),
    (["rules", 0, "verdict"], GONE, "rules.0: verdict is missing."),
    (["schema"], 2, "schema: it must be 1, and is 2."),
    (["complete"], None, "complete: it must be true or false without quotes, and is null."),
    (["counts", "pass"], -1, "counts.pass: -1 is not allowed: it must be at least 0."),
    (["exit_code"], "0", "exit_code: "),
    (["conformant"], False, "counts.waived: 0 is not allowed"),  # or why it ended with 0
]


@pytest.mark.parametrize(("place", "value", "told"), FLAWS)
def test_a_report_of_another_shape_is_told_in_our_words(place, value, told, tmp_path):
    """As `compare` meets one, and `--baseline`."""
    report = json.loads(json.dumps(document.document(whole(verdict()))))
    path = tmp_path / "report.json"
    path.write_text(json.dumps(changed(report, place, value)))
    with pytest.raises(ConfigurationError) as raised:
        document.load(path)
    said = str(raised.value).removeprefix(f"{path} ")
    assert said.startswith(f"is not a report of this version of ifmatch: {told}"), said
    assert not RAW.search(said), said


@pytest.mark.parametrize("name", ["resource", "operation_outcome"])
@given(data=st.data())
def test_a_misshapen_resource_is_told_in_our_words(name, data):
    """Whatever stands in its elements."""
    anything = (
        st.none() | st.booleans() | st.integers() | st.just("x") | st.just([]) | st.just([{}])
    )
    elements = ["id", "meta", "issue", "text"]
    resource = data.draw(st.dictionaries(st.sampled_from(elements), anything | st.just({})))
    said = misshapen(name, resource)
    assert not re.search(r"required property|is not of type|is not valid|non-empty", said), said


def test_what_lacks_an_element_is_told_which():
    """By its name alone."""
    assert misshapen("operation_outcome", {}) == "top level lacks issue"
    assert misshapen("operation_outcome", {"issue": [{}]}) == "issue[0] lacks severity and code"
