"""Promises that hold in every exchange, whatever it was for: each monitor is a rule `always.*`.

A monitor is a pure function of one exchange and of what earlier ones showed. It yields the facts that it found
to look at; one that does not hold is a finding. To add one: a file here, a row in `MONITORS`, and its sentence in
`features/always/`.
"""

from collections.abc import Mapping

from ifmatch.monitor.content_type_fits_body import content_type_fits_body
from ifmatch.monitor.date_present import date_present
from ifmatch.monitor.entry_fits_resource import entry_fits_resource
from ifmatch.monitor.etag_equals_version import etag_equals_version
from ifmatch.monitor.history_entry_says_what_was_done import history_entry_says_what_was_done
from ifmatch.monitor.last_modified_equals_last_updated import last_modified_equals_last_updated
from ifmatch.monitor.last_modified_not_in_the_future import last_modified_not_in_the_future
from ifmatch.monitor.last_updated_never_back import last_updated_never_back
from ifmatch.monitor.location_leads_there import location_leads_there
from ifmatch.monitor.metadata_is_valid import metadata_is_valid
from ifmatch.monitor.no_server_error import no_server_error
from ifmatch.monitor.outcome_is_valid import outcome_is_valid
from ifmatch.monitor.read_your_writes import read_your_writes
from ifmatch.monitor.refusal_leaves_no_trace import refusal_leaves_no_trace
from ifmatch.monitor.shows_what_was_asked import shows_what_was_asked
from ifmatch.monitor.status_fits_effect import status_fits_effect
from ifmatch.monitor.version_is_one_content import version_is_one_content
from ifmatch.monitor.version_never_reused import version_never_reused
from ifmatch.monitor.watch import Monitor
from ifmatch.monitor.written_version_is_read import written_version_is_read

MONITORS: Mapping[str, Monitor] = {
    "always.no-server-error": no_server_error,
    "always.etag-equals-version": etag_equals_version,
    "always.written-version-is-read": written_version_is_read,
    "always.location-leads-there": location_leads_there,
    "always.shows-what-was-asked": shows_what_was_asked,
    "always.version-is-one-content": version_is_one_content,
    "always.read-your-writes": read_your_writes,
    "always.metadata-is-valid": metadata_is_valid,
    "always.last-modified-equals-last-updated": last_modified_equals_last_updated,
    "always.operation-outcome-is-valid": outcome_is_valid,
    "always.content-type-fits-body": content_type_fits_body,
    "always.date-present": date_present,
    "always.refusal-leaves-no-trace": refusal_leaves_no_trace,
    "always.version-never-reused": version_never_reused,
    "always.last-updated-never-back": last_updated_never_back,
    "always.last-modified-not-in-the-future": last_modified_not_in_the_future,
    "always.status-fits-effect": status_fits_effect,
    "always.entry-fits-resource": entry_fits_resource,
    "always.history-entry-says-what-was-done": history_entry_says_what_was_done,
}
