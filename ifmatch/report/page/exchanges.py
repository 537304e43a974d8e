"""The exchanges as a page holds them: what their texts have in common once, and no more than there is room for.

A page is to be opened on a phone and sent by mail. So the exchanges of the rules that did not come out well are put in
first, and when the room is used up others lose their bodies, and then are left out; the log has them all.
"""

import re
from collections.abc import Iterable, Iterator
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
from ifmatch.report.page.templates import in_script
from ifmatch.report.run import Judged, Run
from ifmatch.rules.verdict import KEPT, Verdict

#: So many bytes of exchanges are put into a page; as many again may go to exchanges without their bodies.
ROOM = 3_600_000
ROOM_WITHOUT_BODIES = 1_200_000

#: About what an exchange takes besides its texts, and what a text takes for each of its pieces.
_FRAME = 90
_NUMBER = 6

#: Where a text is cut into pieces: the bodies of a run differ in a few members, as do its headers in a few lines, and
#: they have the others in common.
_BETWEEN_MEMBERS = re.compile(r"(?<=[,\n])")

#: A longer body is cut.
_LONGEST_BODY = 20_000

#: Verdicts whose exchanges nobody is in a hurry to see.
_QUIET = KEPT | {Verdict.NOT_APPLICABLE}


@dataclass
class Texts:
    """Texts by number, each once: headers come again and again. Of bodies that are alike each piece is held once."""

    numbers: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, int] = field(default_factory=dict)
    made_of: list[list[int]] = field(default_factory=list)
    size: int = 0

    def number(self, text: str) -> int:
        """The number of a text."""
        if text not in self.numbers:
            self.numbers[text] = len(self.numbers)
            self.made_of.append([self._piece(piece) for piece in _BETWEEN_MEMBERS.split(text)])
        return self.numbers[text]

    def _piece(self, piece: str) -> int:
        self.size += _NUMBER
        if piece not in self.pieces:
            self.pieces[piece] = len(self.pieces)
            self.size += len(in_script(piece).encode("utf-8", "replace")) + 1
        return self.pieces[piece]


def embedded(run: Run, room: int = ROOM) -> dict[str, Any]:
    """The exchanges of a run by their ids, the texts that they name by number, and the pieces that these are made of.

    An exchange is a list, as `page.js` takes it apart: method, URL, headers, body; status, reason, HTTP version,
    headers, body of the response; seconds since the run began, duration, writer, failure, the words of its curl.
    Headers and words are lines of one text.
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
    return {"pieces": list(texts.pieces), "texts": texts.made_of, "exchanges": exchanges}


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
        texts.number("\n".join(curl.words(exchange.request, target, body_most=0))),
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


def _headers(headers: Headers, texts: Texts) -> int:
    return texts.number("\n".join(f"{name}: {value}" for name, value in headers))


def _cut(body: str) -> str:
    if len(body) <= _LONGEST_BODY:
        return body
    return f"{body[:_LONGEST_BODY]}… ({len(body)} characters; the log has what was recorded)"
