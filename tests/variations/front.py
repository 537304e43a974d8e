"""The front that varies: a server that keeps every promise in its own way, behind the layers of a draw."""

from collections.abc import Mapping
from dataclasses import replace
from email.utils import formatdate
from functools import reduce
from typing import Any

from hostile import Asked, Hostile, Reply

from ifmatch.reference.routes import ROUTES
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import Profile, load

from .draw import Draw
from .layers import INNER, LAYERS, Layer, Onward
from .lines import send
from .names import Names

#: What the embedded server has where the texts leave it to the server.
_ALL = frozenset(
    {"json-patch", "xml-patch", "fhirpath-patch", "conditional-create", "update-create", "batch"}
    | {route.interaction for route in ROUTES}
)

#: The interactions that a server is without.
_WITHOUT = {
    "history": ("history-instance", "history-type", "vread"),
    "delete": ("delete", "conditional-delete"),
    "patch": ("patch", "conditional-patch", "json-patch", "xml-patch", "fhirpath-patch"),
    "search": ("search-type",),
    "json-patch": ("json-patch",),
    "conditional-update": ("conditional-update", "conditional-patch"),
    "update-create": ("update-create",),
}

#: What a refusal may say where no text names a code.
_CODES = (400, 412, 422)


class Varied(Hostile):
    """A server on loopback that is as its draw says."""

    def __init__(self, draw: Draw) -> None:
        super().__init__("none", profile=draw.profile)
        self._varied, self._media_type = draw.varied, load(draw.profile).media_type
        self._good = EmbeddedServer(behind(draw))
        layers = _layers(draw.varied)
        self._serve_asked: Onward = reduce(_over, reversed(layers), self.answer)

    def _turn(self, wire: Any, asked: Asked) -> bool:
        self.seen.append(asked)
        return send(wire, asked, self._complete(self._serve_asked(asked)), self._varied)

    def _complete(self, reply: Reply) -> Reply:
        """An answer with what every answer of a server has; a layer that answers by itself leaves that to us."""
        named = reply.header("content-type").replace("application/fhir+json", self._media_type)
        told = reply.header("date") or formatdate(usegmt=True)
        return reply.but(date=told, content_type=named or None)


def _over(onward: Onward, layer: Layer) -> Onward:
    return lambda asked: layer(asked, onward)


def _layers(varied: Mapping[str, str]) -> list[Layer]:
    """The layers of a draw, the outermost first."""
    outer = [make(varied[name]) for name, make in LAYERS.items() if name in varied]
    inner = [make(varied[name]) for name, make in INNER.items() if name in varied]
    names = (
        [Names(varied.get("ids", "uuid"), varied.get("versions", "uuid"))]
        if _renames(varied)
        else []
    )
    return [*outer, *names, *inner]


def _renames(varied: Mapping[str, str]) -> bool:
    return "ids" in varied or "versions" in varied


# ---------------------------------------------------------------- the server behind


def behind(draw: Draw) -> Profile:
    """The profile of the server behind: of what its own leaves open, one choice is made.

    What the texts of a system say that it has, none of its servers is without.
    """
    profile, varied = load(draw.profile), draw.varied
    if _renames(varied):
        profile = replace(profile, embedded=replace(profile.embedded, ids="uuid", versions="uuid"))
    if "statuses" in varied:
        profile = replace(
            profile,
            _rules={name: _chosen(draw, name, rule) for name, rule in profile._rules.items()},
        )
    if "silent" in varied:
        profile = _spoken(profile, varied["silent"])
    if "without" in varied and profile.interactions is None:
        gone = {one for name in varied["without"].split(",") for one in _WITHOUT[name]}
        profile = replace(profile, interactions=_ALL - gone)
    return profile


def _chosen(draw: Draw, name: str, rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """A promise with one of the statuses that it allows."""
    chance = draw.random
    chance.seed(f"{draw.seed} {name}")
    without_versions = "versioning" in draw.varied  # who has none cannot demand one
    if name.startswith("race.") or (without_versions and name == "update.if-match.missing"):
        return rule
    if len(rule.get("status", ())) > 1:
        return {**rule, "status": chance.sample(rule["status"], 1)}
    if rule.get("outcome") == "refused" and "status" not in rule:
        return {**rule, "status": [chance.choice(_CODES)]}
    return rule


def _spoken(profile: Profile, choice: str) -> Profile:
    """A server that has decided what its texts do not speak of."""
    if choice == "bare" and "status" in profile._rules.get("update.if-match.malformed", {}):
        return profile  # the text has one answer for every tag without quotes
    if choice != "needs-if-match":
        accepts = (*profile.embedded.accepts, choice)
        return replace(profile, embedded=replace(profile.embedded, accepts=accepts))
    missing = "update.if-match.missing"
    if "silent" not in profile._rules.get(missing, {}):
        return profile
    promise = {
        "level": "SHALL",
        "outcome": "refused",
        "status": [400],
        "source": next(iter(profile._sources)),
    }
    return replace(profile, _rules={**profile._rules, missing: promise})
