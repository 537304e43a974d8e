"""`ifmatch certify`: every rule, nothing left out, and a package that says so."""

import base64
import json
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from report_log import failure, footer, header, target, verdict, whole
from running import ifmatch

from ifmatch.cli.main import main
from ifmatch.errors import ConfigurationError, TargetUnusable
from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.package.applicant import statement_form
from ifmatch.report.package.certificate import certificate
from ifmatch.report.package.earl import earl
from ifmatch.report.package.qualification import answer, reasons_against, waivers_of
from ifmatch.report.package.signature import public_key_of, signer_of
from ifmatch.report.package.test_report import test_report as fhir_test_report
from ifmatch.report.run import Run
from ifmatch.rules.profile import load
from ifmatch.suite.folder import claimed, released
from ifmatch.suite.options import Options
from ifmatch.suite.session import Session

WAIVER = {"reason": "answered 500", "owner": "ada@example.org", "until": "2099-12-31"}

APPROVED = {**WAIVER, "approver": "board@example.org", "issue": "https://issues.example/7"}


NO_ADDRESS = "The waiver of a.b names an issue that nobody can look up: write its URL, such as https://issues.example/7."


def waived(waiver):
    """A run in which one rule is waived."""
    return Run.of(
        [
            header(),
            target(waivers={"a.b": waiver}),
            verdict("a.b", "waived", waiver=waiver),
            verdict("c.d"),
            footer(0),
        ]
    )


# ---------------------------------------------------------------- does it qualify?


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (whole(verdict()), []),
        (whole(verdict("a", "warn"), verdict("b", "observed")), []),
        (whole(failure("a.b"), exit_code=1), ["A SHALL rule is broken: a.b."]),
        (whole(verdict("a.b", "inconclusive"), exit_code=7), ["A rule is inconclusive: a.b."]),
        (whole(verdict("a.b", "error"), exit_code=6), ["A rule could not be judged: a.b."]),
        (Run.of([header(), verdict(), footer(0, left_out=["a.b"])]), ["1 rule left out: a.b."]),
        (Run.of([header(), verdict()]), ["The run did not come to its end."]),
        (whole(), ["Nothing was judged."]),
        (waived(APPROVED), []),
        (whole(verdict("a.b", "waived")), ["No waiver is there for what was waived: a.b."]),
        (waived(WAIVER), ["The waiver of a.b names no approver and no issue."]),
        (waived(APPROVED | {"owner": " "}), ["The waiver of a.b names no owner."]),
        *((waived(APPROVED | {"issue": issue}), [NO_ADDRESS]) for issue in ("i", "X-1", "ftp://a/1", "https:", "http://[")),
    ],
)  # fmt: skip
def test_what_keeps_a_run_from_qualifying(run, why):
    """And nothing else does: a broken SHOULD is for a reviewer to read."""
    assert reasons_against(run) == why


def test_what_was_not_tried_stands_beside_the_yes():
    """Whoever names no credentials has shown nothing of what is refused without them; and why rules do not apply."""
    reason = "no credentials were given, so every request is like one without"
    run = whole(
        verdict("a.b"),
        verdict("update.forbidden", "not-applicable", message=reason),
        verdict("x.y", "not-applicable", message="it has no patch"),
    )
    assert answer(run) == "yes, with 1 rule not tried for want of credentials"
    page = certificate(run).decode()
    assert "What does not apply <small>2</small>" in page
    assert "it has no patch" in page


def test_page_one_says_it():
    """With each waiver: reason, owner, approver, issue and end."""
    page = certificate(waived(APPROVED)).decode()
    assert "<h1>Qualifies: yes, with 1 waiver</h1>" in page
    assert "<h1>Qualifies: yes</h1>" in certificate(whole(verdict())).decode()
    for part in APPROVED.values():
        assert part in page
    assert "<h1>Qualifies: no</h1>" in certificate(waived(WAIVER)).decode()
    (shown,) = waivers_of(waived(APPROVED))
    assert shown.used


def test_page_one_tells_what_is_odd():
    """A waiver that is over lets nothing pass, and a reviewer should know that there was one."""
    over = "the waiver of a.b ended on 2020-01-01: it lets nothing pass any more"
    run = Run.of([header(), target(warnings=[over]), verdict(), footer(0)])
    assert over in certificate(run).decode()


@pytest.mark.parametrize(
    ("profile", "file", "told"),
    [
        ("spine", "spine", ["-p spine --effort", "verify . --key"]),
        ("mine", "../secret place/mine.toml", ["-p mine.toml --effort", "verify . -p mine.toml --key"]),
    ],
)  # fmt: skip
def test_page_one_says_whose_the_profile_is(profile, file, told):
    """What one of the applicant's own demands, its text tells alone."""
    named = {"id": profile, "title": "A profile", "sha256": "ab" * 32}
    page = certificate(
        Run.of([header(profile=named, profile_file=file), verdict(), footer(0)])
    ).decode()
    assert ("none of those of ifmatch" in page) is (profile == "mine")
    assert all(part in page for part in told), page
    assert "secret place" not in page


def test_page_one_names_versions_and_errata():
    """Of the profile, the suite, Python and each library."""
    errata = [{"rule": "a.b", "date": "2026-11-01", "what": "demanded 409"}]
    profile = {
        "id": "spine",
        "title": "NHS Spine",
        "sha256": "ab" * 32,
        "version": "2.1",
        "errata": errata,
    }
    versions = {"Python": "CPython 3.11.7", "httpx": "0.28.1"}
    run = Run.of(
        [header(profile=profile, versions=versions, effort="standard"), verdict(), footer(0)]
    )
    page = certificate(run).decode()
    for part in ("2.1", "demanded 409", "CPython 3.11.7", "0.28.1", "standard", "ab" * 32):
        assert part in page


def test_what_a_server_said_is_no_markup():
    """On page one as little as elsewhere."""
    run = Run.of([header(), target(software="<script>alert(1)</script>"), verdict(), footer(0)])
    assert b"<script>alert" not in certificate(run)
    assert b"<script>alert" not in statement_form(run)


# ---------------------------------------------------------------- forms for others


def test_a_fhir_test_report():
    """What R4 asks of one (testreport.html): the required elements, and codes of the required bindings."""
    run = whole(
        verdict("a"), failure("b"), verdict("c", "observed"), verdict("d", "inconclusive"), exit_code=1
    )  # fmt: skip
    report = json.loads(fhir_test_report(run))
    assert report["resourceType"] == "TestReport"
    assert report["status"] in (
        "completed",
        "in-progress",
        "waiting",
        "stopped",
        "entered-in-error",
    )
    assert report["result"] == "fail"
    assert report["testScript"]["display"]
    for participant in report["participant"]:
        assert participant["type"] in ("test-engine", "client", "server")
        assert participant["uri"]
    results = {test["name"]: test["action"][0]["assert"]["result"] for test in report["test"]}
    assert results == {"a": "pass", "b": "fail", "c": "skip", "d": "skip"}
    assert report["score"] == 50.0
    assert json.loads(fhir_test_report(Run.of([header(), verdict()])))["result"] == "pending"


def test_an_earl_report():
    """What was observed is not passed."""
    graph = json.loads(earl(whole(verdict("a"), verdict("b", "observed"))))["@graph"]
    outcomes = {
        node["earl:test"]["@id"]: node["earl:result"]["earl:outcome"]["@id"]
        for node in graph
        if node["@type"] == "earl:Assertion"
    }
    assert outcomes == {
        "urn:ifmatch:rule:a": "earl:passed",
        "urn:ifmatch:rule:b": "earl:inapplicable",
    }


# ---------------------------------------------------------------- what is refused


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "target.toml").write_text(
        'base_url = "http://127.0.0.1:9/fhir"\nprofile = "spine"\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [["--rules", "a.*"], ["-k", "stale"], ["-m", "gate"], ["-x"], ["--fault", "a"], ["--", "--lf"]],
)
def test_nothing_can_be_left_out(folder, words):
    """A certificate that leaves rules out says nothing; so says the refusal."""
    code, printed = ifmatch(
        "certify", "-t", "target.toml", "--out", "package", *words, folder=folder
    )
    assert (code, "says nothing" in printed) == (4, True), printed
    assert not (folder / "package").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('base_url = "http://127.0.0.1:9"\nprofile = "spine"\nrules = "a.*"', "`rules`"),
        ('profile = "spine"', "names no base_url"),
        ('base_url = "http://127.0.0.1:9"', "names no profile"),
        ('base_url = "http://127.0.0.1:9"\nprofile = "spine"\nbudget = "5m"', "`budget`"),
    ],
)
def test_nor_by_the_target_file(folder, text, told):
    (folder / "target.toml").write_text(text)
    code, printed = ifmatch("certify", "-t", "target.toml", "--out", "package", folder=folder)
    assert (code, told in printed) == (4, True), printed


def test_nor_by_the_environment(folder):
    words = ["certify", "-t", "target.toml", "--out", "package"]
    code, printed = ifmatch(*words, folder=folder, PYTEST_ADDOPTS="-k stale")
    assert (code, "PYTEST_ADDOPTS is set" in printed) == (4, True), printed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--key", "none.pem"], "none.pem cannot be read"),
        (["--key", "target.toml"], "target.toml cannot be used: it holds no private key in PEM"),
        (["--key", "passphrase.pem"], "cannot be used: it has a passphrase"),
        (["--key", "of-no-use.pem"], "cannot be used: it is damaged, or of a kind or a length"),
        (["--key-env", "NO_SUCH_KEY"], "is not set"),
    ],
)
def test_a_key_that_cannot_sign_is_told_before_the_run(folder, words, told):
    """Whatever is wrong with it: after hours of a run that would be a pity."""
    for name, pem in unusable_keys().items():
        (folder / name).write_bytes(pem)
    code, printed = ifmatch(
        "certify", "-t", "target.toml", "--out", "package", *words, folder=folder
    )
    assert (code, told in printed) == (4, True), printed
    assert not (folder / "package").exists()


def unusable_keys():
    """Private keys that do not sign, by the names of files for them."""
    hidden = BestAvailableEncryption(b"secret")
    return {
        "passphrase.pem": as_pem(Ed25519PrivateKey.generate(), hidden),
        "of-no-use.pem": as_pem(X25519PrivateKey.generate()),
    }


def as_pem(key, encryption=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def test_nobody_else_gets_the_folder_until_the_package_is_sealed(folder, monkeypatch):
    """The run has ended by then, and let go of everything else."""
    seen = []

    def sealed(*_):
        with pytest.raises(ConfigurationError, match="Another run is writing to"):
            claimed(folder / "package")
        seen.append("kept out")

    monkeypatch.setattr("ifmatch.cli.certify._run", a_run_in(folder / "package"))
    monkeypatch.setattr("ifmatch.cli.certify._packed", sealed)
    target, out = str(folder / "target.toml"), str(folder / "package")
    main(["certify", "-t", target, "--out", out])
    assert seen == ["kept out"]
    released(claimed(folder / "package"))


@pytest.mark.parametrize(
    "lost", [OSError(28, "No space left on device"), FileNotFoundError(2, "No such file")]
)
def test_a_package_that_cannot_be_sealed_is_none(lost, folder, monkeypatch, capsys):
    """A full disk is no mistake of the suite's, and what is half sealed looks sealed."""

    def full(*_):
        raise lost

    monkeypatch.setattr("ifmatch.cli.certify._run", a_run_in(folder / "package"))
    monkeypatch.setattr("ifmatch.report.package.statement.enveloped", full)
    words = ["-t", str(folder / "target.toml"), "--out", str(folder / "package")]
    assert main(["certify", *words]) == 4
    told = capsys.readouterr()
    assert "is no package" in told.err, told
    assert "QUALIFIES" not in told.out
    assert not (folder / "package" / "SHA256SUMS").exists()


def a_run_in(folder):
    """A run that begins as runs do that are for a certificate, and ends at once."""

    def run(_):
        options = Options(
            base_url="http://127.0.0.1:9/fhir",
            profile="spine",
            report_dir=str(folder),
            certifies=True,
        )
        with pytest.raises(TargetUnusable):
            Session.open(options)
        return 6

    return run


def test_a_package_holds_one_run(folder):
    (folder / "package").mkdir()
    (folder / "package" / "events.jsonl").write_text("")
    code, printed = ifmatch("certify", "-t", "target.toml", "--out", "package", folder=folder)
    assert (code, "is not empty" in printed) == (4, True), printed


def test_a_slip_leaves_the_folder_as_it_was(folder):
    """So the same command can be typed again once it is mended; what waivers lack is told before anything is sent."""
    with EmbeddedServer(load("koppeltaal")) as server:
        (folder / "target.toml").write_text(
            f'base_url = "{server.base_url}"\nprofile = "koppeltaal"\n'
            '[waivers."update.if-match.star"]\nreason = "r"\nowner = "o"\nuntil = 2099-12-31\n'
        )
        words = ["certify", "-t", "target.toml", "--out", "package"]
        code, printed = ifmatch(*words, folder=folder)
    assert (code, "{patient}" in printed, "QUALIFIES" in printed) == (4, True, False), printed
    assert "The waiver of update.if-match.star names no approver and no issue." in printed
    assert not (folder / "package").exists()


@pytest.mark.slow
def test_a_server_that_is_not_there_does_not_qualify(folder):
    """What was seen is packed all the same, and says no."""
    code, printed = ifmatch("certify", "-t", "target.toml", "--out", "package", folder=folder)
    assert code == 6, printed
    assert "QUALIFIES: no" in printed
    assert (folder / "package" / "certificate.html").is_file()


# ---------------------------------------------------------------- one from end to end


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A server that keeps its promises, certified and signed: the folder, what was printed, and every secret."""
    folder = tmp_path_factory.mktemp("certify")
    secrets = {"WRITER": "wr1ter-s3cret-0123456789", "READER": "re4der-s3cret-9876543210"}
    rights = {secrets["WRITER"]: "write", secrets["READER"]: "read"}
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    profile = load("spine")
    server = EmbeddedServer(profile, tokens=rights)
    server.start()
    placeholders = "\n".join(
        f'{name} = "{value}"' for name, value in profile.embedded.placeholders.items()
    )
    (folder / "target.toml").write_text(
        f'base_url = "{server.base_url}"\nprofile = "spine"\n[auth]\ntoken_env = "WRITER"\n'
        f'second = {{ token_env = "READER" }}\n[placeholders]\n{placeholders}\n'
    )
    words = [
        "certify",
        "-t",
        "target.toml",
        "--out",
        "package",
        "--effort",
        "quick",
        "--key-env",
        "KEY",
    ]
    try:
        code, printed = ifmatch(*words, folder=folder, KEY=pem.decode(), **secrets)
    finally:
        server.stop()
    (folder / "public.pem").write_bytes(public_key_of(signer_of(pem)))
    hidden = [*secrets.values(), pem.decode().splitlines()[1]]
    return folder, code, printed, hidden


@pytest.mark.slow
def test_a_server_that_keeps_its_promises_qualifies(package):
    """And the package is what an outsider can check."""
    folder, code, printed, _ = package
    assert code == 0, printed
    assert "QUALIFIES: yes" in printed
    assert "signed by key" in printed
    code, verified = ifmatch("verify", "package", "--key", "public.pem", folder=folder)
    assert (code, "signed with the key that was named" in verified) == (0, True), verified
    code, rechecked = ifmatch("recheck", "package", folder=folder)
    assert code == 0, rechecked
    if shutil.which("sha256sum"):
        subprocess.run(
            ["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder / "package", check=True
        )


@pytest.mark.slow
def test_an_attestation_is_an_in_toto_statement(package):
    """In a DSSE envelope; its subjects are the hashes of the package."""
    envelope = json.loads((package[0] / "package" / "attestation.dsse.json").read_text())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicate"]["result"] == "PASSED"
    assert "update.if-match.stale" in statement["predicate"]["passedTests"]
    assert {subject["name"] for subject in statement["subject"]} >= {"SHA256SUMS", "events.jsonl"}


@pytest.mark.slow
def test_no_secret_is_in_a_package(package):
    """In no file of it, in no spelling that base64 gives it, nor in what was printed."""
    folder, _, printed, secrets = package
    for secret in secrets:
        spellings = [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")]
        for path in (folder / "package").rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            assert not [spelling for spelling in spellings if spelling in content], path
        assert secret not in printed
