"""What is attested: an in-toto statement about a package (https://github.com/in-toto/attestation, test-result v0.1).

Its subjects are the list of all hashes and the files that matter most, so a signature over it covers the whole package.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifmatch.log.reader import FILE_NAME as LOG
from ifmatch.report import document
from ifmatch.report.package import certificate, sums
from ifmatch.report.package.qualification import reasons_against
from ifmatch.report.package.signature import enveloped, public_key_of
from ifmatch.report.run import Run
from ifmatch.rules.verdict import Verdict

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

FILE_NAME = "attestation.dsse.json"
PUBLIC_KEY = "signer.pem"

#: What lies in a package and is not made of the log alone.
SEALS = (sums.FILE_NAME, FILE_NAME, PUBLIC_KEY)

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"

#: The subjects, besides the list of all hashes.
_NAMED = (LOG, document.FILE_NAME, certificate.FILE_NAME)


def seal_package(run: Run, folder: Path, days: int, signer: "CryptoSigner | None") -> None:
    """Write the list of hashes and the attestation over a package that is otherwise whole.

    It holds for so many days from the end of the run.
    """
    if signer is not None:
        (folder / PUBLIC_KEY).write_bytes(public_key_of(signer))
    listed = sums.sums_of(folder, without=(FILE_NAME,))
    (folder / sums.FILE_NAME).write_bytes(sums.as_text(listed))
    (folder / FILE_NAME).write_bytes(enveloped(statement(run, folder, days), signer))


def statement(run: Run, folder: Path, days: int) -> dict[str, Any]:
    """The statement about a package in a folder."""
    names = [sums.FILE_NAME, *_NAMED]
    return {
        "_type": TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": sums.sum_of(folder / name)}} for name in names
        ],
        "predicateType": PREDICATE,
        "predicate": {**_result(run), "ifmatch": facts_of(run) | {"expires": _expiry(run, days)}},
    }


def _result(run: Run) -> dict[str, Any]:
    configuration = {
        "name": f"profile {run.profile.id}",
        "digest": {"sha256": run.profile.sha256},
    }
    return {
        "result": "FAILED" if reasons_against(run) else "PASSED",
        "configuration": [configuration],
        "passedTests": _named(run, Verdict.PASS),
        "warnedTests": _named(run, Verdict.WARN),
        "failedTests": _named(run, Verdict.FAIL),
    }


def _named(run: Run, verdict: Verdict) -> list[str]:
    return [judged.rule for judged in run.rules if judged.verdict is verdict]


def facts_of(run: Run) -> dict[str, Any]:
    """What of a run is attested in words."""
    return {
        "run": run.id,
        "target": run.target.base_url,
        "software": run.target.software or "",
        "suite": f"{run.suite.name} {run.suite.version}",
        "profile": run.profile.id,
        "profile_sha256": run.profile.sha256,
        "effort": run.effort,
        "qualifies": not reasons_against(run),
        "reasons": reasons_against(run),
        "waived": _named(run, Verdict.WAIVED),
        "issued": run.finished,
    }


def _expiry(run: Run, days: int) -> str:
    ended = datetime.fromisoformat(run.finished or run.started)
    return (ended + timedelta(days=days)).isoformat(timespec="seconds")
