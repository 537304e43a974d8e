"""`ifmatch verify`: whatever was changed in a package is found, also when who changed it computes the hashes again."""

import json
import shutil
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ifmatch import __version__
from ifmatch.cli.main import main
from ifmatch.log.events import (
    ExchangeRecorded,
    ProfileName,
    RequestSent,
    ResponseReceived,
    RunFinished,
    RunStarted,
    StepCarriedOut,
    SuiteVersion,
    TargetDescribed,
    VerdictReached,
)
from ifmatch.log.reader import read
from ifmatch.log.seal import seal_of, sealed_part
from ifmatch.log.writer import EventLog
from ifmatch.report.package.signature import public_key_of, signer_of
from ifmatch.report.package.statement import seal_package
from ifmatch.report.run import Run
from ifmatch.report.verify import Evidence, Unchecked, suite, verified
from ifmatch.report.write import write_all
from ifmatch.rules import catalogue
from ifmatch.rules.catalogue import is_watched
from ifmatch.rules.profile import load
from ifmatch.rules.verdict import Verdict

BASE = "https://staging.example/fhir"
DAYS = 365

RULES = [rule for rule in catalogue.rules() if rule.id.startswith("update.if-match.")]
SPINE = load("spine")
CASES = [(rule, row) for rule in RULES for row in rule.rows]


def signer():
    """Somebody with a key."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return signer_of(pem)


def described(name):
    profile = load(name)
    return ProfileName(profile.id, profile.title, profile.label, profile.sha256)


def write_run(folder, run="2026-11-21T10-12-07-00000000", profile="spine"):
    """A run in which every rule was judged on one exchange, and passed."""
    log = EventLog(folder)
    log.write(
        RunStarted(
            run=run,
            suite=SuiteVersion("ifmatch", __version__),
            effort="quick",
            certifies=True,
            profile=described(profile),
            base_url=BASE,
        )
    )
    log.write(
        TargetDescribed(base_url=BASE, software="HAPI FHIR 8.8.0", profile=described(profile))
    )
    for number, (rule, row) in enumerate(CASES, 1):
        log.write(
            ExchangeRecorded(
                id=str(number),
                rule=rule.id,
                step=0,
                request=RequestSent("PUT", f"{BASE}/Flag/{number}"),
                response=ResponseReceived(200, "OK", "HTTP/1.1", (("ETag", 'W/"2"'),), "{}"),
            )
        )
        log.write(
            VerdictReached(
                rule=rule.id,
                title=rule.title,
                feature=rule.feature,
                resource_type=SPINE.subject,
                row=row,
                verdict=Verdict.PASS,
                exchanges=(str(number),),
                steps=(StepCarriedOut("When", "it is updated", exchanges=(str(number),)),),
            )
        )
    log.write(RunFinished(complete=True, exit_code=0, sha256=seal_of(folder)))
    log.close()


@pytest.fixture(scope="module", autouse=True)
def few_rules():
    """A suite of a few rules, so that hundreds of packages are soon written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            suite, "catalogue", SimpleNamespace(rules=lambda: RULES, is_watched=is_watched)
        )
        yield


@pytest.fixture(scope="module")
def owner():
    return signer()


@pytest.fixture(scope="module")
def originals(tmp_path_factory, owner):
    """The same package twice: signed and unsigned."""
    folder = tmp_path_factory.mktemp("packages") / "signed"
    write_run(folder)
    run = write_all(folder)
    unsigned = folder.with_name("unsigned")
    shutil.copytree(folder, unsigned)
    seal_package(run, folder, DAYS, owner)
    seal_package(run, unsigned, DAYS, None)
    return {"signed": folder, "unsigned": unsigned}


@pytest.fixture(params=["signed", "unsigned"])
def package(request, tmp_path, originals):
    """A copy of each."""
    folder = tmp_path / request.param
    shutil.copytree(originals[request.param], folder)
    return folder


def wrong(folder, key=b""):
    """The checks that find something."""
    found = verified(Evidence(folder, key))
    return {check for check, told in found.items() if any(map(is_wrong, told))}


def is_wrong(problem):
    return not isinstance(problem, Unchecked)


# ---------------------------------------------------------------- what is changed


def lines_of(folder):
    return (folder / "events.jsonl").read_text().splitlines()


def put(folder, lines):
    (folder / "events.jsonl").write_text("".join(line + "\n" for line in lines))


def one_byte_of_a_report(folder):
    path = folder / "report.json"
    path.write_bytes(path.read_bytes().replace(b"HAPI FHIR 8.8.0", b"HAPI FHIR 8.8.1", 1))


def one_byte_of_the_log(folder):
    put(folder, [line.replace("Flag/7", "Flag/8") for line in lines_of(folder)])


def an_exchange_dropped(folder):
    put(
        folder,
        [line for line in lines_of(folder) if '"exchange"' not in line or "Flag/7" not in line],
    )


def a_rule_left_out(folder):
    """Its verdict, and all that was exchanged for it; the exchanges after it are given other ids."""
    gone = "update.if-match.stale"
    kept = [json.loads(line) for line in lines_of(folder)]
    kept = [event for event in kept if event.get("rule") != gone]
    number = 0
    for event in kept:
        number += event["event"] == "exchange"
        if event["event"] == "exchange":
            event["id"] = str(number)
        if event["event"] == "verdict":
            event["exchanges"] = [str(number)]
            event["steps"][0]["exchanges"] = [str(number)]
    put(folder, map(json.dumps, kept))


def another_profile(folder):
    """The name of one, with the hash of another."""
    put(folder, [line.replace('"spine"', '"koppeltaal"') for line in lines_of(folder)])


def log_cut_short(folder):
    put(folder, lines_of(folder)[:-3])


CHANGES = {
    one_byte_of_a_report: {"reports"},
    one_byte_of_the_log: {"log"},
    an_exchange_dropped: {"log"},
    a_rule_left_out: {"completeness"},
    another_profile: {"profile"},
    log_cut_short: {"log", "completeness"},
}

#: What cannot be seen in an unsigned package once all in it is computed again: it is another one, whole in itself.
UNSEEN_UNSIGNED = {one_byte_of_a_report, one_byte_of_the_log}


def sealed_again(folder):
    """The last line of the log says what stands before it now."""
    lines = lines_of(folder)
    last = json.loads(lines[-1])
    if last["event"] == "run.finished":
        put(folder, [*lines[:-1], json.dumps({**last, "sha256": sealed_part(folder)})])


def packed_again(folder, by=None):
    """All that is derived from the log, and all hashes, as they would be of such a log."""
    sealed_again(folder)
    (folder / "signer.pem").unlink(missing_ok=True)
    run = write_all(folder)
    seal_package(run, folder, DAYS, by)


# ---------------------------------------------------------------- the tests


def test_a_package_as_it_was_written(package, owner, capsys):
    """All is well, with the key where there is one, and verify says who vouches for it."""
    assert main(["verify", str(package)]) == 0
    printed = capsys.readouterr().out
    assert ("unsigned, so nobody vouches" in printed) is (package.name == "unsigned")
    key = public_key_of(owner)
    assert wrong(package, key) == (set() if package.name == "signed" else {"signature"})


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_found(package, change):
    """By the hashes, and by what else shows it."""
    change(package)
    assert {"hashes", *CHANGES[change]} <= wrong(package)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_with_new_hashes_is_found(package, change):
    """The list of hashes is right again: the log, the suite and the attestation show it."""
    attestation = (package / "attestation.dsse.json").read_bytes()
    change(package)
    seal_package(Run.of(read(package)), package, DAYS, None)
    (package / "attestation.dsse.json").write_bytes(attestation)
    found = wrong(package)
    assert "hashes" not in found
    assert {"signature", *CHANGES[change]} <= found


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_with_all_computed_again(package, change, owner):
    """Nothing but the signature is not the owner's: with a signed package that is seen, whatever it was."""
    change(package)
    packed_again(package)
    found = wrong(package)
    if change not in UNSEEN_UNSIGNED:
        assert found & CHANGES[change]
    assert wrong(package, public_key_of(owner)) >= {"signature"}


def test_the_signature_of_somebody_else_is_found(package, owner):
    """A package that is whole, with a key of its own."""
    one_byte_of_the_log(package)
    packed_again(package, by=signer())
    assert wrong(package) == set()
    assert wrong(package, public_key_of(owner)) == {"signature"}


def test_a_signature_that_has_ended_is_found(package, owner):
    """It held for some days, and they are over."""
    seal_package(Run.of(read(package)), package, -1, owner)
    (problem,) = verified(Evidence(package))["signature"]
    assert problem.startswith("the attestation ended on ")


def test_a_signature_taken_away_is_found(package, capsys):
    """Where there was one, its key still lies there."""
    path = package / "attestation.dsse.json"
    envelope = json.loads(path.read_text())
    path.write_text(json.dumps({**envelope, "signatures": []}))
    assert main(["verify", str(package)]) == (1 if package.name == "signed" else 0)


@pytest.mark.parametrize("package", ["unsigned"], indirect=True)
def test_what_nobody_signed_is_told_from_what_was_changed(package, owner, tmp_path, capsys):
    """A key that is named asks for a signature, and that there is none changes nothing."""
    main(["verify", str(package)])
    assert "  – signature: none\n" in capsys.readouterr().out
    (tmp_path / "signer.pem").write_bytes(public_key_of(owner))
    assert main(["verify", str(package), "--key", str(tmp_path / "signer.pem")]) == 1
    assert capsys.readouterr().out.endswith("AS IT WAS WRITTEN, BUT NOT SIGNED\n")


@pytest.mark.parametrize("name", ["attestation.dsse.json", "SHA256SUMS", "report.html"])
def test_a_file_taken_away_is_found(package, name):
    """Whichever it is."""
    (package / name).unlink()
    assert wrong(package)


def test_a_file_added_is_found(package):
    """A package holds what the run wrote, and nothing else."""
    (package / "remark.txt").write_text("all is well")
    assert wrong(package) == {"hashes", "reports"}


@pytest.mark.parametrize(
    "name", ["attestation.dsse.json", "SHA256SUMS", "report.json", "events.jsonl"]
)
def test_a_file_that_is_no_such_thing_is_found(package, name):
    """In a sentence, not with a traceback."""
    (package / name).write_bytes(b"\xff\x00 {")
    assert wrong(package)


def test_a_log_of_another_version_is_held_against_its_report(package):
    """Its pages may have looked otherwise, but what was said of each rule is the same."""
    put(package, [line.replace(f'"{__version__}"', '"0.0.1"') for line in lines_of(package)])
    packed_again(package)
    assert wrong(package) == set()
    report = json.loads((package / "report.json").read_text())
    report["rules"][0]["verdict"] = "fail"
    (package / "report.json").write_text(json.dumps(report))
    assert wrong(package) == {"hashes", "reports"} | {"signature"}


def test_a_folder_without_a_log_is_wrong_usage(tmp_path, capsys):
    """There is nothing to verify."""
    assert main(["verify", str(tmp_path)]) == 4
    assert main(["verify", str(tmp_path), "--key", str(tmp_path / "none.pem")]) == 4


@pytest.mark.parametrize(
    ("kind", "told"),
    [("PRIVATE KEY", "is a private key"), ("CERTIFICATE", "holds no public key")],
)
def test_another_kind_of_key_says_nothing_of_a_package(kind, told, package, tmp_path, capsys):
    """It is a slip of whoever verifies, and no sign that something was changed."""
    key = tmp_path / "key.pem"
    key.write_text(f"-----BEGIN {kind}-----\n")
    assert main(["verify", str(package), "--key", str(key)]) == 4
    assert told in capsys.readouterr().err


def test_a_run_that_did_not_end_was_not_changed(package, capsys):
    """It is told apart from one that somebody has changed."""
    put(
        package,
        [line.replace('"complete": true', '"complete": false') for line in lines_of(package)],
    )
    packed_again(package)
    assert main(["verify", str(package)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "AS IT WAS WRITTEN, BUT NOT COMPLETE"
