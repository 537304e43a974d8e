"""Promises that hold in every exchange, whatever it was for: each monitor is a rule `always.*`.

A monitor is a pure function of one exchange and of what is known of the run so far. It yields the facts that it found
to look at; one that does not hold is a finding. To add one: a file here, a row in `MONITORS`, and its sentence in
`features/always/`.
"""

from collections.abc import Mapping

from ifmatch.monitor.etag_equals_version import etag_equals_version
from ifmatch.monitor.location_leads_there import location_leads_there
from ifmatch.monitor.no_server_error import no_server_error
from ifmatch.monitor.watch import Monitor

MONITORS: Mapping[str, Monitor] = {
    "always.no-server-error": no_server_error,
    "always.etag-equals-version": etag_equals_version,
    "always.location-leads-there": location_leads_there,
}
