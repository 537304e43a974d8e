"""A real authorization server from the npm registry, with the clients that the tests need, and who believes it."""

import json
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from built import Recipe, Tool, tail
from joserfc import jwk, jwt
from joserfc.errors import JoseError

PROGRAM = Recipe(
    title="the authorization server",
    source=Path(__file__).parent / "program",
    tools=(Tool("node", 20), Tool("npm")),
    build=(("npm", "install", "--no-audit", "--no-fund", "--loglevel=error"),),
)

#: How long it may take to start, in seconds: many times what it takes on two idle cores.
PATIENCE = 60

WRITE, READ = "system/*.cruds", "system/*.rs"

SECRET = "s3cr3t/+~of the ward%"

KEYS = {
    "RS384": jwk.generate_key("RSA", 2048, {"kid": "rsa-1"}, private=True),
    "ES384": jwk.generate_key("EC", "P-384", {"kid": "ec-1"}, private=True),
}


def _client(name, method, scope, **more):
    return {
        "client_id": name,
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
        "token_endpoint_auth_method": method,
        "scope": scope,
        **more,
    }


def _by_key(algorithm, scope=WRITE):
    public = {**KEYS[algorithm].as_dict(private=False), "use": "sig"}
    return _client(
        algorithm,
        "private_key_jwt",
        scope,
        jwks={"keys": [public]},
        token_endpoint_auth_signing_alg=algorithm,
    )


CLIENTS = [
    _client("basic", "client_secret_basic", WRITE, client_secret=SECRET),
    _client("post", "client_secret_post", WRITE, client_secret=SECRET),
    _client("reader", "client_secret_basic", READ, client_secret=SECRET),
    _by_key("RS384"),
    _by_key("ES384"),
]


@dataclass(frozen=True)
class Authority:
    """An authorization server that runs: where it is, and where it writes what it does."""

    url: str
    log: Path

    @property
    def token_url(self):
        return f"{self.url}/token"

    @property
    def told(self):
        return [
            json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line[:1] == "{"
        ]

    @property
    def issued(self):
        """Each token that it issued: to which client, when, upon which assertion."""
        return [line for line in self.told if "token" in line]

    def believers(self, early=0.0):
        """What a server believes of its tokens, each of which it lets end so many seconds early."""
        keys = jwk.KeySet.import_key_set(httpx.get(f"{self.url}/jwks").json())
        return Believed(keys, early)


class Believed:
    """A token's rights, by the token, as the embedded server wants to know them."""

    def __init__(self, keys, early):
        self._keys, self._early = keys, early

    def get(self, token):
        try:
            claims = jwt.decode(token, self._keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return None
        if time.time() > claims["exp"] - self._early or claims["aud"] != "urn:ifmatch:target":
            return None
        return {WRITE: "write", READ: "read"}.get(claims.get("scope"))


@contextmanager
def authority(port, lifetime):
    """An authorization server whose tokens last so many seconds.

    Raises MissingError when a tool is not here, BuildError when it cannot be built.
    """
    home = PROGRAM.built()
    with tempfile.TemporaryDirectory(prefix="ifmatch-authority-") as folder:
        settings, log = Path(folder) / "settings.json", Path(folder) / "log"
        settings.write_text(
            json.dumps(
                {"port": port, "clients": CLIENTS, "scopes": [WRITE, READ], "lifetime": lifetime}
            )
        )
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["node", str(home / "program.mjs"), str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            found = Authority(f"http://127.0.0.1:{port}", log)
            _await(found, process)
            yield found
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _await(found, process):
    ends = time.monotonic() + PATIENCE
    while not any("listening" in line for line in found.told):
        if process.poll() is not None or time.monotonic() > ends:
            raise AssertionError(f"it does not start:\n{tail(found.log.read_text('utf-8'))}")
        time.sleep(0.05)
