"""How a target is reached: settings, the wire, waiting, redaction, and the account of what was made."""

import base64
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from hostile import hostile, silent
from hypothesis import given
from hypothesis.strategies import from_regex, one_of

from ifmatch.client import courier, redaction
from ifmatch.client.auth.authorizer import Authorizer
from ifmatch.client.auth.credentials import Fixed
from ifmatch.client.courier import NoAnswer
from ifmatch.client.exchange import Exchange, Failure, Request, Response
from ifmatch.client.http import Wire
from ifmatch.client.identity import Identity
from ifmatch.client.ledger import Ledger
from ifmatch.client.overrides import with_overrides
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import REDACTED, Redactor
from ifmatch.client.settings import Settings, settings_for
from ifmatch.client.statement import Statement
from ifmatch.client.target import Target
from ifmatch.client.tidying import tidy_up
from ifmatch.client.workbench import Workbench
from ifmatch.errors import ConfigurationError, OutcomeUnknown, RuleNotApplicable, TargetUnusable
from ifmatch.log.events import ExchangeRecorded
from ifmatch.rules.answer import Answer
from ifmatch.rules.profile import load


@pytest.fixture(autouse=True)
def no_tokens(monkeypatch):
    """Tokens of whoever runs the tests are none of theirs."""
    for name in ("IFMATCH_TOKEN", "IFMATCH_SECOND_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path):
    """Writes a target file, and gives its settings."""

    def settings(text, base_url=""):
        (tmp_path / "target.toml").write_text(text)
        return settings_for(base_url, str(tmp_path / "target.toml"))

    return settings


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://a/fhir/", "http://a/fhir"),
        ("https://a:8443/fhir//", "https://a:8443/fhir"),
        (" http://a ", "http://a"),
        ("http://[::1]:8080/fhir", "http://[::1]:8080/fhir"),
        (
            "http://b\u00fccher.example/f\u00fcr uns".replace(" ", "-"),
            "http://xn--bcher-kva.example/f%C3%BCr-uns",
        ),
        ("HTTP://A/fhir", "http://a/fhir"),
        ("", ""),
    ],
)
def test_base_urls(given, url):
    """A base URL is used without its slash, however its host is written."""
    assert settings_for(given, "").base_url == url


@pytest.mark.parametrize("given", ["http://nurse:s3cr%2Ft@a", "https://nurse:s3cr%2Ft@a:1/fhir"])
def test_credentials_in_the_address(given):
    """Credentials in the address are taken out of it, decoded, and used as basic authentication."""
    settings = settings_for(given, "")
    assert settings.credentials == {
        Identity.FIRST: Fixed("Basic " + base64.b64encode(b"nurse:s3cr/t").decode())
    }
    assert "nurse" not in settings.base_url
    assert {"s3cr/t", "nurse:s3cr/t"} & set(settings.secrets)


@pytest.mark.parametrize(
    "given",
    [
        "ftp://u:s3cret@a",
        "http://u:s3cret@a:99999",
        "http://u:s3cret@a/?x=s3cret",
        "http://u:s3cret@[::1",
        "u:s3cret@a",
    ],
)
def test_a_broken_address_shows_no_credentials(given):
    """Whatever is wrong with an address, the sentence about it leaves its credentials out."""
    with pytest.raises(ConfigurationError) as caught:
        settings_for(given, "")
    assert "s3cret" not in str(caught.value)


def test_the_target_file_of_the_readme_is_one(file, monkeypatch):
    """Whoever copies it begins with something that works."""
    for name in ("STAGING_TOKEN", "READER_TOKEN"):
        monkeypatch.setenv(name, f"{name}-of-ada")
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    settings = file(readme.partition("```toml\n")[2].partition("```")[0])
    assert settings.base_url == "https://staging.example/fhir"
    assert set(settings.credentials) == {Identity.FIRST, Identity.SECOND}


def test_no_secret_in_a_repr(file, monkeypatch):
    """Settings and requests can be printed, as a debugger or a traceback prints them, without a secret."""
    monkeypatch.setenv("WARD", "s3cr3t-value")
    settings = file(
        '[auth]\ntoken_env = "WARD"\n[headers]\nX-Api-Key = {env = "WARD"}\nX-Auth-Token = "inline-s3cret"\n',
        "http://a",
    )
    request = Request(
        "PUT", "http://a", (("Authorization", "Bearer s3cr3t-value"),), b"s3cr3t-value"
    )
    assert "s3cr" not in repr(settings) + repr(request)
    assert {"s3cr3t-value", "inline-s3cret"} <= set(settings.secrets)


def test_a_mistake_in_a_file_shows_no_value(file):
    """A secret put inline by mistake is not shown by the sentence that says where the mistake is."""
    with pytest.raises(ConfigurationError) as caught:
        file('[auth]\ntoken = "s3cr3t-value"\n')
    assert "s3cr3t" not in str(caught.value)
    assert "auth" in str(caught.value)


@pytest.mark.parametrize("timeout", ["0", "-1"])
def test_a_timeout_is_positive(file, timeout):
    """No time at all is no time-out."""
    with pytest.raises(ConfigurationError, match="at timeout"):
        file(f"timeout = {timeout}\n")


# ---------------------------------------------------------------- redaction

SECRET = "s3cr3t/+~val<ue>&=%'x"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "Bearer ", "nurse:"])
@pytest.mark.parametrize("after", ["", "z", "zz"])
def test_a_secret_inside_of_base64(before, after):
    """Wherever in something longer a secret is put into base64, no more of it stays than its edges: a letter or two."""
    told = base64.b64encode(f"{before}{SECRET}{after}".encode()).decode()
    cleared = Redactor([SECRET]).text(told)
    assert REDACTED in cleared
    assert len(cleared) - len(REDACTED) <= 2 * len(before + after) + 6


@pytest.mark.parametrize(
    "text",
    [
        "GET /x?access_token=abcdefgh&y=1",
        '{"client_secret": "abcdefgh"}',
        "authorization: Bearer abcdefgh",
        "http://me:abcdefgh@host/",
        "eyJabcdefgh.abcdefgh.abcdefgh",
    ],
)
def test_what_looks_like_a_secret(text):
    """A secret that nobody told us of is found by the place it stands in."""
    assert "abcdefgh" not in Redactor().text(text)


@given(text=one_of(*map(from_regex, redaction._PATTERNS)))
def test_the_quick_look_misses_nothing_that_looks_like_a_secret(text):
    """Whatever a pattern matches holds one of the clues."""
    assert redaction._has_clue(text)


def test_ordinary_text_stays():
    """Redaction leaves a resource and a message as they are."""
    text = '{"resourceType": "Patient", "identifier": [{"system": "urn:x", "value": "12"}]} If-Match: W/"3" 412 basic'
    assert Redactor(["t0ken", "abc"]).text(text) == text


def test_cookies_are_learnt():
    """The value of a cookie is a secret from the moment it is set, in bodies, too."""
    redactor = Redactor()
    assert redactor.headers(
        (("Set-Cookie", "sid=abc123xyz; Path=/"), ("WWW-Authenticate", 'Bearer realm="x"'))
    ) == (
        ("Set-Cookie", REDACTED),
        ("WWW-Authenticate", 'Bearer realm="x"'),
    )
    assert redactor.text("your session is abc123xyz") == f"your session is {REDACTED}"


# ---------------------------------------------------------------- the wire


def get(url):
    """A plain read."""
    return Request("GET", f"{url}/metadata")


@pytest.mark.parametrize(
    ("name", "patience", "failure"),
    [
        ("hang", 0.4, Failure.TIMEOUT),
        ("drips", 0.4, Failure.TIMEOUT),
        ("drips-body", 0.4, Failure.TIMEOUT),
        ("reset", 30, Failure.RESET),
        ("half", 30, Failure.RESET),
        ("huge", 30, Failure.TOO_LARGE),
    ],
)
def test_failures(name, patience, failure):
    """Each way in which no answer comes has its name, also one that would go on for ever."""
    with hostile(name) as server:
        wire = Wire(server.base_url, None, patience)
        exchange = wire.send(get(server.base_url))
        assert (exchange.response, exchange.failure) == (None, failure)
        wire.close()


def test_a_handshake_that_hangs():
    """A port that never speaks TLS holds up for no longer than the time-out, and nothing was sent."""
    with silent() as address:
        wire = Wire(f"https://{address}", ssl.create_default_context(), 0.3)
        exchange = wire.send(get(f"https://{address}"))
        assert exchange.failure is Failure.NO_ANSWER
        assert exchange.failure.never_sent


@pytest.mark.parametrize(
    "name", ["none", "http10", "chunked", "closes", "drops", "compresses", "drops-after-refusal"]
)
def test_ways_of_speaking_http(name):
    """Whatever a server does with connections, lengths and encodings, its answers arrive whole."""
    with hostile(name) as server:
        wire = Wire(server.base_url, None, 5)
        bodies = [wire.send(get(server.base_url)).response for _ in range(3)]
        wire.send(Request("GET", f"{server.base_url}/Patient/nobody"))
        bodies.append(wire.send(get(server.base_url)).response)
        documents = {body.body for body in bodies if body}
        wire.close()
    assert len(documents) == 1
    assert json.loads(documents.pop())["resourceType"] == "CapabilityStatement"


def test_only_our_headers():
    """The evidence shows what was on the wire: no header is added but what HTTP itself needs."""
    with hostile("none") as server:
        wire = Wire(server.base_url, None, 5)
        wire.send(
            Request(
                "PUT",
                f"{server.base_url}/Patient/x",
                (("If-Match", 'W/"1"'), ("If-Match", 'W/"2"')),
                b"{}",
            )
        )
        names = [name.lower() for name, _ in server.seen[0].headers]
        wire.close()
    assert sorted(names) == ["content-length", "host", "if-match", "if-match", "user-agent"]


def test_tls(tmp_path, file):
    """A server that is certified by an own authority, and asks for our certificate, is reached by the target file."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    authority.configure_trust(server_side)
    server_side.verify_mode = ssl.CERT_REQUIRED
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "me.pem"
    )
    with hostile("none", tls=server_side) as server:
        settings = file('[tls]\nca_file = "ca.pem"\ncertificate = "me.pem"\n', server.base_url)
        wire = Wire(server.base_url, settings.tls(), 5)
        assert wire.send(get(server.base_url)).response.status == 200
        stranger = Wire(server.base_url, ssl.create_default_context(cafile=tmp_path / "ca.pem"), 5)
        assert stranger.send(get(server.base_url)).failure is Failure.TLS
        wire.close()


# ---------------------------------------------------------------- waiting, giving up


class Script:
    """A wire that gives answers as written, and counts."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def send(self, request):
        self.sent.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def pause(self, seconds):
        courier.time.sleep(seconds)


def sender(*answers):
    """A courier over a script; an answer is a failure, or a status with its Retry-After."""

    def exchange(answer):
        if isinstance(answer, Failure):
            return Exchange(get("http://a"), None, answer, "why", datetime.now(UTC), 0.0)
        status, after = answer
        headers = (("Retry-After", after),) if after else ()
        return Exchange(
            get("http://a"),
            Response(status, "", "HTTP/1.1", headers, b""),
            None,
            "",
            datetime.now(UTC),
            0.0,
        )

    def noted(exchange, _):
        return exchange.answer("1")

    wire, told = Script(*map(exchange, answers)), []
    return (
        courier.Courier(wire, "http://a", noted, told.append, lambda _: None, Authorizer({})),
        wire,
        told,
    )


@pytest.fixture
def slept(monkeypatch):
    """How long was waited, without the waiting."""
    seconds = []
    monkeypatch.setattr(courier.time, "sleep", seconds.append)
    return seconds


OK, READ, WRITE = (200, ""), get("http://a"), Request("PUT", "http://a/x")


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        ((429, "1"), 1.0),
        ((429, ""), 1.0),
        ((503, "7"), 7.0),
        ((429, "9999"), 60.0),
        ((429, "x"), 1.0),
    ],
)
def test_waits(slept, request_, answer, pause):
    """429, and 503 with Retry-After, are waited out, for writes, too, but for no longer than a minute."""
    send, wire, told = sender(answer, OK)
    assert send.send(request_).status == 200
    assert (slept, len(wire.sent), bool(told)) == ([pause], 2, pause > 2)


def test_a_503_alone_is_an_answer(slept):
    """503 without Retry-After asks for nothing."""
    assert sender((503, ""))[0].send(READ).status == 503
    assert slept == []


def test_waiting_is_bounded(slept):
    """A target that always puts us off ends the run; all the waiting of a run has an end."""
    send, _, _ = sender((429, "1"))
    outcomes = [ended(send) for _ in range(3)]
    assert outcomes == [OutcomeUnknown, OutcomeUnknown, TargetUnusable]
    slow, _, _ = sender((429, "59"), (429, "59"), OK, (429, "59"), (429, "59"))
    slept.clear()
    while ended(slow) is not TargetUnusable:
        pass
    assert sum(slept) <= courier.LONGEST_WAITING


def ended(send):
    """How a request ends."""
    try:
        send.send(READ)
    except NoAnswer:
        return OutcomeUnknown
    except TargetUnusable:
        return TargetUnusable
    return None


@pytest.mark.parametrize("failure", list(Failure))
def test_no_write_is_sent_twice(slept, failure):
    """A write is never sent again, whatever became of it; what is sent after it is a read."""
    send, wire, _ = sender(failure, OK)
    with pytest.raises(NoAnswer):
        send.send(WRITE)
    assert [request.method for request in wire.sent].count("PUT") == 1


@pytest.mark.parametrize("failure", list(Failure))
def test_a_read_is_tried_again_only_for_want_of_a_connection(slept, failure):
    """A read is sent again when it found no connection; a second failure to connect ends the run."""
    again = failure.never_sent or failure is Failure.DROPPED
    send, wire, _ = sender(failure, OK)
    assert ended(send) is (None if again else OutcomeUnknown)
    assert len(wire.sent) == (2 if again else 1)
    send, _, _ = sender(failure)
    assert ended(send) is (TargetUnusable if failure.never_sent else OutcomeUnknown)


def test_giving_up(slept):
    """Three requests in a row without a usable answer end the run; an answer in between makes it start anew."""
    send, _, _ = sender(
        Failure.RESET, Failure.TIMEOUT, OK, Failure.RESET, Failure.TIMEOUT, Failure.TOO_LARGE, OK
    )
    assert [ended(send) for _ in range(6)] == [
        OutcomeUnknown,
        OutcomeUnknown,
        None,
        OutcomeUnknown,
        OutcomeUnknown,
        TargetUnusable,
    ]


# ---------------------------------------------------------------- the account


def test_the_ledger_of_others():
    """What another process journalled and did not remove is taken over; what it settled is not."""
    notes = []
    theirs = Ledger(notes.append)
    one, two, three, four = (
        theirs.intend("Patient", unique) for unique in ("u1", "u2", "u3", "u4")
    )
    theirs.created(one, "1")
    theirs.created(two, "2")
    theirs.removed(two)
    theirs.never_made(three)
    lent = theirs.intend("Patient", "", "7", original={"id": "7"})
    theirs.created(lent, "7")
    ours = Ledger(lambda entry: None)
    ours.adopt(notes)
    assert [(item.id, item.unique, item.original) for item in ours.open_items()] == [
        ("7", "", {"id": "7"}),
        ("1", "u1", None),
        ("", "u4", None),
    ]
    assert four in theirs.open_items()


def target_at(server, **settings):
    """A target with its journal."""
    journal = []
    given = Settings(server.base_url, timeout=2.0, **settings)
    profile = with_overrides(load("fhir-r4"), given.resources)
    return Target(given, profile, "run", Recorder(journal.append, Redactor())), journal


def test_what_is_lent_is_never_deleted():
    """Not even a scenario that is about deleting deletes what is not ours."""
    with hostile("none") as server:
        target, _ = target_at(server)
        mine = Workbench(target, "Patient").make()
        lending, _ = target_at(server, resources={"Patient": {"how": "existing", "ids": [mine.id]}})
        bench = Workbench(lending, "Patient")
        lent = bench.make()
        with pytest.raises(RuleNotApplicable, match="only lent"):
            lending.delete("Patient", lent.id)
        with pytest.raises(RuleNotApplicable, match="needs one more"):
            bench.make()
        bench.update(lent)
        assert tidy_up(lending) is False
        assert server.left == [f"Patient/{mine.id}"]
        assert target.read("Patient", mine.id).resource["address"] == mine.read.resource["address"]


def test_a_large_body_is_cut_in_the_evidence():
    """The evidence holds bodies whole up to 256 kB, and says so when it does not."""
    with hostile("none") as server:
        target, journal = target_at(server)
        target.create(
            {
                "resourceType": "Patient",
                "text": {"status": "generated", "div": "<div>" + "x" * 400_000 + "</div>"},
            }
        )
        body = next(event.request.body for event in journal if isinstance(event, ExchangeRecorded))
    assert len(body) < 300_000
    assert body.endswith("bytes in all]")


@pytest.mark.parametrize("document", [
    {"resourceType": "CapabilityStatement"},
    {"resourceType": "CapabilityStatement", "rest": {}},
    {"resourceType": "CapabilityStatement", "rest": [7]},
    {"resourceType": "CapabilityStatement", "rest": [{"resource": "Patient"}]},
    {"resourceType": "CapabilityStatement", "rest": [{"resource": [{"type": "Patient", "interaction": "read"}]}]},
    {"resourceType": "CapabilityStatement", "rest": [], "patchFormat": "json"},
    {"resourceType": "Patient"},
    [],
])  # fmt: skip
def test_a_broken_statement_gates_nothing(document):
    """A statement of the wrong shape is a problem to tell, and no claim is read from it."""
    statement = Statement.read_from(Answer(200, content=json.dumps(document).encode()))
    assert statement.problem
    assert statement.claims("patch", "Patient") is None
