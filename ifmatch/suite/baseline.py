"""What is known to be broken already: so that a pipeline fails only for what is new."""

from collections.abc import Mapping
from pathlib import Path

from ifmatch.errors import ConfigurationError
from ifmatch.report import document
from ifmatch.rules.baseline import EXCUSED


def known(fail_on: str, baseline: str, profile: str) -> Mapping[str, str]:
    """The verdicts, by rule, that do not fail a run because an earlier one had them, too; of a profile, if it is known.

    Raises ConfigurationError when there is no such report, or it is by another profile.
    """
    if (fail_on == "new") is not bool(baseline):
        raise ConfigurationError(
            "What is new is what an earlier report does not have: --fail-on new and --baseline FILE belong together."
        )
    if not baseline:
        return {}
    report = document.load(Path(baseline))
    if profile and report["profile"]["id"] != profile:
        raise ConfigurationError(
            f"{baseline} is by the profile {report['profile']['id']}, and this run by {profile}: what is new cannot be "
            "told from them. Name a baseline by the same profile."
        )
    return {rule["rule"]: rule["verdict"] for rule in report["rules"] if rule["verdict"] in EXCUSED}
