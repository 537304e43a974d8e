"""A shell script that repeats a scenario against a live server: for a person who wants to see it happen.

The ids and versions of the run are gone with it, so the script takes new ones from the answers as it goes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ifmatch.log.events import Event
from ifmatch.report import curl
from ifmatch.report.run import Judged, Run
from ifmatch.report.text import one_line

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


@dataclass
class _Known:
    """What stood in the run's answers, and the shell variables that hold the same of a replay's."""

    ids: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    count: int = 0


def replay_path(folder: Path, judged: Judged) -> Path:
    """Where the replay of a rule lies in the folder of its run."""
    return folder / "replay" / f"{judged.rule}.sh"


def script(judged: Judged, run: Run) -> str:
    """A bash script that repeats the case which speaks for a rule, and then cleans up.

    A scenario is repeated sentence by sentence; of a race, the two requests that collided are sent at once.
    """
    case, known = judged.spokesman, _Known()
    base = str(run.target.get("base_url", ""))
    head = _HEAD.format(
        title=one_line(judged.text("title")),
        rule=one_line(judged.rule),
        message=one_line(judged.text("message"), 500),
        base=curl.quoted(base),
        name=f"{judged.rule}.sh",
    )
    writers = _writers(case, run)
    body = _collision(writers, case, run, base, known) if len(writers) > 1 else _sentences(case, run, base, known)
    lines = [head, *body]
    if known.made:
        token = _token(run, case)
        lines += ["\necho; echo '# clean up'", *(f'send -X DELETE "$BASE/{path}"{token}' for path in known.made)]
    return "\n".join(lines) + "\n"


def _writers(case: Event, run: Run) -> list[Event]:
    """The requests whose collision a race has shown, if it has shown one."""
    anomalies = (case.get("race") or {}).get("anomalies") or ()
    told = anomalies[0]["operations"] if anomalies else ()
    exchanges = (run.exchanges.get(str(operation.get("exchange"))) for operation in told)
    return [e for e in exchanges if e is not None and e["request"]["method"] != "GET"][:2]


def _collision(writers: list[Event], case: Event, run: Run, base: str, known: _Known) -> Iterator[str]:
    """Make a resource like the one of the race, send both requests at once from its version, and look what is left."""
    yield "\necho; echo '# a resource, and the version that both writers have read'"
    made = _maker(writers[0], case, run)
    if made is not None:
        yield _request(made, base, known)
        yield from _captures(made, known)
        yield "version=${version:-1}"
    yield "\necho; echo '# the two writers, at once. By hand: one in each of two terminals'"
    for number, writer in enumerate(writers, 1):
        words = [_from_version(_with_variables(word, known)) for word in curl.words(writer, base)]
        yield f"writer_{number}() {{ {' '.join(words)} -sS -o /dev/null -w 'writer {number}: %{{http_code}}\\n'; }}"
    yield "writer_1 & writer_2 & wait"
    if known.made:
        yield "\necho; echo '# what is left of them'"
        for path in (known.made[0], f"{known.made[0]}/_history"):
            yield f'send "$BASE/{path}"{_token(run, case)}'


def _maker(writer: Event, case: Event, run: Run) -> Event | None:
    """The exchange that made the resource which a writer of a race wrote to."""
    for exchange_id in case.get("exchanges") or ():
        exchange = run.exchanges.get(str(exchange_id))
        if exchange is not None and exchange["request"]["method"] == "POST":
            location = _response_headers(exchange).get("location", "").split("/_history/")[0]
            told = f"{writer['request']['url']} {writer['request']['body']}"
            if location and "/".join(location.split("/")[-2:]) in told:
                return exchange
    return None


def _from_version(word: str) -> str:
    """A word of the command that names a version, made to name the one that the replay has read."""
    if word.startswith("-H 'If-Match:"):
        return '-H "If-Match: W/\\"$version\\""'
    return re.sub(r'("ifMatch": "W/\\")[^"\\]*', lambda match: match[1] + "'\"$version\"'", word)


def _sentences(case: Event, run: Run, base: str, known: _Known) -> Iterator[str]:
    for step in case.get("steps") or ():
        yield f"\necho; echo {curl.quoted('# ' + one_line(step['keyword']) + ' ' + one_line(step['text']))}"
        for exchange_id in step.get("exchanges") or ():
            exchange = run.exchanges.get(str(exchange_id))
            if exchange is not None:
                yield _request(exchange, base, known)
                yield from _captures(exchange, known)


def _request(exchange: Event, base: str, known: _Known) -> str:
    words = curl.words(exchange, base)
    words[0] = words[0].removeprefix("curl ")
    return f"send {' '.join(_with_variables(word, known) for word in words)}"


def _with_variables(word: str, known: _Known) -> str:
    """A word of the command with the run's ids and versions replaced by the variables of the replay."""
    form = "'\"${%s}\"'" if word.startswith(("-H '", "--data-raw '")) else "${%s}"
    for value, name in known.ids.items():
        pattern = rf'(?<=/){re.escape(value)}(?=[/?"]|$)|(?<="){re.escape(value)}(?=")'
        word = re.sub(pattern, form % name, word)
    if "If-Match:" in word or "If-None-Match:" in word:
        for tag, name in known.tags.items():
            version = tag.removeprefix("W/").strip('"')
            word = re.sub(rf"(?<![\w-]){re.escape(version)}(?![\w-])", form % name, word)
    return word


def _captures(exchange: Event, known: _Known) -> Iterator[str]:
    """Assignments that keep what an answer told, where the run's answer told something new."""
    headers, request = _response_headers(exchange), exchange["request"]
    known.count += 1
    located = re.search(r"/([A-Z][A-Za-z]+)/([^/]+?)(?:/_history/[^/]*)?$", headers.get("location", ""))
    if request["method"] == "POST" and located and located[2] not in known.ids:
        name = f"id{known.count}"
        known.ids[located[2]] = name
        known.made.insert(0, f"{located[1]}/${{{name}}}")
        yield f"{name}=$id"
    tag = headers.get("etag", "")
    if tag and tag not in known.tags and request["method"] in ("GET", "POST", "PUT", "PATCH"):
        known.tags[tag] = f"version{known.count}"
        yield f"version{known.count}=$version"


def _response_headers(exchange: Event) -> Mapping[str, str]:
    response: Mapping[str, Any] = exchange.get("response") or {}
    return {str(name).lower(): str(value) for name, value in response.get("headers") or ()}


def _token(run: Run, case: Event) -> str:
    exchanges = (run.exchanges.get(str(e)) for e in case.get("exchanges") or ())
    with_token = any(n.lower() == "authorization" for e in exchanges if e for n, _ in e["request"]["headers"])
    return ' -H "Authorization: Bearer $IFMATCH_TOKEN"' if with_token else ""
