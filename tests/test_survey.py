"""A survey: what a server does about every rule becomes a profile that a person edits, by which the server passes."""

import tomllib

import pytest
from running import run

from ifmatch.cli.main import main
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

#: What makes these dialects differ from FHIR R4: codes, forms of If-Match, what is demanded.
_RULES = "update.if-match.*,door.json-patch.*"


@pytest.fixture
def surveyed(tmp_path, monkeypatch, capsys):
    """The proposal for the embedded server of a profile, with faults: its path, the server, and what was printed."""
    monkeypatch.chdir(tmp_path)
    servers = []

    def survey(profile, *faults, rules=_RULES):
        server = EmbeddedServer(load(profile), faults=faults).start()
        servers.append(server)
        code = main(["survey", server.base_url, "-o", "survey", "--rules", rules])
        printed = capsys.readouterr().out
        assert code == 0, printed
        return tmp_path / "survey" / "profile.toml", server, printed

    yield survey
    for server in servers:
        server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["koppeltaal", "aidbox"])
def test_a_server_passes_by_what_it_was_seen_to_do(surveyed, profile):
    """The proposal extends the FHIR base, loads, names no text as its source, and judges the same server well."""
    path, server, printed = surveyed(profile)
    assert "CONFORMANT" not in printed
    said = tomllib.loads(path.read_text())
    assert said["extends"] == "fhir-r4"
    assert {entry["source"] for entry in said["rules"].values()} == {"survey"}
    assert "# seen: " in path.read_text()
    code, report, printed = run([server.base_url, "-p", str(path), "--rules", _RULES])
    assert code == 0, printed
    assert "observed" not in {rule["verdict"] for rule in report["rules"]} - {"not-applicable"}


@pytest.mark.slow
def test_what_is_broken_is_not_proposed(surveyed):
    """An update that should have been refused and was not stays as the base promises it, in a comment, and fails."""
    path, server, printed = surveyed("fhir-r4", "if-match-ignored")
    assert "update.if-match.stale" not in tomllib.loads(path.read_text()).get("rules", {})
    assert "# update.if-match.stale: " in path.read_text()
    assert "are not kept are left" in printed
    code, _, _ = run([server.base_url, "-p", str(path), "--rules", "update.if-match.stale"])
    assert code == 1


@pytest.mark.slow
def test_a_defect_is_not_proposed_where_the_base_is_silent(surveyed):
    """A server that looks at no If-Match accepts a strong tag, too: that is no promise. Nor is it near to another."""
    path, _, printed = surveyed("fhir-r4", "if-match-ignored")
    text = path.read_text()
    assert not [
        name for name in tomllib.loads(text).get("rules", {}) if name.startswith("update.if-match")
    ]
    assert "# update.if-match.strong: 200 " in text
    assert "that may be the same defect" in printed
    assert "is nearer" not in text


@pytest.mark.slow
def test_a_profile_that_is_nearer_is_told_with_by_how_much(surveyed):
    path, _, printed = surveyed("koppeltaal")
    assert "koppeltaal is nearer: it promises otherwise in 0 of the " in path.read_text()
    assert "defect" not in printed


@pytest.mark.slow
def test_what_nobody_promises_is_proposed_only_where_it_is_so(surveyed):
    """A server that tells of refused updates as done is judged by nobody, and is not held to the contrary either."""
    path, _, _ = surveyed(
        "proof/side-effects", "refused-write-audited-as-done", rules="update.audit-event.*"
    )
    assert set(tomllib.loads(path.read_text())["rules"]) == {"update.audit-event.accepted"}
    assert "# update.audit-event.refused: expected no new audit event" in path.read_text()


@pytest.mark.parametrize(
    "option", ["--strict", "--fail-on", "--baseline", "--certifies", "--fault", "--dry-run"]
)
def test_what_judges_is_no_option_of_a_survey(capsys, option):
    """Nor what is for a server of our own, for a survey is of another."""
    with pytest.raises(SystemExit):
        main(["survey", "--help"])
    assert option not in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["survey", "http://127.0.0.1:9/fhir", option, "new"])
    assert ended.value.code == 4


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 4, "name its base URL"),
        (["http://127.0.0.1:9/fhir"], 6, "Nothing answers"),
        (["http://127.0.0.1:9/fhir", "--efort", "quick"], 4, 'Did you mean "--effort"?'),
    ],
)
def test_a_slip(tmp_path, monkeypatch, capsys, words, code, told):
    """A sentence, the right exit code, and no proposal."""
    monkeypatch.chdir(tmp_path)
    try:
        ended = main(["survey", *words])
    except SystemExit as left:
        ended = left.code
    said = capsys.readouterr()
    assert ended == code
    assert told in said.out + said.err
    assert not list(tmp_path.rglob("profile.toml"))
