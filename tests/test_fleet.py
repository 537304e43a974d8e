"""Many targets in one night: what is run, what is not run again, what does not hold up the rest, what it comes to."""

import contextlib
import csv
import io
import json
import os
import signal
import threading
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
from hostile import hostile

from ifmatch.cli.main import main
from ifmatch.client import target_file
from ifmatch.client.gateway import gateway_to
from ifmatch.errors import ConfigurationError
from ifmatch.fleet import parcel, station
from ifmatch.fleet.gravity import gravest
from ifmatch.fleet.job import Bound, Came, Job
from ifmatch.fleet.jobs import Fleet
from ifmatch.fleet.processes import Processes
from ifmatch.fleet.run_night import latest_end
from ifmatch.fleet.side_by_side import SideBySide, Waiting
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load
from ifmatch.suite.options import OPTIONS

#: One rule, so that a run is mostly its own beginning.
_RULES = 'rules = "update.if-match.stale"'


def fleet(folder, text, *words):
    """A night of a fleet: its exit code, what was printed, and its `fleet.json`."""
    (folder / "fleet.toml").write_text(text)
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        contextlib.chdir(folder),
    ):
        try:
            code = main(["fleet", "fleet.toml", *words])
        except SystemExit as ended:
            code = ended.code
    nights = sorted(
        folder.glob("reports/fleet/*/fleet.json"), key=lambda path: path.stat().st_mtime
    )
    return code, printed.getvalue(), json.loads(nights[-1].read_text()) if nights else None


def job(name, target="", seconds=10.0, **given):
    """A job that nobody runs."""
    folder = Path("nowhere", name)
    return Job(
        name=name, title=name, folder=folder, given=given, target=target, bound=Bound(seconds)
    )


# ---------------------------------------------------------------- whole nights


@pytest.mark.slow
def test_nights_of_a_fleet(tmp_path):
    """One matrix, one page, one exit code; what is done is not done again; a later night says what is new and fixed."""
    text = f"""
        title = "Staging"
        [defaults]
        {_RULES}
        [targets.spine]
        profile = "spine"
        [targets.open]
        profile = ["fhir-r4", "aidbox"]
        {{}}
        [targets.gone]
        base_url = "http://127.0.0.1:9/fhir"
    """
    code, printed, night = fleet(
        tmp_path,
        text.format('faults = ["if-match-ignored"]').replace('["fhir-r4", "aidbox"]', '"fhir-r4"'),
    )
    assert code == 1, printed
    assert "3 runs" in printed
    assert "at the latest" in printed
    assert "2 of 3 runs came to a whole report" in printed
    assert "Nothing answers" in printed
    assert {run["name"]: run["code"] for run in night["runs"]} == {"spine": 0, "open": 1, "gone": 6}
    (folder,) = (tmp_path / "reports" / "fleet").iterdir()
    page = (folder / "report.html").read_text()
    assert "Without a whole report" in page
    assert 'href="spine/report.html#' in page
    head = next(csv.reader((folder / "fleet.csv").open()))
    assert len(head) == 2 + 2 * 2

    began = (folder / "spine" / "events.jsonl").stat().st_mtime_ns
    code, printed, _ = fleet(tmp_path, (tmp_path / "fleet.toml").read_text(), "--resume")
    assert code == 1
    assert "2 of them done before" in printed
    assert (folder / "spine" / "events.jsonl").stat().st_mtime_ns == began
    assert not list((folder / "spine").glob("events-*"))

    code, printed, night = fleet(tmp_path, text.format(""))
    assert {run["name"] for run in night["runs"]} == {
        "spine",
        "open-fhir-r4",
        "open-aidbox",
        "gone",
    }
    assert code == 6, printed


@pytest.mark.slow
def test_a_trend(tmp_path):
    """Since the last night: what newly fails, and what is fixed."""
    text = f"[defaults]\n{_RULES}\n[targets.one]\nprofile = 'spine'\n[targets.two]\nprofile = 'fhir-r4'\n"
    faulty = "faults = ['if-match-ignored']\n"
    fleet(tmp_path, text + faulty)
    code, printed, _ = fleet(tmp_path, text.replace("'spine'\n", "'spine'\n" + faulty))
    assert code == 1
    assert "1 new failure · 1 fixed" in printed
    assert "one   update.if-match.stale   new failures: was pass" in printed
    assert "two   update.if-match.stale   fixed: was fail" in printed
    newest = max((tmp_path / "reports" / "fleet").iterdir(), key=lambda path: path.stat().st_mtime)
    assert "Since the night of" in (newest / "report.html").read_text()


@pytest.mark.slow
def test_another_host(tmp_path, monkeypatch):
    """A run is made behind a gateway, with the files and variables that it needs; one host that is gone is told."""
    monkeypatch.setenv("STAGING_TOKEN", "very-secret")
    (tmp_path / "mine.toml").write_text('id = "mine"\ntitle = "Mine"\nextends = "fhir-r4"\n')
    with EmbeddedServer(load("fhir-r4"), tokens={"very-secret": "write"}) as server:
        (tmp_path / "target.toml").write_text(
            f'base_url = "{server.base_url}"\nprofile = "fhir-r4"\n[auth]\ntoken_env = "STAGING_TOKEN"\n'
        )
        text = f"[targets.one]\n{_RULES}\ntarget = 'target.toml'\nprofile = 'mine.toml'\n"
        code, printed, night = fleet(tmp_path, text, "--hosts", "popen,popen//python=/nowhere")
    assert code == 0, printed
    assert "goes on without it" in printed
    assert [run["host"] for run in night["runs"]] == ["popen"]
    (report,) = tmp_path.glob("reports/fleet/*/one/report.json")
    assert json.loads(report.read_text())["profile"]["id"] == "mine"
    written = b"".join(
        path.read_bytes() for path in (tmp_path / "reports").rglob("*") if path.is_file()
    )
    assert b"very-secret" not in written


@pytest.mark.slow
def test_what_a_run_may_cost(tmp_path):
    """A run that is over its time, and one whose log fills the disk, are explained; the others are not held up."""
    with hostile("hang", after=8) as server:
        text = f"""
            [targets.slow]
            base_url = "{server.base_url}"
            bound = 6
            [targets.large]
            profile = "fhir-r4"
            rules = "update.*"
            space = 1
            [targets.good]
            profile = "spine"
            {_RULES}
        """
        code, printed, night = fleet(tmp_path, text)
    codes = {run["name"]: run["code"] for run in night["runs"]}
    why = {run["name"]: run["sentence"] for run in night["runs"]}
    assert codes == {"slow": 6, "large": 4, "good": 0}, printed
    assert "longer than the 6 s" in why["slow"]
    assert "could not be written" in why["large"]
    assert why["good"] == ""
    assert code == 4


# ---------------------------------------------------------------- slips


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[targets.one]\nprofil = 'spine'", 'Did you mean "profile"?'),
        ("[targets.one]\nprofile = 'spyne'", 'Did you mean "spine"?'),
        ("[targets.one]\neffort = 'quick'", "names no server"),
        ("[targets]", "targets"),
        ("targets = ", "not valid TOML"),
        ("[targets.one]\ntarget = 'none.toml'", "none.toml cannot be read"),
    ],
)
def test_a_slip_in_a_fleet_file(tmp_path, text, told):
    """Known in the evening, in a sentence with its place, and nothing is begun."""
    code, printed, night = fleet(tmp_path, text)
    assert code == 4
    assert told in printed
    assert night is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-n", "0"], "choose 1 or more"),
        (["--resume"], "There is no night"),
        (["--since", "nowhere"], "holds no night"),
        (["--host", "x"], 'Did you mean "--hosts"?'),
    ],
)
def test_a_slip_on_the_command_line(tmp_path, words, told):
    """A sentence, and exit 4."""
    code, printed, _ = fleet(tmp_path, "[targets.one]\nprofile = 'spine'", *words)
    assert code == 4
    assert told in " ".join(printed.split())


def test_a_host_that_cannot_be_reached(tmp_path):
    """Without any host the night does not begin."""
    text = "[targets.one]\nprofile = 'spine'"
    code, printed, _ = fleet(tmp_path, text, "--hosts", "popen//python=/nowhere")
    assert code == 4
    assert "is of no use" in printed


# ---------------------------------------------------------------- side by side


def test_what_is_begun_leaves_the_environment_as_it_was(monkeypatch):
    """Whoever uses the suite from Python goes on with theirs."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    gateway_to("popen").exit()
    Processes().run(["--version"])
    assert "PYTHONSAFEPATH" not in os.environ


def test_one_target_is_asked_by_one_run_at_a_time():
    """Its limits are those of one client; the runs of other targets go past the one that waits."""
    waiting = Waiting([job("a1", "a"), job("a2", "a"), job("b", "b"), job("embedded")])
    assert [waiting.take().name for _ in range(3)] == ["a1", "b", "embedded"]
    threading.Timer(0.1, waiting.free, ["a"]).start()
    assert waiting.take().name == "a2"
    assert waiting.take() is None


class _Host:
    """A host that makes no runs: it does with each what it is told."""

    def __init__(self, name, act):
        self.name, self._act = name, act

    def run(self, job):
        return self._act(job)

    def end(self, number):
        """Nothing runs."""


def test_a_host_that_is_lost():
    """What ran there is explained, and the rest is run by others; where none is left, that is said of each."""
    from ifmatch.fleet.side_by_side import HostLost

    def lost(job):
        raise HostLost("gone")

    good = _Host("good", lambda job: Came(0, ""))
    for hosts, explained in (([_Host("bad", lost)], 3), ([_Host("bad", lost), good], 1)):
        events = list(SideBySide([job(name) for name in "abc"], hosts, 1).events())
        why = [event.sentence for event in events if hasattr(event, "sentence")]
        assert len(why) == 3
        assert sum("lost" in one or "No host" in one for one in why) >= explained


def test_until_when_all_have_ended():
    """All of the time shared among the slots, and the longest that goes one after the other."""
    assert latest_end([job("a", seconds=10), job("b", seconds=20)], 2) == 15 + 20
    assert latest_end([job("a", "x", 10), job("b", "x", 20), job("c")], 2) == 20 + 30


def test_which_code_stands_for_all():
    """A broken rule outranks what could not be looked at; what is unknown is a mistake of ours."""
    assert gravest([0, 6, 1, 4]) == 1
    assert gravest([0, 7]) == 7
    assert gravest([0, -9]) == 3


# ---------------------------------------------------------------- what travels


def test_what_travels_to_a_host(tmp_path, monkeypatch):
    """The files that are named, from where they lie beside each other; the variables that are named; nothing else."""
    monkeypatch.setenv("THE_KEY", "k")
    monkeypatch.setenv("ANOTHER", "x")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "ca.pem").write_text("CA")
    (tmp_path / "not-named.txt").write_text("no")
    target = tmp_path / "target.toml"
    target.write_text('[tls]\nca_file = "keys/ca.pem"\n[auth]\ntoken_env = "THE_KEY"\n')
    packed = parcel.packed(job("one", target_file=str(target)))
    assert sorted(Path(name).name for name in packed["files"]) == ["ca.pem", "target.toml"]
    assert packed["environment"]["THE_KEY"] == "k"
    assert "ANOTHER" not in packed["environment"]
    places = station._unpacked(packed["files"], tmp_path / "there")
    moved = Path(parcel.target_file_in(places, packed))
    said = tomllib.loads(moved.read_text())
    assert (moved.parent / said["tls"]["ca_file"]).read_text() == "CA"


def test_evidence_comes_back(tmp_path):
    """As it lay there; no name leads out of the folder."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").write_text("x")
    parcel.unpack(parcel.evidence_in(tmp_path / "a"), tmp_path / "c")
    assert (tmp_path / "c" / "b" / "x").read_text() == "x"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("../../outside", "x")
    parcel.unpack(archive.getvalue(), tmp_path / "d" / "e")
    assert [path.name for path in (tmp_path / "d").rglob("*")] == ["e", "outside"]


def test_targets_of_one_server(tmp_path):
    """Whatever names the server, runs for one host and port are runs for one target."""
    (tmp_path / "t.toml").write_text('base_url = "http://a.example:80/fhir"')
    (tmp_path / "fleet.toml").write_text(
        "[targets.one]\ntarget = 't.toml'\n[targets.two]\nbase_url = 'http://A.example./other'\n"
        "[targets.other]\nbase_url = 'https://a.example/fhir'\n"
    )
    one, two, other = Fleet.read(tmp_path / "fleet.toml").jobs(tmp_path)
    assert one.target == two.target == "a.example:80"
    assert other.target == "a.example:443"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Fleet.read(tmp_path / "none.toml")


# ---------------------------------------------------------------- forty targets


@pytest.mark.slow
def test_forty_targets(tmp_path):
    """Three hang, two reset, one fills the disk: 34 whole reports, 6 explained, and the exit code of the gravest."""
    with contextlib.ExitStack() as stack:
        hanging = [stack.enter_context(hostile("hang", after=3 * i)) for i in range(3)]
        resetting = [stack.enter_context(hostile("reset")) for _ in range(2)]
        lines = [f"[defaults]\n{_RULES}\nbound = 60\n"]
        lines += [
            f"[targets.hangs-{n}]\nbase_url = '{server.base_url}'\nbound = 10\n"
            for n, server in enumerate(hanging)
        ]
        lines += [
            f"[targets.resets-{n}]\nbase_url = '{server.base_url}'\n"
            for n, server in enumerate(resetting)
        ]
        lines += ["[targets.fills]\nprofile = 'fhir-r4'\nrules = 'update.*'\nspace = 1\n"]
        lines += [
            f"[targets.good-{n}]\nprofile = '{'spine' if n % 2 else 'fhir-r4'}'\n"
            for n in range(34)
        ]
        code, printed, night = fleet(tmp_path, "".join(lines), "-n", "2")
    why = {run["name"]: run["sentence"] for run in night["runs"] if run["sentence"]}
    assert sorted(why) == ["fills", "hangs-0", "hangs-1", "hangs-2", "resets-0", "resets-1"], why
    assert "34 of 40 runs came to a whole report" in printed
    assert code == 4
    assert all(run["code"] == 0 for run in night["runs"] if run["name"].startswith("good"))


@pytest.mark.slow
def test_an_interrupted_night(tmp_path):
    """Ctrl-C ends what runs, leaves the rest for --resume, and gives 2."""
    lines = [f"[defaults]\n{_RULES}\n", *(f"[targets.t{n}]\nprofile = 'spine'\n" for n in range(4))]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_interrupt_once_begun, args=(tmp_path,), daemon=True).start()
    try:
        code, printed, night = fleet(tmp_path, "".join(lines), "-n", "1")
    finally:
        signal.signal(signal.SIGINT, before)
    assert code == 2
    assert "--resume goes on" in printed
    assert night["finished"] == ""
    code, printed, night = fleet(tmp_path, "".join(lines), "--resume")
    assert code == 0, printed
    assert night["finished"]


def _interrupt_once_begun(folder):
    """Press Ctrl-C when the first run of a night has ended."""
    while not any(
        '"code"' in path.read_text() for path in folder.glob("reports/fleet/*/fleet.json")
    ):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


# ---------------------------------------------------------------- what a target may say

#: A value for each key that a target file has for an option of a run.
_SAID = {
    "base_url": "https://fhir.example/fhir",
    "profile": "fhir-r4",
    "rules": "update.*",
    "effort": "quick",
    "writers": 3,
    "seed": 7,
    "strict": True,
    "wait": 2,
    "budget": "5m",
    "fail_on": "new",
    "baseline": "before.json",
    "vantages": ["popen"],
    "faults": ["if-match-ignored"],
}


def test_all_options_of_a_target_file_are_tried():
    assert set(_SAID) == {option.key for option in OPTIONS if option.key} - {"report_dir"}


@pytest.mark.parametrize("key", _SAID)
def test_defaults_may_say_what_a_target_file_says(key, tmp_path):
    """A run of the entry is told the same as by a target file; a file is one beside the fleet file."""
    path = tmp_path / "fleet.toml"
    said = f"{key} = {json.dumps(_SAID[key])}"
    path.write_text(f'[defaults]\n{said}\n[targets.one]\nprofile = "fhir-r4"\n')
    (only,) = Fleet.read(path).jobs(tmp_path)
    due = str(tmp_path / "before.json") if key == "baseline" else _SAID[key]
    assert target_file.read(Path(only.given["target_file"]))[key] == due
    assert only.words()[0] == "run"
    assert f"--target={path}#one" in only.words()


def entry(folder, text, name="one"):
    """What a run of a fleet file is told."""
    path = folder / "fleet.toml"
    path.write_text(text)
    return target_file.read(Path(f"{path}#{name}"))


@pytest.mark.parametrize(
    ("defaults", "own", "due"),
    [
        ("headers = {A = '1', B = '2'}", "headers = {B = '3'}", {"headers": {"A": "1", "B": "3"}}),
        ("limits = {writes = 9, writes_per_second = 2}", "limits.hosts = ['a']",
         {"limits": {"writes": 9, "writes_per_second": 2, "hosts": ["a"]}}),
        ("limits.hosts = ['a']", "limits.hosts = ['b']", {"limits": {"hosts": ["b"]}}),
        ("headers = {A = '1'}", "headers = {}", {"headers": {}}),
        ("auth.token_env = 'T'", "", {"auth": {"token_env": "T"}}),
        ("auth.token_env = 'T'", "auth = {}", {"auth": {}}),
        ("auth.token_env = 'T'", "auth.token_env = 'U'", {"auth": {"token_env": "U"}}),
        ("auth.token_env = 'T'", "auth = {user = 'u', password_env = 'P'}",
         {"auth": {"user": "u", "password_env": "P"}}),
        ("auth = {user = 'u', password_file = 'p'}", "auth.password_env = 'P'",
         {"auth": {"user": "u", "password_env": "P"}}),
        ("auth = {token_env = 'T', second = {token_env = 'S'}}", "auth.jwt = {algorithm = 'none', claims = {a = 'b'}}",
         {"auth": {"jwt": {"algorithm": "none", "claims": {"a": "b"}}, "second": {"token_env": "S"}}}),
        ("auth.oauth = {client_secret_env = 'S', token_url = 'https://a/t'}", "auth.oauth = {client_id = 'one'}",
         {"auth": {"oauth": {"client_id": "one", "client_secret_env": "S", "token_url": "https://a/t"}}}),
        ("auth.oauth = {client_id = 'c', client_secret_env = 'S'}", "auth.oauth = {key_env = 'K'}",
         {"auth": {"oauth": {"client_id": "c", "key_env": "K"}}}),
        ("auth.jwt.claims = {user = 'u', a = 'b'}", "auth.jwt = {algorithm = 'none', claims = {user = 'v'}}",
         {"auth": {"jwt": {"algorithm": "none", "claims": {"user": "v", "a": "b"}}}}),
        ("timeout = 5", "timeout = 6.5", {"timeout": 6.5}),
        ("placeholders.patient = 'Patient/1'", "placeholders.ward = 'w'",
         {"placeholders": {"patient": "Patient/1", "ward": "w"}}),
        ("resources.Flag.how = 'existing'", "resources.Flag.ids = ['f1']",
         {"resources": {"Flag": {"how": "existing", "ids": ["f1"]}}}),
        ("waivers.'update.if-match.star' = {owner = 'o', reason = 'r', until = 2026-12-31}",
         "waivers.'update.if-match.star'.until = 2027-01-31",
         {"waivers": {"update.if-match.star": {"owner": "o", "reason": "r", "until": "2027-01-31"}}}),
    ],
)  # fmt: skip
def test_what_a_target_says_is_laid_over_the_defaults(defaults, own, due, tmp_path):
    """Tables by their keys, an empty one takes away; another way to get in replaces the one of the defaults."""
    said = entry(tmp_path, f"[defaults]\n{defaults}\n[targets.one]\nprofile = 'spine'\n{own}\n")
    assert {key: said[key] for key in due} == due


def test_a_target_file_stands_between_the_defaults_and_the_target(tmp_path):
    """Each file is beside the one that names it."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "target.toml").write_text(
        "base_url = 'http://a/fhir'\ntimeout = 7\nwriters = 3\ntls.ca_file = 'ca.pem'\nprofile = 'mine.toml'\n"
    )
    text = """
        [defaults]
        timeout = 5
        effort = "standard"
        tls.certificate = "client.pem"
        [targets.one]
        target = "there/target.toml"
        writers = 2
    """
    said = entry(tmp_path, text)
    assert (said["timeout"], said["writers"], said["effort"]) == (7, 2, "standard")
    assert said["tls"] == {
        "ca_file": str(tmp_path / "there" / "ca.pem"),
        "certificate": str(tmp_path / "client.pem"),
    }
    assert said["profile"] == str(tmp_path / "there" / "mine.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[defaults.auth]\ntoken = 's3cr3t'", "at defaults.auth.token: a secret does not stand in a fleet file"),
        ("[targets.one.auth.second]\npassword = 's3cr3t'", "at targets.one.auth.second.password: a secret"),
        ("[targets.one.headers]\nAuthorization = 's3cr3t'", "cannot stand there"),
        ("[defaults]\nreport_dir = 'x'", '"report_dir" is no key'),
        ("[targets.one.auth.oauth]\nscopes = ['a']", "client_id is missing"),
        ("[targets.'one-spine']\nprofile = 'spine'\n[targets.one]\nprofile = ['spine']", "would be called"),
        ("[targets.one]\neffort = 's3cr3t'", "Allowed: quick"),
        ("[defaults.auth]\ntoken_env = 'T'", "tells of a server (auth), and nobody says where it is"),
    ],
)  # fmt: skip
def test_a_slip_in_what_a_target_file_says(text, told, tmp_path):
    """Told with its place; no value is shown that may be a secret."""
    path = tmp_path / "fleet.toml"
    whole = text if "[targets" in text else f"{text}\n[targets.one]\nprofile = 'spine'\n"
    path.write_text(whole)
    with pytest.raises(ConfigurationError) as caught:
        Fleet.read(path).jobs(tmp_path)
    assert told in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_run_of_a_fleet_file_that_there_is_not(tmp_path):
    """The names that there are."""
    with pytest.raises(ConfigurationError, match='no run "too"'):
        entry(tmp_path, "[targets.two]\nprofile = ['spine', 'aidbox']\n", "too")
    said = entry(tmp_path, "[targets.two]\nprofile = ['spine', 'aidbox']\n", "two-aidbox")
    assert said["profile"] == "aidbox"


def test_a_fleet_file_in_place_of_a_target_file(tmp_path):
    """How its runs are named."""
    path = tmp_path / "fleet.toml"
    path.write_text("[targets.one]\nprofile = 'spine'\n[targets.two]\nprofile = 'aidbox'\n")
    with pytest.raises(ConfigurationError, match=r"fleet\.toml#one or .*fleet\.toml#two"):
        target_file.read(path)


def test_what_is_asked_of_one_target_is_not_what_is_asked_of_another(tmp_path, monkeypatch):
    """A change of one entry has that run made again, and no other; only what it names travels with it."""
    monkeypatch.setenv("ONE_TOKEN", "1")
    monkeypatch.setenv("TWO_TOKEN", "2")
    (tmp_path / "two.pem").write_text("two")
    path = tmp_path / "fleet.toml"
    text = """
        [targets.one]
        base_url = "http://one.example/fhir"
        auth.token_env = 'ONE_TOKEN'
        [targets.two]
        base_url = "http://two.example/fhir"
        auth.token_env = "TWO_TOKEN"
        tls.ca_file = "two.pem"
    """
    path.write_text(text)
    one, two = Fleet.read(path).jobs(tmp_path)
    before = [parcel.asked(one), parcel.asked(two)]
    packed = parcel.packed(one)
    assert {Path(name).name for name in packed["files"]} == {"fleet.toml"}
    assert packed["environment"]["ONE_TOKEN"] == "1"
    assert "TWO_TOKEN" not in packed["environment"]
    assert {Path(name).name for name in parcel.packed(two)["files"]} == {"fleet.toml", "two.pem"}
    path.write_text(text.replace('tls.ca_file = "two.pem"', "timeout = 3"))
    assert parcel.asked(one) == before[0]
    assert parcel.asked(two) != before[1]


@pytest.mark.slow
@pytest.mark.parametrize("hosts", [[], ["--hosts", "popen"]])
def test_a_fleet_behind_one_way_in(hosts, tmp_path, monkeypatch):
    """Who we are, and what else a target file says, is said once for all; no secret gets into the evidence."""
    monkeypatch.setenv("FLEET_TOKEN", "very-secret")
    with EmbeddedServer(load("fhir-r4"), tokens={"very-secret": "write"}) as server:
        text = f"""
            [defaults]
            {_RULES}
            profile = "fhir-r4"
            timeout = 20
            [defaults.auth]
            token_env = 'FLEET_TOKEN'
            [defaults.headers]
            X-Tenant = "all"
            [defaults.limits]
            hosts = ["{server.base_url.split("/")[2]}"]
            [targets.one]
            base_url = "{server.base_url}"
            headers.X-Tenant = "one"
            [targets.two]
            base_url = "{server.base_url}"
            [targets.not-allowed]
            base_url = "http://127.0.0.1:9/fhir"
        """
        code, printed, night = fleet(tmp_path, text, *hosts)
    assert {run["name"]: run["code"] for run in night["runs"]} == {
        "one": 0,
        "two": 0,
        "not-allowed": 4,
    }, printed
    assert code == 4
    sent = {
        name: next(tmp_path.glob(f"reports/fleet/*/{name}/events.jsonl")).read_text()
        for name in ("one", "two")
    }
    assert '["X-Tenant","one"]' in sent["one"].replace(" ", "")
    assert '["X-Tenant","all"]' in sent["two"].replace(" ", "")
    assert not any("very-secret" in text for text in sent.values())


def test_a_switch_that_is_off_for_one_target(tmp_path):
    said = entry(
        tmp_path, "[defaults]\nstrict = true\n[targets.one]\nprofile = 'spine'\nstrict = false\n"
    )
    assert said["strict"] is False
