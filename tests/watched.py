"""Monitors shown some exchanges, as a recorder shows them."""

from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.monitor import MONITORS
from ifmatch.monitor.watch import Watch

BASE = "http://target.example/fhir"


def seen(rule, *exchanges, base_url=BASE, raced=False):
    """What the monitor of a rule made of some exchanges."""
    watch = Watch({rule: MONITORS[rule]}, base_url)
    recorder = Recorder(lambda _: None, Redactor(), watch)
    for one in exchanges:
        recorder.exchange(one, raced=raced)
    return watch.tallies[rule]


def patient(version="2", **more):
    """A patient in a version."""
    return {"resourceType": "Patient", "id": "1", "meta": {"versionId": version}, **more}
