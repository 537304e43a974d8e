"""A shell script that repeats a scenario against a live server: for a person who wants to see it happen.

The ids and versions of the run are gone with it, so the script takes new ones from the answers as it goes. It ends in
a verdict, and with 0 when the answer is as promised, 1 when it is not, 7 when that cannot be told, 6 without an answer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ifmatch.log.events import ExchangeRecorded, VerdictReached
from ifmatch.report import curl
from ifmatch.report.evidence import deciding_exchange, first_anomaly
from ifmatch.report.replay.chosen_ids import chosen_ids
from ifmatch.report.run import Judged, Run
from ifmatch.report.symptoms import ACCEPTED, SAME_AS_PLAIN, statuses_in
from ifmatch.report.text import one_line, several_lines
from ifmatch.rules.verdict import Verdict

FOLDER_NAME = "replay"

#: Methods whose answer names the version of the resource that the request is about.
_VERSIONED_METHODS = ("GET", "POST", "PUT", "PATCH")

#: What every script is made with: bash.
_FUNCTIONS = Path(__file__).with_name("functions.sh").read_text(encoding="utf-8")

#: A variable that a script reads from the environment.
_VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)\b")

#: How often a script lets the two writers of a race meet.
_TRIES = 5


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
    """A bash script that repeats the case which speaks for a rule, cleans up, and says how that came out.

    A scenario is repeated sentence by sentence; of a race, the two requests that collided are sent at once.
    """
    case = judged.spokesman
    replay = _Replay(run, case)
    writers = replay.writers()
    body = list(replay.collisions(writers) if len(writers) > 1 else replay.scenario())
    return "\n".join([*_head(judged, run, body), _FUNCTIONS, *_seen(case), *body]) + "\n"


def _head(judged: Judged, run: Run, body: Iterable[str]) -> Iterator[str]:
    """What the script is, how it is called, and the variables that it reads, which may be left unset."""
    variables = sorted(set(_VARIABLE.findall("\n".join(body))) - {"BASE"})
    base = curl.quoted(run.target.base_url)
    wanted = "".join(f" [{name}=...]" for name in variables)
    yield "#!/usr/bin/env bash"
    yield f"# {one_line(judged.spokesman.title)}"
    yield f"#   {one_line(judged.rule)}"
    yield f"# usage: BASE={base}{wanted} bash {_file_name(judged)}"
    yield "# ends with 0: the answer is as promised, 1: it is not, 7: that cannot be told, 6: there is no answer"
    yield "set -u"
    yield f"BASE=${{BASE:-{base}}}"
    yield from (f"{name}=${{{name}:-}}" for name in variables)


def _seen(case: VerdictReached) -> Iterator[str]:
    """What the run has seen, a drawing as it was drawn."""
    yield "\necho '# what the run saw'\ncat <<'END'"
    for line in several_lines(case.message, 60, 200):
        yield f"    {line}".rstrip()
    yield "END"


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
    is_under_way: bool = True

    def writers(self) -> list[ExchangeRecorded]:
        """The requests whose collision a race has shown, if it has shown one."""
        operations = first_anomaly(self.case).operations
        exchanges = self.run.exchanges_of(operation.exchange for operation in operations)
        met = exchanges if operations else self._met_the_decided()
        return [exchange for exchange in met if exchange.request.method != "GET"][:2]

    def _met_the_decided(self) -> list[ExchangeRecorded]:
        """Where the answers are what is wrong: the request that decided, if it raced, and those it met."""
        decided = deciding_exchange(self.case, self.run)
        if decided is None or not decided.raced:
            return []
        alike = (one for one in self.run.exchanges.values() if one.rule == decided.rule)
        met = [one for one in alike if one.raced and one.request.url == decided.request.url]
        # Of two that both came too late, alone one would be the first.
        others = sorted(met, key=lambda one: _status_of(one) // 100 != 2)
        return [decided, *(one for one in others if one is not decided)]

    # ------------------------------------------------------------ a scenario

    def scenario(self) -> Iterator[str]:
        """Each sentence with its requests, the cleaning up, and the verdict on the request that decided."""
        decided = deciding_exchange(self.case, self.run)
        yield from self._fresh_ids(self.run.exchanges_of(self.case.exchanges))
        for step in self.case.steps:
            self.is_under_way = self.is_under_way and not (decided and decided.id in step.exchanges)
            yield _heading(f"{one_line(step.keyword)} {one_line(step.text)}")
            for exchange in self.run.exchanges_of(step.exchanges):
                yield self._send(exchange)
                yield from self._captures(exchange)
                yield from self._noted(exchange, decided)
        yield self._clean_up()
        yield self._conclusion(decided)

    def _noted(self, exchange: ExchangeRecorded, decided: ExchangeRecorded | None) -> Iterator[str]:
        """What is kept of an answer for the verdict: the status that decides, or that the way there is the same."""
        if decided is exchange:
            yield "decided=$status"
        elif self.is_under_way and exchange.response is not None:
            yield f"was {exchange.response.status}"

    def _conclusion(self, decided: ExchangeRecorded | None) -> str:
        """The verdict: by the status, where it was the status that was wrong."""
        promised = _promised(self.case)
        if self.is_under_way or not promised:
            ways = f"ifmatch explain {self.case.rule} says what matters, ifmatch replay judges it."
            return f"look {curl.quoted(one_line(ways))}"
        came = decided.response.status if decided and decided.response else "nothing"
        return f'conclude "$decided" {came} {" ".join(map(curl.quoted, promised))}'

    # ------------------------------------------------------------ a race

    def collisions(self, writers: list[ExchangeRecorded]) -> Iterator[str]:
        """Several times: make a resource like that of the race, send both requests at once from its version."""
        maker = self._maker(writers[0])
        preparation = list(self._preparation(maker) if maker else self._of_what_never_was(writers))
        yield from self._functions(writers)
        yield f"\nshown=0\nfor try in $(seq {_TRIES}); do"
        yield _heading("a resource, and the version that both writers have read")
        yield from preparation
        yield _heading("the two writers, at once. By hand: one in each of two terminals")
        yield 'writer_1 >"$out/1" & writer_2 >"$out/2" & wait'
        yield 'first=$(cat "$out/1") second=$(cat "$out/2")'
        yield 'echo "    writer 1: $first, writer 2: $second"'
        yield f"case $first$second in {'|'.join(self._shown_by(writers))}) shown=$((shown + 1)) ;; esac"
        yield from self._what_is_left()
        yield self._clean_up()
        yield "done"
        yield self._conclusion_of_race(writers)

    def _preparation(self, maker: ExchangeRecorded) -> Iterator[str]:
        yield self._send(maker)
        yield from self._captures(maker)
        yield "was 201"
        yield "version=${version:-1}"

    def _of_what_never_was(self, writers: list[ExchangeRecorded]) -> Iterator[str]:
        """Where the writers make the resource themselves: another id for each try, which is removed after it."""
        yield from self._fresh_ids(writers)
        if self.ids:
            path = self._with_variables("/".join(writers[0].request.url.split("/")[-2:]))
            self.made.insert(0, path)
            yield f'echo "{path}" >>"$out/made"'

    def _shown_by(self, writers: list[ExchangeRecorded]) -> list[str]:
        """The two answers together by which a try shows what the run has seen, as patterns of bash."""
        if first_anomaly(self.case).operations:
            return ["2??2??"]
        first, second = map(_status_of, writers)
        return list(dict.fromkeys([f"{first}{second}", f"{second}{first}"]))

    def _functions(self, writers: list[ExchangeRecorded]) -> Iterator[str]:
        """A function for each writer, which prints the status that it was answered with."""
        yield ""
        for number, writer in enumerate(writers, 1):
            words = [_from_version(self._with_variables(word)) for word in self._words(writer)]
            yield f"writer_{number}() {{ {' '.join(words)} -sS -o /dev/null -w '%{{http_code}}'; }}"

    def _what_is_left(self) -> Iterator[str]:
        if self.made:
            yield _heading("what is left of them")
            yield f'send "$BASE/{self.made[0]}"{self._credentials()}'
            yield f'send "$BASE/{self.made[0]}/_history"{self._credentials()}'

    def _conclusion_of_race(self, writers: list[ExchangeRecorded]) -> str:
        """That both were accepted shows most anomalies; the others are for the eye."""
        name = first_anomaly(self.case).name
        if not first_anomaly(self.case).operations:
            first, second = map(_status_of, writers)
            return f"conclude_race \"$shown\" {_TRIES} 'they were answered {first} and {second}'"
        if SAME_AS_PLAIN.get(name, name) == ACCEPTED:
            return f"conclude_race \"$shown\" {_TRIES} 'both writers were accepted'"
        return f"look {curl.quoted(f'What the run saw is called: {one_line(name)}.')}"

    # ------------------------------------------------------------ both

    def _clean_up(self) -> str:
        """Delete what the script has made."""
        return f"clean_up{self._credentials()}"

    def _fresh_ids(self, exchanges: Iterable[ExchangeRecorded]) -> Iterator[str]:
        """Ids that the run gave to what it made: with the same ones a script could show that only once."""
        for id in chosen_ids(exchanges):
            self.ids[id] = f"new{len(self.ids) + 1}"
            yield f"{self.ids[id]}=$(fresh)"

    def _maker(self, writer: ExchangeRecorded) -> ExchangeRecorded | None:
        """The exchange that made the resource which a writer of a race wrote to."""
        written = f"{writer.request.url} {writer.request.body}"
        for exchange in self.run.exchanges_of(self.case.exchanges):
            path = _path_of_what_was_made(exchange)
            if path and path in written:
                return exchange
        return None

    def _words(self, exchange: ExchangeRecorded) -> list[str]:
        return curl.words(exchange.request, self.run.target)

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

    def _credentials(self) -> str:
        """What a request of the script's own sends of them, if those of the run did."""
        exchanges = self.run.exchanges_of(self.case.exchanges)
        names = {name.lower() for exchange in exchanges for name, _ in exchange.request.headers}
        sent = curl.authorization(self.run.target.credential)
        return f" {sent}" if "authorization" in names else ""


def _promised(case: VerdictReached) -> list[str]:
    """The statuses that are promised, as patterns of bash, where the first finding is that another one came."""
    first = case.findings[0] if case.findings else None
    if first is None or not statuses_in(first.got):
        return []
    return [status.replace("x", "?") for status in statuses_in(first.expected)]


def _heading(text: str) -> str:
    return f"\necho; echo {curl.quoted(f'# {text}')}"


def _path_of_what_was_made(exchange: ExchangeRecorded) -> str:
    """Such as `Patient/57`; empty when nothing was made."""
    if exchange.request.method != "POST":
        return ""
    location = _response_headers(exchange).get("location", "").split("/_history/")[0]
    return "/".join(location.split("/")[-2:])


def _status_of(exchange: ExchangeRecorded) -> int:
    """What curl says of it, too: 0 where there was no answer."""
    return exchange.response.status if exchange.response else 0


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
