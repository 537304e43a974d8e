"""The embedded server of a run, with a token for each identity."""

import secrets
from collections.abc import Iterable
from typing import Any

from ifmatch.client.identity import Identity
from ifmatch.client.settings import Settings, embedded_settings
from ifmatch.rules.profile import Profile


def embedded_server(
    profile: Profile, faults: Iterable[str], given: Settings
) -> tuple[Any, Settings]:
    """Start it, and say how it is reached. The first identity may write, the second only read."""
    # Imported here: against a real target the server's libraries are not needed, and they take their time to load.
    from ifmatch.reference.server import EmbeddedServer

    tokens = {Identity.FIRST: secrets.token_urlsafe(24), Identity.SECOND: secrets.token_urlsafe(24)}
    rights = {tokens[Identity.FIRST]: "write", tokens[Identity.SECOND]: "read"}
    server = EmbeddedServer(profile, faults=faults, tokens=rights)
    server.start()
    placeholders = {**profile.embedded.placeholders, **given.placeholders}
    return server, embedded_settings(given, server.base_url, tokens, placeholders)
