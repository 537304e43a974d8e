"""Whatever a user gets wrong, and whatever a target does wrong, ends in one clear sentence and the right exit code.

Each case runs the real command line in a process of its own, in an empty folder.
"""

import json
import os
import ssl
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import pytest
import trustme
from hostile import hostile, silent

from ifmatch.errors import ExitCode

pytestmark = pytest.mark.slow

IMPATIENT = "timeout = 0.4\n"


@dataclass(frozen=True)
class Case:
    """What is typed, what the target file says, what stands at {url}; and what must come of it.

    `words` must all stand in what is printed, `answers` is a misbehaviour of `hostile`, from the request after `after`.
    """

    id: str
    typed: str
    code: ExitCode
    words: list[str]
    file: str = ""
    answers: str = ""
    after: int = 0
    environment: dict = field(default_factory=dict)


USAGE, UNUSABLE, NOTHING = ExitCode.USAGE, ExitCode.TARGET_UNUSABLE, ExitCode.NOTHING_RAN
R4 = "-p fhir-r4"
#: A server of ours, on purpose: without an address a target file alone would be taken for a slip.
OURS = f"{R4} --fault if-match-ignored"
_WARD = '{"resourceType": "Patient", "address": [{"city": "x"}], "id": "{ward}"}'
NEEDS = f"[resources.Patient]\nbody = '''{_WARD}'''\n"

CASES = [
    # ------------------------------------------------------------ what was typed
    Case("unknown profile", "-p spyne", USAGE, ['no profile "spyne"', 'Did you mean "spine"?']),
    Case("no profile file", "-p ./none.toml", USAGE, ["no profile file ./none.toml"]),
    Case("profile of a directory", "-p ./", USAGE, ["no profile file ./"]),
    Case("broken profile", "-p target.toml", USAGE, ["target.toml is not valid TOML", "line 1"], file="= what"),
    Case("invalid profile", "-p target.toml", USAGE, ["target.toml", "fhir", "Allowed:", "DSTU2"],
         file='id = "x"\ntitle = "x"\nfhir = "R9"\nsubject = "Patient"\n'),
    Case("unknown option", f"--bogus {R4}", USAGE, ["--bogus", "ifmatch run --help"]),
    Case("option without value", f"{R4} -k", USAGE, ["-k", "needs a value behind it"]),
    Case("bad expression", f"{R4} -k ((", USAGE, ["Wrong expression"]),
    Case("rules match nothing", f"{R4} --rules nope.*", NOTHING, ['No rule matches "nope.*"', "ifmatch rules"]),
    Case("selection is empty", f"{R4} -k nothinglikethis", NOTHING, ["No rule fits"]),
    Case("unknown fault", f"{R4} --fault nonsense", USAGE, ['no fault "nonsense"']),
    Case("fault without server", "--fault nonsense", USAGE, ["name its profile with -p"]),
    Case("folder that is a file", f"{R4} -o target.toml", USAGE, ["cannot be written", "-o DIR"], file="#\n"),
    # ------------------------------------------------------------ addresses
    Case("no scheme", f"localhost:8080/fhir {R4}", USAGE, ['Did you mean "http://localhost:8080/fhir"?']),
    Case("not a URL", f"nonsense {R4}", USAGE, ['"nonsense" is not a base URL', "https://staging.example/fhir"]),
    Case("port out of range", f"http://a:99999/fhir {R4}", USAGE, ["port out of range"]),
    Case("query", f"http://a/fhir?x=1 {R4}", USAGE, ["as in http://a/fhir", "leave out"]),
    Case("broken IPv6", f"http://[::1/fhir {R4}", USAGE, ["not a base URL"]),
    Case("no such host", f"http://no.such.host.invalid/fhir {R4}", UNUSABLE, ["no host for http://no.such.host.invalid"]),
    Case("international host", f"http://b\u00fccher.invalid/fhir {R4}", UNUSABLE, ["no host for http://xn--bcher-kva.invalid"]),
    Case("connection refused", f"http://127.0.0.1:1/fhir {R4}", UNUSABLE, ["Nothing answers at", "Start the server"]),
    Case("IPv6 address", f"http://[::1]:1/fhir {R4}", UNUSABLE, ["[::1]:1/fhir"]),
    # ------------------------------------------------------------ the target file
    Case("no target file", f"-t none.toml {R4}", USAGE, ["none.toml cannot be read"]),
    Case("broken target file", f"-t target.toml {R4}", USAGE, ["not valid TOML", "line 1"], file="base_url = oops\n"),
    Case("unknown key", f"-t target.toml {R4}", USAGE, ["top level", "tiemout"], file="tiemout = 3\n"),
    Case("wrong type", f"-t target.toml {R4}", USAGE, ["at timeout"], file='timeout = "long"\n'),
    Case("token inline", f"-t target.toml {R4}", USAGE, ["at auth", "token"], file='[auth]\ntoken = "s3cret"\n'),
    Case("token not set", f"-t target.toml {R4}", USAGE, ["NO_SUCH_TOKEN", "is not set"],
         file='auth.token_env = "NO_SUCH_TOKEN"\n'),
    Case("token is empty", f"-t target.toml {R4}", USAGE, ["EMPTY", "is empty"], file='auth.token_env = "EMPTY"\n',
         environment={"EMPTY": " "}),
    Case("token of two lines", f"http://127.0.0.1:1 {R4}", USAGE, ["IFMATCH_TOKEN", "line breaks"],
         environment={"IFMATCH_TOKEN": "one\ntwo"}),
    Case("token with its scheme", f"http://127.0.0.1:1 {R4}", USAGE, ['begins with "Bearer"'],
         environment={"IFMATCH_TOKEN": "Bearer abc"}),
    Case("no address", f"-t target.toml {R4}", USAGE, ["nobody says where it is", "Add base_url"], IMPATIENT),
    Case("body is not JSON", f"-t target.toml {R4}", USAGE, ["resources.Patient.body", "not JSON", "line 1"],
         file="[resources.Patient]\nbody = '{oops'\n"),
    Case("placeholder without value", f"-t target.toml {OURS}", USAGE, ["{ward}", "[placeholders] ward = "],
         file=NEEDS),
    Case("unknown type", f"-t target.toml {OURS}", USAGE, ["[resources.Patent]", "it tests Patient"],
         file="[resources.Patent]\nhow = \"create\"\n"),
    Case("nothing is lent", f"-t target.toml {OURS}", USAGE, ["give ids"],
         file='[resources.Patient]\nhow = "existing"\n'),
    Case("too few are lent", f"-t target.toml {R4} -n 2 {{url}}", USAGE, ["2 processes need 2 resources", "use -n 1"],
         file='[resources.Patient]\nhow = "existing"\nids = ["1"]\n', answers="none"),
    Case("no CA file", f"https://127.0.0.1:1/fhir -t target.toml {R4}", USAGE, ["none.pem", "PEM file"],
         file='tls.ca_file = "none.pem"\n'),
    # ------------------------------------------------------------ a target that was never any good
    Case("hangs", f"{{url}} -t target.toml {R4}", UNUSABLE, ["did not answer in time", "timeout"], IMPATIENT, "hang"),
    Case("drips", f"{{url}} -t target.toml {R4}", UNUSABLE, ["did not answer in time"], IMPATIENT, "drips"),
    Case("resets", f"{{url}} {R4}", UNUSABLE, ["breaks off the connection"], answers="reset"),
    Case("half a body", f"{{url}} {R4}", UNUSABLE, ["breaks off the connection"], answers="half"),
    Case("HTML", f"{{url}} {R4}", UNUSABLE, ["answers with HTML", "Check the path"], answers="html"),
    Case("yes to everything", f"{{url}} {R4}", UNUSABLE, ["says yes to everything"], answers="yes"),
    Case("redirects", f"{{url}} {R4}", UNUSABLE, ["follows no redirects", "https://elsewhere.example"],
         answers="redirects"),
    Case("ten megabytes", f"{{url}} {R4}", UNUSABLE, ["more than 8 MB"], answers="huge"),
    Case("401", f"{{url}} {R4}", UNUSABLE, ["answers 401 to everything", "IFMATCH_TOKEN", "Bearer realm"],
         answers="unauthorized"),
    Case("503", f"{{url}} {R4}", UNUSABLE, ["answers 503", "not working"], answers="unavailable"),
    Case("404", f"{{url}} {R4}", UNUSABLE, ["answers 404 to metadata and to Patient", "Check the path"],
         answers="nothing-there"),
    Case("not HTTP", f"{{url}} {R4}", UNUSABLE, ["does not speak HTTP"], answers="garbage"),
    Case("other FHIR version", f"{{url}} {R4}", USAGE, ["FHIR 3.0.2", "-p fhir-stu3"], answers="other-version"),
    Case("no statement, no profile", "{url}", USAGE, ["no profile can be chosen", "Check the path", "by -p"],
         answers="no-statement"),
    Case("404 and no placeholders", "{url} -p koppeltaal", USAGE,
         ["{patient}", "answers 404 to metadata", "Check the path"],
         answers="nothing-there"),
    Case("plain HTTP for https", f"{{https}} {R4}", UNUSABLE, ["No TLS connection", "http://"], answers="none"),
    Case("TLS hangs", f"https://{{silent}}/fhir -t target.toml {R4}", UNUSABLE, ["lets no connection come about"],
         IMPATIENT),
    Case("unknown authority", f"{{tls}} {R4}", UNUSABLE, ["No TLS connection", "ca_file"]),
    # ------------------------------------------------------------ a target that turns bad
    Case("dies later", f"{{url}} {R4}", UNUSABLE, ["INCOMPLETE", "Nothing answers at"], answers="dies", after=40),
    Case("hangs later", f"{{url}} -t target.toml {R4}", UNUSABLE, ["INCOMPLETE", "3 requests in a row"],
         IMPATIENT, "hang", 40),
    Case("resets later", f"{{url}} {R4}", UNUSABLE, ["INCOMPLETE", "breaks off"], answers="reset", after=40),
    Case("HTML later", f"{{url}} {R4}", UNUSABLE, ["INCOMPLETE", "HTML by now"], answers="html", after=40),
    Case("401 later", f"{{url}} {R4}", UNUSABLE, ["INCOMPLETE", "401 to everything by now"],
         answers="unauthorized", after=40),
    Case("503 later", f"{{url}} {R4}", UNUSABLE, ["INCOMPLETE", "503", "where it answered 404"],
         answers="unavailable", after=40),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_one_sentence(case, tmp_path):
    """A slip or a bad target: the exit code, the words that help, no traceback, no verdict that cannot be meant.

    A run that a target breaks off keeps its evidence, and its report says that it is incomplete.
    """
    (tmp_path / "target.toml").write_text(case.file)
    with _addresses(case) as addresses:
        typed = case.typed.format(**addresses).split()
        done = ifmatch([*typed, *(["-o", "out"] if case.after else [])], tmp_path, case.environment)
    told = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == case.code, told
    assert [word for word in case.words if word not in told] == []
    assert "Traceback" not in told
    assert "INTERNALERROR" not in told
    assert "rule fails" not in told
    assert told.count(case.words[0]) <= 2
    if case.after:
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        assert (report["complete"], report["conformant"], report["exit_code"]) == (
            False,
            False,
            case.code,
        )
        assert {rule["verdict"] for rule in report["rules"]} >= {"pass", "error"}


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("--base-url=http://127.0.0.1:1/fhir --profile=fhir-r4", UNUSABLE, ["Nothing answers at"]),
        ("--profile=spyne", USAGE, ['Did you mean "spine"?']),
        ("--profile=fhir-r4 --rules=nope.*", NOTHING, ["No rule matches"]),
        ("--profile=fhir-r4 --bogus", USAGE, ["--bogus"]),
        ("--profile=fhir-r4 --report-dir /usr", USAGE, ["with an equals sign"]),
        ("--target {outside}/kt.toml -k stale", USAGE, ["with an equals sign", "--target=VALUE"]),
        ("--profile {outside}/kt.toml -k stale", USAGE, ["with an equals sign", "--profile=VALUE"]),
        ("-p ifmatch.suite.plugin --target {outside}/kt.toml -k stale", USAGE, ["with an equals sign"]),
        ("-p no:ifmatch", USAGE, ["-p ifmatch"]),
        ("--target={outside}/kt.toml tests -k stale", USAGE, ["--target is for the features"]),
        ("--profile=fhir-r4 --rules=update.version.*", ExitCode.CONFORMANT, ["PARTIAL 2 pass", "target: nothing"]),
    ],
)  # fmt: skip
def test_by_pytest(typed, code, words, tmp_path, request):
    """The other door, a plain pytest in a checkout, ends in the same exit codes and sentences."""
    (tmp_path / "kt.toml").write_text('profile = "koppeltaal"\n')
    takes_folder = "--report-dir" not in typed and "no:ifmatch" not in typed
    folder = [f"--report-dir={tmp_path / 'out'}"] if takes_folder else []
    given = typed.format(outside=tmp_path).split()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *given, *folder]
    done = subprocess.run(
        command, cwd=request.config.rootpath, capture_output=True, text=True, check=False
    )
    told = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == code, told
    assert [word for word in words if word not in told] == []
    assert "Traceback" not in told


def test_a_foreign_folder_does_not_disturb(tmp_path):
    """Where someone runs ifmatch, their own conftest, pytest.ini and tests are none of its business."""
    (tmp_path / "conftest.py").write_text("raise SystemExit('a conftest of somebody else')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    done = ifmatch(
        ["-p", "fhir-r4", "--rules", "update.version.*", "--junitxml", "j.xml"], tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "j.xml").is_file()


def test_a_foreign_project_is_not_disturbed(tmp_path):
    """Where ifmatch is merely installed, pytest runs as if it were not: nothing is loaded, printed or asked."""
    (tmp_path / "test_theirs.py").write_text(
        "import sys\ndef test_theirs():\n"
        "    assert not {'ifmatch.suite.session', 'httpcore', 'ifmatch.suite.scenarios'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "1 passed" in done.stdout, "ifmatch" in done.stdout) == (
        0,
        True,
        False,
    )


def test_a_reader_who_has_seen_enough(tmp_path):
    """`ifmatch run | head -1` ends as the run does, not as the pipe did."""
    command = f"{sys.executable} -m ifmatch run -p fhir-r4 --rules 'update.*'"
    script = f"set -o pipefail; {command} | head -1"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")


def ifmatch(words, folder, environment=None):
    """Run the command line in a folder."""
    command = [sys.executable, "-m", "ifmatch", "run", *words]
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IFMATCH_", "PYTEST_"))
    }
    return subprocess.run(
        command,
        cwd=folder,
        env={**clean, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def _addresses(case):
    """What the placeholders in what is typed stand for."""
    authority = trustme.CA() if "{tls}" in case.typed else None
    context = None
    if authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
    wanted = (
        hostile(case.answers or "none", case.after, tls=context)
        if case.answers or authority
        else nullcontext()
    )
    with wanted as server, silent() as quiet:
        url = server.base_url if server else ""
        yield {"url": url, "tls": url, "https": url.replace("http:", "https:"), "silent": quiet}
