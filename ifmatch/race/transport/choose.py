"""Which engine reaches the target, and why."""

import ssl
import time
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ifmatch.client.access import wire_to
from ifmatch.client.settings import Settings
from ifmatch.race.transport.connection import DialError, Origin, dial
from ifmatch.race.transport.direct import Direct
from ifmatch.race.transport.engine import Engine
from ifmatch.race.transport.fallback import Threads
from ifmatch.race.transport.http1 import Http1
from ifmatch.race.transport.http2 import Http2
from ifmatch.race.transport.vantage_point import Station, VantagePoint
from ifmatch.race.transport.vantages import Vantages
from ifmatch.race.transport.wideners import Widener

#: Seconds; finding out whether the target speaks HTTP/2 may not take longer.
_LONGEST_QUESTION = 5.0

_GIVEN = {True: "HTTP/2 was asked for", False: "HTTP/2 was ruled out"}


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and one sentence for the report on which it is and why. Behind a proxy there is no widener."""

    engine: Engine
    text: str
    widener: Widener | None = None


def choose(settings: Settings, *, http2: bool | None = None) -> Choice:
    """The sharpest engine that reaches the target.

    `http2` true takes HTTP/2 without asking the target (prior knowledge, RFC 9113 section 3.3), false rules it out: all
    streams of a connection go to one worker of the target, so a fault between its workers shows over HTTP/1.1 alone. By
    default ALPN decides (RFC 7301), and over plain HTTP there is no HTTP/2. Raises ConfigurationError as Settings.tls.
    """
    choice = _chosen(settings, http2)
    return _from_vantages(choice, settings) if settings.vantages else choice


def serve(channel: Any) -> None:
    """Be a vantage point, over a channel of execnet's, until that is closed."""
    choice = choose(Settings(**channel.receive()))
    channel.send((_way(choice),))
    Station(channel, choice.engine).serve()


def _from_vantages(choice: Choice, settings: Settings) -> Choice:
    points = [VantagePoint(spec, settings) for spec in settings.vantages]
    engine = Vantages(choice.engine, points, _way(choice))
    return Choice(engine, f"{choice.text} {engine.text}", choice.widener)


def _way(choice: Choice) -> int:
    """How long it takes from here to the target and back; ns, 0 when that is not known."""
    return (choice.widener.way() if choice.widener else None) or 0


def _chosen(settings: Settings, http2: bool | None) -> Choice:
    if settings.through_proxy and (variable := _proxy_for(settings.base_url)):
        return Choice(
            _threads(settings),
            f"HTTP library, a thread per writer: the way is by {variable}_proxy.",
        )
    http1 = _origin(settings, Http1.alpn)
    widener = Widener(http1, settings.timeout)
    speaks, why = _speaks_http2(settings) if http2 is None else (http2, _GIVEN[http2])
    if not speaks:
        engine = Direct(http1, settings.timeout, Http1)
        return Choice(
            engine, f"HTTP/1.1, a connection per writer, the last bytes together: {why}.", widener
        )
    scheme = urlsplit(settings.base_url).scheme
    engine = Direct(_origin(settings, Http2.alpn), settings.timeout, lambda: Http2(scheme))
    return Choice(
        engine, f"HTTP/2, the last frames of all writers in a single packet: {why}.", widener
    )


def _threads(settings: Settings) -> Threads:
    return Threads(lambda: wire_to(settings.base_url, settings), settings.timeout)


def _origin(settings: Settings, *protocols: str) -> Origin:
    """The target's origin; its TLS settings are of its own, so that others keep theirs."""
    context = settings.tls()
    if not isinstance(context, ssl.SSLContext):
        return Origin.of(settings.base_url, None, settings.source_address)
    context.set_alpn_protocols(protocols)
    return Origin.of(settings.base_url, context, settings.source_address)


def _speaks_http2(settings: Settings) -> tuple[bool, str]:
    origin = _origin(settings, Http2.alpn, Http1.alpn)
    if origin.tls is None:
        return False, "over plain HTTP no target is asked for HTTP/2"
    try:
        connection = dial(origin, time.monotonic() + min(settings.timeout, _LONGEST_QUESTION))
    except DialError as error:
        return False, f"whether the target speaks HTTP/2 could not be found out ({error.failure})"
    connection.close()
    speaks = connection.protocol == Http2.alpn
    return speaks, "the target offers it" if speaks else "the target does not offer HTTP/2"


def _proxy_for(base_url: str) -> str:
    """Which of the environment's proxies is used for an address: its variable's name up to `_proxy`, or nothing."""
    url = urlsplit(base_url)
    proxies = urllib.request.getproxies()
    named = next((scheme for scheme in (url.scheme, "all") if proxies.get(scheme)), "")
    return "" if urllib.request.proxy_bypass(url.hostname or "") else named
