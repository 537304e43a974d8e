"""The ids that a run gave to what it made: who does again what it did needs others."""

import re
from collections.abc import Iterable

from ifmatch.log.events import ExchangeRecorded

#: A resource by its type and id, such as `Patient/57`.
_PATH = r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+"


def chosen_ids(exchanges: Iterable[ExchangeRecorded]) -> list[str]:
    """The ids under which something was made by a PUT, alone or as an entry of a bundle, in the order of the run."""
    found: dict[str, None] = {}
    for exchange in exchanges:
        puts = dict.fromkeys(_puts_in(exchange))
        made = {located.partition("/_history/")[0] for located in _made_by(exchange, puts)}
        ids = (path.rpartition("/")[2] for path in puts if any(at.endswith(path) for at in made))
        found |= dict.fromkeys(ids)
    return list(found)


def _puts_in(exchange: ExchangeRecorded) -> list[str]:
    """The resources that a request puts, as `Patient/57`."""
    request = exchange.request
    if request.method == "PUT":
        return re.findall(rf"{_PATH}$", request.url)
    entries = re.findall(r'"request": *\{[^}]*\}', request.body or "")
    puts = [entry for entry in entries if '"PUT"' in entry]
    return [path for entry in puts for path in re.findall(rf'"({_PATH})"', entry)]


def _made_by(exchange: ExchangeRecorded, puts: Iterable[str]) -> list[str]:
    """Where an answer says that something was made."""
    response = exchange.response
    if response is None:
        return []
    if exchange.request.method == "PUT":
        return list(puts) if response.status == 201 else []
    entries = re.findall(r'"response": *\{[^}]*', response.body or "")
    made = [entry for entry in entries if re.search(r'"status": *"201', entry)]
    return [where for entry in made for where in re.findall(r'"location": *"([^"]+)"', entry)]
