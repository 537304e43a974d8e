"""A server that asks nobody who they are: no text of FHIR forbids it, and some systems do."""

import pytest
from running import run

from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load


@pytest.mark.parametrize(
    ("profile", "code", "verdict"), [("fhir-r4", 0, "warn"), ("spine", 1, "fail")]
)
def test_an_open_server_is_reported(profile, code, verdict, monkeypatch, tmp_path):
    """A warning where FHIR alone is promised, a failure where the system demands a token; and a sentence in both."""
    values = load(profile).embedded.placeholders.items()
    lines = [f'{name} = "{value}"' for name, value in values]
    (tmp_path / "target.toml").write_text("\n".join(["[placeholders]", *lines]))
    monkeypatch.setenv("IFMATCH_TOKEN", "given")
    with EmbeddedServer(load(profile)) as server:
        asked = ["--rules", "*.unauthenticated", "-t", str(tmp_path / "target.toml")]
        ended, report, printed = run([server.base_url, "-p", profile, *asked])
    verdicts = {rule["verdict"] for rule in report["rules"]}
    # What is stale, too, is refused for that.
    assert (ended, verdicts - {"not-applicable", "pass"}) == (code, {verdict}), printed
    assert any("the target is open" in warning for warning in report["warnings"])
    assert "the target is open" in " ".join(printed.split())
