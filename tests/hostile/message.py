"""Requests and answers as a front sees them."""

import http.client
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace

Headers = list[tuple[str, str]]


def header_in(headers: Headers, name: str) -> str:
    """A header's value, empty when there is none."""
    return next((value for given, value in headers if given.lower() == name), "")


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: Headers
    body: bytes

    @property
    def is_statement(self) -> bool:
        """Whether it asks for the capability statement."""
        return self.path.split("?")[0].endswith("/metadata")

    @property
    def is_history(self) -> bool:
        """Whether it asks for the history of a resource."""
        return self.path.split("?")[0].endswith("/_history")

    @property
    def criteria(self) -> str:
        """What stands behind the question mark."""
        return self.path.partition("?")[2]

    @property
    def address(self) -> str:
        """What it reads or writes; of a bundle, what its first entry does."""
        entries = Reply(body=self.body).json.get("entry") if self.method == "POST" else None
        return (
            f"{self.path}/{entries[0]['request']['url']}"
            if entries
            else self.path.partition("?")[0]
        )

    def header(self, name: str) -> str:
        """A header's value, empty when there is none."""
        return header_in(self.headers, name)


@dataclass(frozen=True)
class Reply:
    """An answer before it is put on the wire."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=list)

    def but(self, **headers: str | None) -> "Reply":
        """The reply with headers replaced (`content_type="text/html"`), or left out when None."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        kept = [(n, v) for n, v in self.headers if n.title() not in named]
        return replace(self, headers=[*kept, *((n, v) for n, v in named.items() if v is not None)])

    def holding(self, content: object) -> "Reply":
        """The reply with another JSON body."""
        return replace(self, body=json.dumps(content).encode())

    def header(self, name: str) -> str:
        """A header's value, empty when there is none."""
        return header_in(self.headers, name)

    @property
    def is_refusal(self) -> bool:
        """Whether the client is told that it made a mistake, or came too late."""
        return 400 <= self.status < 500

    @property
    def json(self) -> dict:
        """The body as JSON; empty when it is none."""
        with suppress(ValueError):
            return json.loads(self.body)
        return {}

    def encoded(self, version: str = "1.1", length: bool = True) -> bytes:
        """The reply as bytes, with a Content-Length unless told otherwise."""
        head = [f"HTTP/{version} {self.status} {http.client.responses.get(self.status, '')}"]
        head += [
            f"{n}: {v}"
            for n, v in self.headers
            if n.lower() not in ("content-length", "transfer-encoding")
        ]
        head += (
            [f"Content-Length: {len(self.body)}"]
            if length and self.status not in (204, 304)
            else []
        )
        return "\r\n".join([*head, "", ""]).encode() + self.body
