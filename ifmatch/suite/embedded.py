"""The embedded server of a run, with a token for each identity; and when none is meant."""

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ifmatch.client.identity import Identity
from ifmatch.client.settings import Settings, embedded_settings
from ifmatch.client.target_file import read
from ifmatch.errors import ConfigurationError
from ifmatch.rules.profile import Profile
from ifmatch.suite.options import OPTIONS, Options


def demand_address(options: Options) -> None:
    """See that a target file which tells of a server tells where it is, unless the server is to have faults.

    Whose address is missing would else be told that a server of ours is conformant. Raises ConfigurationError.
    """
    if options.base_url or options.faults or not options.target_file:
        return
    said = read(Path(options.target_file))
    of_a_server = {key for key, value in said.items() if value} - {option.key for option in OPTIONS}
    if of_a_server and "base_url" not in said:
        raise ConfigurationError(
            f"{options.target_file} tells of a server ({', '.join(sorted(of_a_server))}), and nobody says where it is. "
            'Add base_url = "https://staging.example/fhir" above its first table, or name the address behind '
            "`ifmatch run`. To try an embedded server, leave out what only a server of yours has."
        )


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
