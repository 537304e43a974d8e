"""What a request asks for, in the words of FHIR: `update with If-Match`, `conditional create`."""

import json
import re
from collections.abc import Container, Mapping

from ifmatch.log.events import RequestSent

#: Headers that make a request depend on the state of the resource, as they are spelled.
_PRECONDITIONS: Mapping[str, str] = {
    "if-match": "If-Match",
    "if-none-match": "If-None-Match",
    "if-modified-since": "If-Modified-Since",
    "if-unmodified-since": "If-Unmodified-Since",
}

#: What each method asks for of one resource.
_OF_A_RESOURCE: Mapping[str, str] = {
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
    "POST": "create",
    "GET": "read",
    "HEAD": "read",
}

#: The path of a version, which nobody may write to.
_A_VERSION = re.compile(r".*/_history/[^/]+$")

#: What is asked to be shown, by the form of the path below the base, the first that fits.
_OF_A_PATH: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r".*_search$"), "search"),
    (re.compile(r"metadata$"), "capabilities"),
    (_A_VERSION, "version read"),
    (re.compile(r"(.*/)?_history$"), "history"),
    (re.compile(r"[^/]*$"), "search"),
)


def interaction_of(request: RequestSent, base_url: str) -> str:
    """The interaction of a request, with the precondition that it names, if any."""
    headers = {name.lower() for name, _ in request.headers}
    path, _, query = request.url.removeprefix(base_url).partition("?")
    searches = bool(query) and "/" not in path.strip("/")
    plain = _plain(request, path.strip("/"), searches or "if-none-exist" in headers)
    return f"{plain}{_preconditions(headers)}"


def is_bundle(request: RequestSent, base_url: str) -> bool:
    """Whether a request is a batch or a transaction."""
    path = request.url.removeprefix(base_url).partition("?")[0]
    return request.method == "POST" and not path.strip("/")


def asked_in_entries(request: RequestSent) -> list[str]:
    """What the entries of a Bundle ask for that name a version, in the words for a request of its own."""
    if '"ifMatch"' not in request.body:
        return []
    try:
        entries = json.loads(request.body)["entry"]
        asked = [entry["request"] for entry in entries if "ifMatch" in entry["request"]]
        names = [_of_an_entry(each) for each in asked]
    except (ValueError, KeyError, TypeError, AttributeError):  # a Bundle that is wrong on purpose
        return []
    return list(dict.fromkeys(names))


def _of_an_entry(asked: Mapping[str, str]) -> str:
    name = _OF_A_RESOURCE.get(asked["method"], asked["method"])
    return f"{'conditional ' * ('?' in asked['url'])}{name} with If-Match"


def _preconditions(headers: Container[str]) -> str:
    named = [word for header, word in _PRECONDITIONS.items() if header in headers]
    return f" with {' and '.join(named)}" if named else ""


def _plain(request: RequestSent, path: str, is_conditional: bool) -> str:
    if request.method in ("GET", "HEAD") or path.endswith("_search"):
        return _of_a_path(path)
    if not path:
        return _of_a_bundle(request.body)
    if _A_VERSION.match(path):
        return "write to a version"
    name = _OF_A_RESOURCE.get(request.method, request.method)
    return f"conditional {name}" if is_conditional else name


def _of_a_path(path: str) -> str:
    return next((name for form, name in _OF_A_PATH if form.match(path)), "read")


def _of_a_bundle(body: str) -> str:
    kind = "batch" if re.search(r'"type"\s*:\s*"batch"', body) else "transaction"
    return f"{kind} with ifMatch" if '"ifMatch"' in body else kind
