"""A shell script that repeats a scenario against a live server: for a person who wants to see it happen.

The ids and versions of the run are gone with it, so the script takes new ones from the answers as it goes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ifmatch.log.events import ExchangeRecorded, VerdictReached
from ifmatch.report import curl
from ifmatch.report.run import Judged, Run
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

FOLDER_NAME = "replay"

#: Methods whose answer names the version of the resource that the request is about.
_VERSIONED_METHODS = ("GET", "POST", "PUT", "PATCH")

_HEAD = r"""#!/usr/bin/env bash
# {title}
#   {rule}: {message}
# usage: BASE={base} [IFMATCH_TOKEN=...] bash {name}
set -u
BASE=${{BASE:-{base}}}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Sends one request, shows the answer, and keeps the id and the version that it tells in $id, $tag and $version.
send() {{
  case $1 in -X) printf '   %s' "$2" ;; --head) printf '   HEAD' ;; *) printf '   GET' ;; esac
  for word in "$@"; do case $word in http*|If-*) printf ' %s' "$word" ;; esac; done; echo
  : >"$out/head" >"$out/body"
  curl -sS -D "$out/head" -o "$out/body" "$@" || [ $? = 28 ] || exit 1    # 28: no answer in time
  grep -iE '^(HTTP|ETag|Location|Last-Modified)' "$out/head" | tr -d '\r' | sed 's/^/    /'
  [ -s "$out/body" ] && head -c 600 "$out/body" | sed 's/^/    /' && echo
  id=$(sed -nE 's/^location:.*\/[A-Z][A-Za-z]+\/([^\/]+)(\/_history\/.*)?$/\1/Ip' "$out/head" | tr -d '\r')
  [ -n "$id" ] || id=$(grep -oE '"id" *: *"[^"]+"' "$out/body" 2>/dev/null | head -1 | cut -d'"' -f4)
  version=$(grep -oE '"versionId" *: *"[^"]+"' "$out/body" 2>/dev/null | head -1 | cut -d'"' -f4)
  tag=$(sed -nE 's/^etag: *//Ip' "$out/head" | tr -d '\r')
  [ -n "$tag" ] || tag="W/\"$version\""
  version=$(printf %s "$tag" | sed -E 's/^(W\/)?"//; s/"$//')
}}
"""


def replay_path(folder: Path, judged: Judged) -> Path:
    """Where the replay of a rule lies in the folder of its run."""
    return folder / replay_of(judged.rule)


def replay_of(rule: str) -> str:
    """Where the replay of a rule lies within its run's folder."""
    return f"{FOLDER_NAME}/{rule}.sh"


def scripts(run: Run) -> dict[str, bytes]:
    """A script for each rule that fails, by the name of its file."""
    failing = [judged for judged in run.rules if judged.verdict is Verdict.FAIL]
    return {
        _file_name(judged): script(judged, run).encode("utf-8", "replace") for judged in failing
    }


def script(judged: Judged, run: Run) -> str:
    """A bash script that repeats the case which speaks for a rule, and then cleans up.

    A scenario is repeated sentence by sentence; of a race, the two requests that collided are sent at once.
    """
    case = judged.spokesman
    head = _HEAD.format(
        title=one_line(case.title),
        rule=one_line(judged.rule),
        message=one_line(case.message, 500),
        base=curl.quoted(run.target.base_url),
        name=_file_name(judged),
    )
    replay = _Replay(run, case)
    writers = replay.writers()
    body = replay.collision(writers) if len(writers) > 1 else replay.sentences()
    return "\n".join([head, *body, *replay.clean_up()]) + "\n"


def _file_name(judged: Judged) -> str:
    return f"{judged.rule}.sh"


@dataclass
class _Replay:
    """A script in the making: what stood in the run's answers, and the shell variables that hold its own."""

    run: Run
    case: VerdictReached
    ids: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    count: int = 0

    def writers(self) -> list[ExchangeRecorded]:
        """The requests whose collision a race has shown, if it has shown one."""
        anomalies = self.case.race.anomalies if self.case.race else ()
        operations = anomalies[0].operations if anomalies else ()
        exchanges = self.run.exchanges_of(operation.exchange for operation in operations)
        return [exchange for exchange in exchanges if exchange.request.method != "GET"][:2]

    def sentences(self) -> Iterator[str]:
        """Each sentence of the scenario with its requests."""
        for step in self.case.steps:
            yield _heading(f"{one_line(step.keyword)} {one_line(step.text)}")
            for exchange in self.run.exchanges_of(step.exchanges):
                yield self._send(exchange)
                yield from self._captures(exchange)

    def collision(self, writers: list[ExchangeRecorded]) -> Iterator[str]:
        """Make a resource like that of the race, send both requests at once from its version, and see what is left."""
        yield _heading("a resource, and the version that both writers have read")
        maker = self._maker(writers[0])
        if maker is not None:
            yield self._send(maker)
            yield from self._captures(maker)
            yield "version=${version:-1}"
        yield _heading("the two writers, at once. By hand: one in each of two terminals")
        for number, writer in enumerate(writers, 1):
            words = [_from_version(self._with_variables(word)) for word in self._words(writer)]
            yield f"writer_{number}() {{ {' '.join(words)} -sS -o /dev/null -w 'writer {number}: %{{http_code}}\\n'; }}"
        yield "writer_1 & writer_2 & wait"
        if self.made:
            yield _heading("what is left of them")
            yield f'send "$BASE/{self.made[0]}"{self._token()}'
            yield f'send "$BASE/{self.made[0]}/_history"{self._token()}'

    def clean_up(self) -> Iterator[str]:
        """Delete what the script has made."""
        if self.made:
            yield _heading("clean up")
        for path in self.made:
            yield f'send -X DELETE "$BASE/{path}"{self._token()}'

    def _maker(self, writer: ExchangeRecorded) -> ExchangeRecorded | None:
        """The exchange that made the resource which a writer of a race wrote to."""
        written = f"{writer.request.url} {writer.request.body}"
        for exchange in self.run.exchanges_of(self.case.exchanges):
            path = _path_of_what_was_made(exchange)
            if path and path in written:
                return exchange
        return None

    def _words(self, exchange: ExchangeRecorded) -> list[str]:
        return curl.words(exchange.request, self.run.target.base_url)

    def _send(self, exchange: ExchangeRecorded) -> str:
        first, *others = self._words(exchange)
        words = [first.removeprefix("curl "), *others]
        return f"send {' '.join(map(self._with_variables, words))}"

    def _with_variables(self, word: str) -> str:
        """A word of the command with the run's ids and versions replaced by the variables of the script."""
        form = "'\"${%s}\"'" if word.startswith(("-H '", "--data-raw '")) else "${%s}"
        for value, name in self.ids.items():
            pattern = rf'(?<=/){re.escape(value)}(?=[/?"]|$)|(?<="){re.escape(value)}(?=")'
            word = re.sub(pattern, form % name, word)
        return self._with_versions(word, form) if _names_a_version(word) else word

    def _with_versions(self, word: str, form: str) -> str:
        for tag, name in self.tags.items():
            version = re.escape(_version_in(tag))
            word = re.sub(rf"(?<![\w-]){version}(?![\w-])", form % name, word)
        return word

    def _captures(self, exchange: ExchangeRecorded) -> Iterator[str]:
        """Assignments that keep what an answer says, where the run's answer said something new."""
        self.count += 1
        headers = _response_headers(exchange)
        if exchange.request.method == "POST":
            yield from self._capture_id(headers.get("location", ""))
        if exchange.request.method in _VERSIONED_METHODS:
            yield from self._capture_version(headers.get("etag", ""))

    def _capture_id(self, location: str) -> Iterator[str]:
        located = re.search(r"/([A-Z][A-Za-z]+)/([^/]+?)(?:/_history/[^/]*)?$", location)
        if located and located[2] not in self.ids:
            name = f"id{self.count}"
            self.ids[located[2]] = name
            self.made.insert(0, f"{located[1]}/${{{name}}}")
            yield f"{name}=$id"

    def _capture_version(self, tag: str) -> Iterator[str]:
        if tag and tag not in self.tags:
            name = f"version{self.count}"
            self.tags[tag] = name
            yield f"{name}=$version"

    def _token(self) -> str:
        exchanges = self.run.exchanges_of(self.case.exchanges)
        names = {name.lower() for exchange in exchanges for name, _ in exchange.request.headers}
        return ' -H "Authorization: Bearer $IFMATCH_TOKEN"' if "authorization" in names else ""


def _heading(text: str) -> str:
    return f"\necho; echo {curl.quoted(f'# {text}')}"


def _path_of_what_was_made(exchange: ExchangeRecorded) -> str:
    """Such as `Patient/57`; empty when nothing was made."""
    if exchange.request.method != "POST":
        return ""
    location = _response_headers(exchange).get("location", "").split("/_history/")[0]
    return "/".join(location.split("/")[-2:])


def _names_a_version(word: str) -> bool:
    return "If-Match:" in word or "If-None-Match:" in word


def _version_in(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')


def _from_version(word: str) -> str:
    """A word of the command that names a version, made to name the one that the script has read."""
    if word.startswith("-H 'If-Match:"):
        return '-H "If-Match: W/\\"$version\\""'
    return re.sub(r'("ifMatch": "W/\\")[^"\\]*', lambda match: match[1] + "'\"$version\"'", word)


def _response_headers(exchange: ExchangeRecorded) -> Mapping[str, str]:
    headers = exchange.response.headers if exchange.response else ()
    return {name.lower(): value for name, value in headers}
