"""The exchanges as a page holds them: each text once, and of many exchanges no more than there is room for.

A page is to be opened on a phone and sent by mail. So the exchanges of the rules that did not come out well are put in
first, and when the room is used up others lose their bodies, and then are left out; the log has them all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ifmatch.log.events import (
    ExchangeRecorded,
    Headers,
    RequestSent,
    ResponseReceived,
    TargetDescribed,
)
from ifmatch.report import curl
from ifmatch.report.allure_http import milliseconds
from ifmatch.report.run import Judged, Run
from ifmatch.rules.verdict import KEPT, Verdict

#: So many characters of exchanges are put into a page; as many again may go to exchanges without their bodies.
ROOM = 3_600_000
ROOM_WITHOUT_BODIES = 1_200_000

#: About what an exchange takes besides its texts.
_FRAME = 150

#: A longer body is cut.
_LONGEST_BODY = 20_000

#: Verdicts whose exchanges nobody is in a hurry to see.
_QUIET = KEPT | {Verdict.NOT_APPLICABLE}


@dataclass
class Texts:
    """Texts by number, each once: headers, and most bodies, come again and again."""

    numbers: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def number(self, text: str) -> int:
        """The number of a text."""
        if text not in self.numbers:
            self.numbers[text] = len(self.numbers)
            self.size += len(text) + 3
        return self.numbers[text]


def embedded(run: Run, room: int = ROOM) -> dict[str, Any]:
    """The exchanges of a run by their ids, and the texts that they name by number.

    An exchange is a list, as `page.js` takes it apart: method, URL, headers, body; status, reason, HTTP version,
    headers, body of the response; seconds since the run began, duration, writer, failure, the words of its curl.
    """
    texts = Texts()
    exchanges: dict[str, list[Any]] = {}
    begun = milliseconds(run.started)
    for exchange in _most_telling_first(run):
        used = texts.size + _FRAME * len(exchanges)
        if used > room + ROOM_WITHOUT_BODIES:
            break
        row = _row(exchange, run.target, begun, texts, with_bodies=used < room)
        exchanges[exchange.id] = row
    return {"texts": list(texts.numbers), "exchanges": exchanges, "in_all": len(run.exchanges)}


def _most_telling_first(run: Run) -> list[ExchangeRecorded]:
    loud = [judged for judged in run.rules if judged.verdict not in _QUIET]
    first = dict.fromkeys(_ids_of(loud))
    return run.exchanges_of(dict.fromkeys([*first, *run.exchanges]))


def _ids_of(rules: Iterable[Judged]) -> Iterator[str]:
    for judged in rules:
        yield from judged.exchanges


def _row(
    exchange: ExchangeRecorded, target: TargetDescribed, begun: int, texts: Texts, with_bodies: bool
) -> list[Any]:
    return [
        *_request(exchange.request, texts, with_bodies),
        *_response(exchange.response or ResponseReceived(), texts, with_bodies),
        (milliseconds(exchange.started) - begun) / 1000,
        round(exchange.duration_ms, 2),
        exchange.writer,
        exchange.failure or "",
        [texts.number(word) for word in curl.words(exchange.request, target, body_most=0)],
    ]


def _request(request: RequestSent, texts: Texts, with_bodies: bool) -> list[Any]:
    return [
        request.method,
        texts.number(request.url),
        _headers(request.headers, texts),
        _body(request.body, texts, with_bodies),
    ]


def _response(response: ResponseReceived, texts: Texts, with_bodies: bool) -> list[Any]:
    return [
        response.status or None,
        response.reason,
        response.http_version,
        _headers(response.headers, texts),
        _body(response.body, texts, with_bodies),
    ]


def _body(body: str, texts: Texts, with_bodies: bool) -> int | None:
    """The number of a body; None when there is none, -1 when there is no room for it."""
    if not body:
        return None
    return texts.number(_cut(body)) if with_bodies else -1


def _headers(headers: Headers, texts: Texts) -> Sequence[int]:
    return [texts.number(f"{name}: {value}") for name, value in headers]


def _cut(body: str) -> str:
    if len(body) <= _LONGEST_BODY:
        return body
    return f"{body[:_LONGEST_BODY]}… ({len(body)} characters; the log has what was recorded)"
