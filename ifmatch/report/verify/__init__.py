"""What was changed in a run's folder since it was written, and whether its signature holds.

Each check yields what is wrong, in sentences. Anyone can compute hashes again; so besides them the log is held against
itself, against the reports made of it, and against the suite, and a signature over all of it says who vouches for it.
"""

import json
from collections.abc import Callable, Iterator, Mapping

from ifmatch.errors import ConfigurationError
from ifmatch.report.verify.evidence import Evidence, Unchecked
from ifmatch.report.verify.log import log
from ifmatch.report.verify.reports import reports
from ifmatch.report.verify.seals import hashes, signature
from ifmatch.report.verify.suite import completeness, profile

__all__ = ["CHECKS", "OF_PACKAGES", "Evidence", "Unchecked", "verified"]

Check = Callable[[Evidence], Iterator[str]]

#: What is looked at in every run's folder, and what only in a package.
CHECKS: Mapping[str, Check] = {
    "log": log,
    "completeness": completeness,
    "profile": profile,
    "reports": reports,
}
OF_PACKAGES: Mapping[str, Check] = {"hashes": hashes, "signature": signature}


def verified(
    evidence: Evidence, begun: Callable[[str], object] = lambda check: None
) -> dict[str, list[str]]:
    """What each check finds; nothing where all is well. `begun` is told the name of each before it is made.

    What could not be looked at is `Unchecked`. Raises ConfigurationError when there is no log, the key is none, or
    there is no such profile.
    """
    evidence.run  # noqa: B018  # no log: nothing to verify
    asked_for_signature = bool(evidence.key)
    of_package = OF_PACKAGES if evidence.is_package or asked_for_signature else {}
    found = {}
    for name, check in {**of_package, **CHECKS}.items():
        begun(name)
        found[name] = _found(check, evidence)
    return found


def _found(check: Check, evidence: Evidence) -> list[str]:
    """What a check finds. What cannot even be read is found, too: whoever changes a file may have broken it."""
    try:
        return list(check(evidence))
    except ConfigurationError as error:
        return [str(error)]
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OSError,
        json.JSONDecodeError,
    ) as error:
        return [f"it cannot be read ({type(error).__name__}: {error})"]
