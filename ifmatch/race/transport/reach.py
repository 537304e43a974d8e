"""Whether the target can be reached from each vantage point, before anything is written that a race would need."""

from dataclasses import replace

from ifmatch.client.exchange import Request
from ifmatch.client.settings import Settings
from ifmatch.client.target import Target
from ifmatch.client.unique import drawing_aside
from ifmatch.client.unreachable import unreachable
from ifmatch.errors import TargetUnusable
from ifmatch.race.transport.choose import choose
from ifmatch.race.transport.engine import Mode, Result, TimedRequest
from ifmatch.race.transport.vantage_point import VantagePoint

#: Answers that anybody may get who asks at a bad moment.
_NOT_NOW = (429, 503)


def demand_reach(target: Target) -> None:
    """See that the target answers each vantage point as it answers us; its statement is asked for, once from each.

    Raises TargetUnusable for the first that it does not answer so, ConfigurationError when one cannot ask. When it does
    not answer us either, that is for others to tell.
    """
    settings = target.settings
    if not settings.vantages:
        return
    with drawing_aside(target.run_id, "vantages"):
        probe = target.authorizer.authorized(target.request("GET", "metadata"))
    here = _asked_from_here(settings, probe)
    for spec in settings.vantages:
        point = VantagePoint(spec, settings)
        try:
            _demand_same(settings.base_url, spec, here, point.ask(probe))
        finally:
            point.close()


def _asked_from_here(settings: Settings, probe: Request) -> Result:
    engine = choose(replace(settings, vantages=())).engine
    try:
        (result,) = engine.release([TimedRequest(probe)], Mode.WHOLE)
    finally:
        engine.close()
    return result


def _demand_same(url: str, spec: str, here: Result, there: Result) -> None:
    if here.response is None:
        return
    if there.failure is not None:
        why = unreachable(there.failure, url, there.detail)
        raise TargetUnusable(
            f"From the vantage point {spec} the target cannot be reached, though it can from here. {why} Nothing was "
            "written. Open the way from there, or leave that point out."
        )
    ours, theirs = here.response.status, there.response.status if there.response else 0
    if ours // 100 != theirs // 100 and not {ours, theirs} & set(_NOT_NOW):
        raise TargetUnusable(
            f"From the vantage point {spec} {url} answers {theirs} to GET metadata, and from here {ours}: something "
            "between lets that machine not through, or leads it elsewhere. Nothing was written. Open the way from "
            "there, or leave that point out."
        )
