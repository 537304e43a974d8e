"""`ifmatch verify`: whether a run's folder is as it was written, and who vouches for it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ifmatch.report.verify import Evidence

_EXAMPLES = """examples:
  ifmatch verify package                       hashes, attestation, log, completeness, profile, reports
  ifmatch verify package --key signer.pem      and signed with this key, whose public half you have from the signer
  ifmatch verify package -p ours.toml          and held to this profile, whatever it says itself
  ifmatch verify reports/latest                a run without a package: log, completeness, profile, reports

Without --key the signature is checked by the key that lies in the package: that shows that nothing was changed since
it was signed, not who signed it. Whoever holds the key may have written all of it: whether the verdicts follow from
the exchanges is for `ifmatch recheck` to say, and whether the server answered so, for a run of your own.

exit codes: 0 all is as it was written, 1 something was changed or is missing, 4 wrong usage or no log,
            7 nothing was found to be changed, but not all could be looked at"""

#: What each check is of, for whoever waits for it.
_ABOUT = {
    "hashes": "the hash of every file",
    "signature": "the signature",
    "log": "the log against itself",
    "completeness": "whether every rule was judged",
    "profile": "the profile",
    "reports": "the reports against those made of the log again",
}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a package, or the folder of a run")
    parser.add_argument(
        "--key", default="", metavar="FILE", help="the public key of whoever must have signed it"
    )
    parser.add_argument(
        "-p",
        "--profile",
        default="",
        metavar="PROFILE",
        help="the profile that it must have been held to: a name, or a file of your own",
    )


def _verify(args: argparse.Namespace) -> int:
    from ifmatch.report.console import Steps
    from ifmatch.report.verify import Evidence, verified
    from ifmatch.rules import profile as profiles

    if args.profile:
        profiles.load(args.profile)  # a slip in it is no flaw of the package
    evidence = Evidence(Path(args.folder), _key(args.key), args.profile)
    with Steps() as steps:
        steps.begin("reading the log")
        found = verified(evidence, lambda check: steps.begin(f"checking {_ABOUT[check]}"))
    print("\n".join(_checks(evidence, found)))
    wrong = [check for check, problems in found.items() if _mark(problems) == _WRONG]
    if wrong:
        print(_told(wrong, found))
        return ExitCode.NOT_CONFORMANT
    is_open = any(found.values())
    print(f"AS IT WAS WRITTEN{_AS_FAR * is_open}   run {evidence.run.id}; {_vouched(evidence)}")
    return ExitCode.INCONCLUSIVE if is_open else ExitCode.CONFORMANT


def _checks(evidence: "Evidence", found: "Mapping[str, Sequence[str]]") -> "Iterator[str]":
    """A line for each check, and below it what is wrong."""
    for check, problems in found.items():
        is_none = check == "signature" and not (problems or _is_signed(evidence))
        yield "  – signature: none" if is_none else f"  {_mark(problems)} {check}"
        yield from (f"      {problem}" for problem in problems)


def _told(wrong: "Sequence[str]", found: "Mapping[str, Sequence[str]]") -> str:
    """What comes of what is wrong: whether anything was changed, or only something is missing."""
    from ifmatch.report.verify.seals import NOT_SIGNED

    if wrong == ["completeness"]:
        return "AS IT WAS WRITTEN, BUT NOT COMPLETE"
    if wrong == ["signature"] and found["signature"] == [NOT_SIGNED]:
        return "AS IT WAS WRITTEN, BUT NOT SIGNED"
    return "NOT AS IT WAS WRITTEN"


_WRONG = "✗"
_AS_FAR = ", AS FAR AS THAT CAN BE SEEN"


def _mark(problems: "Sequence[str]") -> str:
    """How a check stands: what is wrong outweighs what could not be looked at."""
    from ifmatch.report.verify import Unchecked

    if not problems:
        return "✓"
    return "?" if all(isinstance(one, Unchecked) for one in problems) else _WRONG


def _key(name: str) -> bytes:
    if not name:
        return b""
    try:
        pem = Path(name).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The key {name} cannot be read: {error.strerror}.") from None
    if b"PRIVATE KEY" in pem:
        raise ConfigurationError(
            f"{name} is a private key. Name the public half, which you have from whoever signed."
        )
    if b"PUBLIC KEY" not in pem:
        raise ConfigurationError(
            f"{name} holds no public key. It must be PEM, and begin with -----BEGIN PUBLIC KEY-----."
        )
    return pem


def _is_signed(evidence: "Evidence") -> bool:
    from ifmatch.report.package import statement
    from ifmatch.report.package.signature import is_signed

    path = evidence.folder / statement.FILE_NAME
    return path.is_file() and is_signed(path.read_bytes())


def _vouched(evidence: "Evidence") -> str:
    """Who vouches for it."""
    from ifmatch.report.package import statement

    path = evidence.folder / statement.FILE_NAME
    if not path.is_file():
        return "no package, so nobody vouches for it"
    if not _is_signed(evidence):
        return "unsigned, so nobody vouches for it"
    if evidence.key:
        return "signed with the key that was named"
    return f"signed with the key in {statement.PUBLIC_KEY}: --key says whose that must be"


COMMAND = Command(
    name="verify",
    summary="Check that a run's folder is whole and as it was written, and its signature.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_verify,
)
