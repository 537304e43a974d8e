"""Who we are to a target: what the target file says, what token endpoints are asked, when a token is renewed."""

import base64
import json
import socket
from urllib.parse import parse_qs

import pytest
from answering import answering
from joserfc import jwk, jwt
from leaks import spellings
from running import run

from ifmatch.client.access import authorizer_for
from ifmatch.client.auth import sources
from ifmatch.client.auth.authorizer import Authorizer
from ifmatch.client.auth.credentials import Authentication, ClientGrant, Fixed, RequestJwt
from ifmatch.client.auth.grant import Token, assertion, token_request
from ifmatch.client.auth.jose import KeyUnusable, signed, signing_key
from ifmatch.client.exchange import Request
from ifmatch.client.identity import Identity
from ifmatch.client.redaction import REDACTED, Redactor
from ifmatch.client.settings import Settings, settings_for
from ifmatch.errors import ConfigurationError, ExitCode, TargetUnusable
from ifmatch.judge.history import Kind, Outcome
from ifmatch.race.completion import outcome_of
from ifmatch.race.transport import Authorized, TimedRequest
from ifmatch.rules.answer import Answer

EC = jwk.generate_key("EC", "P-384", {"kid": "ec-1"}, private=True)
SMALL = jwk.generate_key("EC", "P-256", private=True)
RSA = jwk.generate_key("RSA", 2048, private=True)
JWK = json.dumps(EC.as_dict(private=True))
PEM = RSA.as_pem(private=True).decode()

SECRET = "s3cr3t/+~of the ward%"


# ---------------------------------------------------------------- the target file


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Settings from a target file that lies beside some keys."""
    monkeypatch.setenv("WARD", SECRET)
    files = {
        "ec.jwk": JWK,
        "rsa.pem": PEM,
        "public.jwk": json.dumps(EC.as_dict(private=False)),
        "small.pem": SMALL.as_pem(private=True).decode(),
        "no.pem": "s3cr3t nonsense",
        "secret": f"{SECRET}\n",
        "token": "t0ken-of-the-ward\n",
        "empty": "\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def settings(text, base_url="http://a"):
        path = tmp_path / "target.toml"
        path.write_text(text)
        return settings_for(base_url, str(path))

    return settings


GRANT = '[auth.oauth]\nclient_id = "c"\n'


@pytest.mark.parametrize(
    ("text", "credential"),
    [
        ('[auth]\ntoken_file = "token"\n', Fixed("Bearer t0ken-of-the-ward")),
        (GRANT + 'client_secret_env = "WARD"\n', ClientGrant("c", Authentication.BASIC, secret=SECRET)),
        (
            GRANT + 'client_secret_file = "secret"\nauthentication = "client_secret_post"\nscopes = ["a/b.c", "d"]\n',
            ClientGrant("c", Authentication.POST, scopes=("a/b.c", "d"), secret=SECRET),
        ),
        (
            GRANT + 'key_file = "ec.jwk"\ntoken_url = "https://b/token"\n',
            ClientGrant(
                "c", Authentication.PRIVATE_KEY, "https://b/token", key=signing_key(JWK, "ES384", "ec-1")
            ),
        ),
        (
            GRANT + 'key_file = "rsa.pem"\nkid = "k"\n[auth.oauth.claims]\nx = 1\n',
            ClientGrant(
                "c", Authentication.PRIVATE_KEY, key=signing_key(PEM.strip(), "RS384", "k"), claims={"x": 1}
            ),
        ),
        ('[auth.jwt]\nalgorithm = "none"\nclaims = {x = "y"}\n', RequestJwt({"x": "y"})),
        (
            '[auth.jwt]\nkey_file = "small.pem"\nlifetime = 60\nclaims = {}\n',
            RequestJwt({}, signing_key(SMALL.as_pem(private=True).decode().strip(), "ES256"), 60),
        ),
    ],
)  # fmt: skip
def test_what_a_target_file_says(text, credential, file):
    """Every way to say who one is, and what is usual where it says no more."""
    assert file(text).credentials == {Identity.FIRST: credential}
    second = text.replace("[auth", "[auth.second")
    assert file(second).credentials == {Identity.SECOND: credential}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[auth]\ntoken = "s3cr3t"\n', "auth.token: a secret does not stand in a target file"),
        (GRANT + 'client_secret = "s3cr3t"\n', "auth.oauth.client_secret: a secret does not stand"),
        (GRANT + 'key = "s3cr3t"\n', "key_env or key_file"),
        ('[auth.second]\npassword = "s3cr3t"\n', "auth.second.password: a secret does not stand"),
        (GRANT + 'key_file = """-----BEGIN PRIVATE KEY-----\ns3cr3t"""\n', "at auth.oauth.key_file"),
        (GRANT + 'client_secret_env = "s3cr3t-itself"\n', "at auth.oauth.client_secret_env"),
        (GRANT + 'key_fil = "ec.jwk"\n', 'Did you mean "key_file"?'),
        ('[auth.oath]\nclient_id = "c"\n', 'Did you mean "oauth"?'),
        (GRANT + 'client_secret_env = "NOBODY"\n', "The environment variable NOBODY"),
        (GRANT + 'client_secret_file = "nobody"\n', "at auth.oauth.client_secret_file cannot be read"),
        (GRANT + 'client_secret_file = "empty"\n', "at auth.oauth.client_secret_file is empty"),
        (GRANT, "names no client_secret, which client_secret_basic needs"),
        (GRANT + 'authentication = "private_key_jwt"\n', "names no key, which private_key_jwt needs"),
        (GRANT + 'client_secret_env = "WARD"\nkey_file = "ec.jwk"\n', "has no use for"),
        (GRANT + 'key_file = "public.jwk"\n', "it is a public key"),
        (GRANT + 'key_file = "no.pem"\n', "it is no RSA or EC key as PEM or JWK"),
        (GRANT + 'key_file = "rsa.pem"\nalgorithm = "ES384"\n', "does not sign by ES384; RS384"),
        (GRANT + 'key_file = "small.pem"\nalgorithm = "ES384"\n', "does not sign by ES384; ES256"),
        (GRANT + 'client_secret_env = "WARD"\ntoken_url = "b/token"\n', "token_url at auth.oauth"),
        (GRANT + 'client_secret_env = "WARD"\ntoken_url = "https://u:s3cr3t@b"\n', "without credentials"),
        ('[auth]\ntoken_env = "WARD"\nuser = "u"\n', "token_env and user at auth, which exclude"),
        ('[auth]\nuser = "u"\n', "gives a user at auth and no password"),
        ("[auth.jwt]\nclaims = {}\n", "a signed token needs a key"),
        ('[auth]\ntoken_env = "WARD"\n', "holds blanks"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_nothing_shown(text, said, file):
    """One sentence with the place, or with what may have been meant, and without a secret."""
    with pytest.raises(ConfigurationError) as caught:
        file(text)
    assert said in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_key_under_a_passphrase():
    """Nobody is there to type it."""
    with pytest.raises(KeyUnusable, match="passphrase"):
        signing_key(
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"
        )


def test_no_secret_in_a_repr(file):
    """Credentials can be printed, as a traceback with locals prints them."""
    texts = [GRANT + 'client_secret_env = "WARD"\n', GRANT + 'key_file = "ec.jwk"\n']
    shown = "".join(repr(file(text)) for text in texts)
    assert SECRET not in shown
    assert EC.as_dict(private=True)["d"] not in shown


# ---------------------------------------------------------------- what is asked for

URL = "https://auth.example/token"


def form(request):
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def test_a_client_that_has_a_secret():
    """It goes into the header or the form, each part encoded as the RFC says, and never into both."""
    grant = ClientGrant("c:1", Authentication.BASIC, scopes=("a", "b"), secret=SECRET)
    request = token_request(grant, URL, "")
    value = base64.b64decode(request.header("authorization").removeprefix("Basic ")).decode()
    assert value == "c%3A1:s3cr3t%2F%2B~of+the+ward%25"
    assert form(request) == {"grant_type": "client_credentials", "scope": "a b"}
    request = token_request(ClientGrant("c:1", Authentication.POST, secret=SECRET), URL, "")
    assert request.header("authorization") == ""
    assert form(request) == {
        "grant_type": "client_credentials",
        "client_id": "c:1",
        "client_secret": SECRET,
    }


@pytest.mark.parametrize(
    ("key", "public"), [(signing_key(JWK), EC), (signing_key(PEM, kid="k"), RSA)]
)
def test_a_client_that_has_a_key(key, public):
    """Its assertion is what SMART Backend Services asks: signed, for this end-point, short, and new each time."""
    grant = ClientGrant("c", Authentication.PRIVATE_KEY, key=key, claims={"tenant": "w"})
    first, second = (assertion(grant, URL, 1_000) for _ in range(2))
    read = jwt.decode(first, public, algorithms=[key.algorithm])
    assert read.header == {"typ": "JWT", "alg": key.algorithm, "kid": key.kid}
    assert (
        read.claims["jti"] != jwt.decode(second, public, algorithms=[key.algorithm]).claims["jti"]
    )
    assert {**read.claims, "jti": ""} == {
        "iss": "c", "sub": "c", "aud": URL, "iat": 1_000, "exp": 1_240, "jti": "", "tenant": "w",
    }  # fmt: skip
    assert form(token_request(grant, URL, first)) == {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": first,
    }


def test_claims_in_place_of_our_own():
    """What a server wants otherwise."""
    grant = ClientGrant(
        "c", Authentication.PRIVATE_KEY, key=signing_key(JWK), claims={"aud": "urn:x"}
    )
    assert jwt.decode(assertion(grant, URL, 1), EC, algorithms=["ES384"]).claims["aud"] == "urn:x"


# ---------------------------------------------------------------- what is answered


def authorizer(token_url, base_url="http://a", grant=None, learn=lambda secret: None):
    grant = grant or ClientGrant("c", Authentication.POST, token_url, secret=SECRET)
    settings = Settings(
        base_url, timeout=5, credentials={Identity.FIRST: grant}, through_proxy=False
    )
    return authorizer_for(settings, learn, lambda text: None)


READ = Request("GET", "http://a/Patient/1", identity=Identity.FIRST)
TOKEN = {"access_token": "abc", "token_type": "Bearer", "expires_in": 60}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ((400, {"error": "invalid_client"}), ExitCode.USAGE, "invalid_client. Check client_id"),
        ((401, {"error": "invalid_client", "error_description": "who?"}), ExitCode.USAGE, "(who?)"),
        ((400, {"error": "invalid_scope"}), ExitCode.USAGE, "invalid_scope. Check scopes"),
        ((400, {"error": "odd"}), ExitCode.USAGE, "odd. Look into its log"),
        ((404, {}), ExitCode.TARGET_UNUSABLE, "answers 404, and names no error of OAuth"),
        ((200, b"<html>"), ExitCode.TARGET_UNUSABLE, "what is no JSON object"),
        ((200, b'["access_token"]'), ExitCode.TARGET_UNUSABLE, "what is no JSON object"),
        ((200, b"[" * 100_000), ExitCode.TARGET_UNUSABLE, "what is no JSON object"),
        ((302, b""), ExitCode.TARGET_UNUSABLE, "answers 302"),
        ((200, {}), ExitCode.TARGET_UNUSABLE, "without a token"),
        ((200, {**TOKEN, "access_token": 5}), ExitCode.TARGET_UNUSABLE, "no header may carry"),
        ((200, {**TOKEN, "access_token": "a\nb"}), ExitCode.TARGET_UNUSABLE, "no header may carry"),
        ((200, {**TOKEN, "token_type": "DPoP"}), ExitCode.TARGET_UNUSABLE, "token_type DPoP"),
        ((200, {**TOKEN, "token_type": None}), ExitCode.TARGET_UNUSABLE, "without its token_type"),
        ((200, {**TOKEN, "expires_in": "soon"}), ExitCode.TARGET_UNUSABLE, "no number of seconds"),
        ((200, {**TOKEN, "expires_in": 0}), ExitCode.TARGET_UNUSABLE, "no number of seconds"),
        ((200, {**TOKEN, "expires_in": [1]}), ExitCode.TARGET_UNUSABLE, "no number of seconds"),
    ],
)  # fmt: skip
def test_answers_without_a_token(answer, code, said):
    """Each ends the run with a sentence that names the end-point, and with the exit code of whose fault it is."""
    with (
        answering(answer) as (url, _),
        pytest.raises((ConfigurationError, TargetUnusable)) as caught,
    ):
        authorizer(f"{url}/token").authorized(READ)
    assert caught.value.exit_code is code
    assert said in str(caught.value)
    assert f"{url}/token" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"token_type": "bearer"}, {"expires_in": "60"}, {"expires_in": None}]
)
def test_answers_with_a_token(change):
    """The type is written as one likes, the number as a text, and the scope may be another one."""
    with answering((200, {**TOKEN, "scope": "less", **change})) as (url, _):
        assert authorizer(f"{url}/token").authorized(READ).header("authorization") == "Bearer abc"


def test_a_dead_token_endpoint(monkeypatch):
    """It is asked three times, and then the run ends: nobody can be judged."""
    monkeypatch.setattr("ifmatch.client.auth.endpoint.time.sleep", lambda seconds: None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/token"
    with pytest.raises(TargetUnusable, match=f"No token can be had.*{url}"):
        authorizer(url).authorized(READ)


def test_a_token_endpoint_in_trouble(monkeypatch):
    """Asking changes nothing, so it is asked again."""
    monkeypatch.setattr("ifmatch.client.auth.endpoint.time.sleep", lambda seconds: None)
    with answering((503, b""), (429, b""), (200, TOKEN)) as (url, asked):
        assert authorizer(f"{url}/token").authorized(READ).header("authorization") == "Bearer abc"
    assert len(asked) == 3


def test_the_target_says_where_tokens_are_issued():
    """By its smart-configuration, which is asked for without a token."""
    with (
        answering((200, TOKEN)) as (auth, _),
        answering((200, {"token_endpoint": f"{auth}/t"})) as (base, asked),
    ):
        assert authorizer("", base).authorized(READ).header("authorization") == "Bearer abc"
    ((path, _, headers),) = asked
    assert path == "/.well-known/smart-configuration"
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    "answer", [(404, b""), (200, {}), (200, {"token_endpoint": "/t"}), (200, b"x")]
)
def test_the_target_does_not_say(answer):
    """Then the target file must."""
    with answering(answer) as (base, _), pytest.raises(ConfigurationError, match="Give token_url"):
        authorizer("", base).authorized(READ)


# ---------------------------------------------------------------- when it is renewed


class Issuer:
    """Issues tokens that last for so long by a clock of its own."""

    def __init__(self, monkeypatch, lifetime):
        self.now, self.issued, self.lifetime = 0.0, 0, lifetime
        monkeypatch.setattr(sources, "clock", lambda: self.now)

    def token_for(self, grant):
        self.issued += 1
        return Token(f"t{self.issued}", self.now, self.lifetime)


@pytest.fixture
def issued(monkeypatch):
    """A source of tokens of so many seconds, who issues them, and what puts them into requests."""

    def source(lifetime=20.0):
        issuer, told = Issuer(monkeypatch, lifetime), []
        grant = ClientGrant("c", Authentication.POST)
        found = sources.TokenSource(grant, issuer, told.append)
        return Authorizer({Identity.FIRST: found}), issuer, told

    return source


def shown(authorizer):
    return authorizer.authorized(READ).header("authorization")


def test_a_token_is_renewed_before_it_ends(issued):
    """In the last quarter of its time, or in its last minute."""
    authorizer, issuer, _ = issued(20)
    assert shown(authorizer) == "Bearer t1"
    issuer.now = 14.9
    assert shown(authorizer) == "Bearer t1"
    issuer.now = 15
    assert shown(authorizer) == "Bearer t2"
    assert [Token("t", 0, 3600).is_due(now) for now in (3539, 3540)] == [False, True]
    assert not Token("t", 0, None).is_due(1e9)


def test_no_token_is_renewed_while_requests_race(issued):
    """What is due is renewed before, whatever happens meanwhile comes after."""
    authorizer, issuer, _ = issued()
    shown(authorizer)
    issuer.now = 16
    released = []

    class Engine:
        def release(self, requests, mode, hold):
            issuer.now = 40
            released.extend(timed.request.header("authorization") for timed in requests)
            released.append(shown(authorizer))
            return []

    engine = Authorized(Engine(), authorizer)
    engine.release([TimedRequest(READ)] * 3)
    assert (released, issuer.issued) == (["Bearer t2"] * 4, 2)
    engine.release([TimedRequest(READ)])
    assert issuer.issued == 3


def test_nobody_is_asked_for_a_token_that_nobody_shows(issued):
    """A race of the first identity does not log the second one in."""
    authorizer, issuer, _ = issued()
    with authorizer.held():
        pass
    assert authorizer.authorized(Request("GET", "http://a")).headers == ()
    assert issuer.issued == 0


def answers(authorizer, *statuses, challenge=""):
    """What becomes of requests that are answered so: each with the token it showed and whether that is blamed."""
    seen = []
    for status in statuses:
        sent = authorizer.authorized(READ)
        answer = Answer(status, {"www-authenticate": challenge} if challenge else {})
        seen.append((sent.header("authorization")[-2:], authorizer.blames_token(sent, answer)))
    return seen


def test_a_token_that_ends_early(issued):
    """A 401 to a token that was accepted is put down to the token, once; and the user is told."""
    authorizer, _, told = issued()
    assert answers(authorizer, 200, 401, 200, 401) == [
        ("t1", False), ("t1", True), ("t2", False), ("t2", True),
    ]  # fmt: skip
    assert len(told) == 2


def test_a_new_token_is_not_blamed(issued):
    """A 401 to the first request ever is an answer, and so is one to the token that was had for a 401."""
    authorizer, issuer, told = issued()
    assert answers(authorizer, 401, 401) == [("t1", False), ("t1", False)]
    assert (issuer.issued, told) == (1, [])
    authorizer, issuer, _ = issued()
    assert answers(authorizer, 200, 401, 401) == [("t1", False), ("t1", True), ("t2", False)]


def test_who_answers_401_to_new_tokens_too_means_the_request(issued):
    """It has shown that by one: from then on a token is blamed for its age, or where the answer names it."""
    authorizer, issuer, _ = issued()
    answers(authorizer, 200, 401, 401, 200)
    assert answers(authorizer, 401) == [("t2", False)]
    assert answers(authorizer, 401, challenge='Bearer error="invalid_token"') == [("t2", True)]
    answers(authorizer, 200)
    issuer.now = 14
    sent = authorizer.authorized(READ)
    issuer.now = 16
    assert authorizer.blames_token(sent, Answer(401))


def test_an_older_token_is_blamed(issued):
    """Of a round in which the token ended the second answer is no more a verdict than the first."""
    authorizer, _, told = issued()
    answers(authorizer, 200)
    first, second = (authorizer.authorized(READ) for _ in range(2))
    assert authorizer.blames_token(first, Answer(401))
    assert authorizer.blames_token(second, Answer(401))
    assert shown(authorizer) == "Bearer t2"
    assert authorizer.blames_token(second, Answer(401))
    assert len(told) == 1


def test_a_token_of_unknown_life(issued):
    """It serves until a 401 says that it has ended."""
    authorizer, issuer, _ = issued(None)
    shown(authorizer)
    issuer.now = 1e6
    assert answers(authorizer, 200, 401, 200) == [("t1", False), ("t1", True), ("t2", False)]


def test_a_server_that_issues_none_for_a_while(issued, monkeypatch):
    """The token serves until it ends; then the run does, for what was right when it began is not the user's mistake."""
    authorizer, issuer, _ = issued()
    shown(authorizer)

    def refuse(grant):
        raise ConfigurationError("invalid_client")

    issuer.now = 18
    with monkeypatch.context() as patch:
        patch.setattr(issuer, "token_for", refuse)
        assert shown(authorizer) == "Bearer t1"
    assert shown(authorizer) == "Bearer t2"
    issuer.now = 38
    monkeypatch.setattr(issuer, "token_for", refuse)
    with pytest.raises(TargetUnusable, match="invalid_client"):
        shown(authorizer)


def test_a_race_learns_nothing_from_a_token_that_ended():
    """Such an answer is none to the request, so nobody won and nobody lost."""
    assert outcome_of(Kind.UPDATE, Answer(401)) is Outcome.REFUSED
    assert outcome_of(Kind.UPDATE, Answer(401, failure="the token had ended")) is Outcome.UNKNOWN


def test_a_run_without_a_token(tmp_path):
    """It ends with the exit code of whose fault it is, and shows nothing of what it asked with."""
    (tmp_path / "secret").write_text(SECRET)
    said = [
        (400, {"error": "invalid_client", "error_description": f"{SECRET} is wrong"}),
        (200, b"nonsense"),
    ]
    found = []
    for answer in said:
        with answering(answer) as (url, _):
            file = tmp_path / "target.toml"
            file.write_text(f'{GRANT}token_url = "{url}/token"\nclient_secret_file = "secret"\n')
            code, report, printed = run([url, "-p", "fhir-r4", "-t", str(file)])
        assert "Traceback" not in printed
        assert SECRET not in printed + json.dumps(report)
        found.append((code, report["exit_code"]))
    assert found == [(ExitCode.USAGE,) * 2, (ExitCode.TARGET_UNUSABLE,) * 2]


# ---------------------------------------------------------------- a JWT with each request


def jwt_for(request, key=None):
    claims = {"requested_scope": "user/{type}.{access}", "device": [{"id": "{unique}"}]}
    settings = Settings("http://a/fhir", credentials={Identity.FIRST: RequestJwt(claims, key)})
    sent = authorizer_for(settings, lambda secret: None, lambda text: None).authorized(request)
    return sent.header("authorization").removeprefix("Bearer ")


def part(token, number):
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/Patient/1", "user/Patient.read"),
        ("PUT", "/List?identifier=a/b", "user/List.write"),
        ("POST", "", "user/*.write"),
    ],
)
def test_an_unsecured_jwt(method, path, scope):
    """As Spine asks: three parts, the last one empty, new with each request, and what is asked stands in it."""
    request = Request(method, f"http://a/fhir{path}", identity=Identity.FIRST)
    token, other = jwt_for(request), jwt_for(request)
    claims = part(token, 1)
    assert token.endswith(".") and token.count(".") == 2
    assert part(token, 0) == {"alg": "none", "typ": "JWT"}
    assert claims["requested_scope"] == scope
    assert claims["exp"] - claims["iat"] == 300
    assert claims["device"] != part(other, 1)["device"]


def test_a_signed_jwt():
    """By a key of ours, which the target knows."""
    token = jwt_for(READ, signing_key(JWK))
    assert jwt.decode(token, EC, algorithms=["ES384"]).header["kid"] == "ec-1"


# ---------------------------------------------------------------- nothing of it is shown


def test_every_jwt_of_an_issuer_is_removed():
    """Who has learnt one knows all of its kind, in every spelling but in digits, also inside of something."""
    key = signing_key(JWK)
    redactor = Redactor()
    redactor.learn(signed({"jti": "the first of them"}, key))
    token = signed({"jti": "another one"}, key)
    inside = [base64.b64encode(b"x" * n + token.encode()).decode() for n in range(3)]
    spelt_out = [spelt for spelt in spellings(token) if spelt != token.encode().hex()]
    for spelt in [*spelt_out[:-3], *inside]:
        cleared = redactor.text(f"a {spelt} b")
        assert REDACTED in cleared
        assert len(cleared) < 30, cleared


def test_what_is_had_is_learnt():
    """The token and the assertion it was had by are secrets before anything can show them."""
    learnt = []
    with answering((200, TOKEN)) as (url, asked):
        grant = ClientGrant("c", Authentication.PRIVATE_KEY, f"{url}/t", key=signing_key(JWK))
        authorizer("", grant=grant, learn=learnt.append).authorized(READ)
    ((_, body, _),) = asked
    assert learnt == [parse_qs(body)["client_assertion"][0], "abc"]


def test_the_secrets_of_settings(file):
    """Secret, key, and what is made of them."""
    secrets = file(GRANT + 'client_secret_env = "WARD"\n').secrets
    assert {SECRET, "s3cr3t%2F%2B~of+the+ward%25"} <= set(secrets)
    assert EC.as_dict(private=True)["d"] in file(GRANT + 'key_file = "ec.jwk"\n').secrets
