"""What a reader says it has already, as the headers of a conditional read (RFC 9110 section 13.1)."""

from collections.abc import Mapping

from ifmatch.client.subject import Subject
from ifmatch.errors import RuleNotApplicable

#: The headers of each condition. `{current}` and `{read}` are versions, `{date}` is the Last-Modified of a read.
CONDITIONS: Mapping[str, Mapping[str, str]] = {
    "tag": {"If-None-Match": 'W/"{current}"'},
    "strong-tag": {"If-None-Match": '"{current}"'},
    "list": {"If-None-Match": 'W/"ifmatch-other", W/"{current}"'},
    "star": {"If-None-Match": "*"},
    "date": {"If-Modified-Since": "{date}"},
    "superseded-list": {"If-None-Match": 'W/"{read}", W/"ifmatch-other"'},
    "superseded-tag-and-date": {"If-None-Match": 'W/"{read}"', "If-Modified-Since": "{date}"},
    "earlier-date": {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    "no-date": {"If-Modified-Since": "ifmatch is no date"},
}


def headers_for(condition: str, subject: Subject) -> dict[str, str]:
    """The headers of a condition, for a resource as it was read and as it is now.

    Raises RuleNotApplicable when they need a Last-Modified that reads do not have.
    """
    templates = CONDITIONS[condition]
    names = {
        "current": subject.now.known_version,
        "read": subject.read.known_version,
        "date": _date_of(subject) if "{date}" in str(templates) else "",
    }
    return {name: template.format(**names) for name, template in templates.items()}


def _date_of(subject: Subject) -> str:
    date = subject.now.answer.header("last-modified")
    if date is None:
        raise RuleNotApplicable("a read tells no Last-Modified")
    return date
