"""`ifmatch certify`: every rule of a profile, and the package that a body which certifies wants to hold."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.race.budget import EFFORTS

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

    from ifmatch.report.run import Run

_EXAMPLES = """examples:
  ifmatch certify -t target.toml --out package                       every rule of the profile; unsigned
  ifmatch certify -t target.toml --out package --key signing.pem     signed
  ifmatch certify -t target.toml --out package --key-env SIGNING_KEY signed with the PEM in that variable

Nothing can be left out: --rules, -k, -m and the like are refused, for a certificate that leaves rules out says nothing.
The address and the profile stand in the target file. `certificate.html` is page one; docs/certification.md tells of the
rest. A key is made by `openssl genpkey -algorithm ed25519`.

exit codes: 0 the run qualifies; else those of `ifmatch run`, and 1 when only a waiver lacks approver or issue"""

#: What may keep pytest from running everything, unseen by us.
_MEDDLING = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


#: What a target file may not say, for a run would leave rules out by it, or let what is broken pass.
_SELECTING = ("rules", "budget", "fail_on", "baseline")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-t", "--target", required=True, metavar="FILE", help="target.toml: address, profile, …"
    )
    parser.add_argument(
        "--out", "-o", required=True, metavar="DIR", help="the folder of the package; new or empty"
    )
    parser.add_argument(
        "--effort",
        default="standard",
        choices=tuple(EFFORTS),
        help="how long to race, which page one declares; standard unless told otherwise",
    )
    parser.add_argument("-p", "--profile", metavar="PROFILE", help="instead of the target file's")
    parser.add_argument("--writers", type=int, metavar="K", help="how many writers meet in a race")
    parser.add_argument("--seed", type=int, metavar="N", help="draw the races of a run again")
    parser.add_argument("--wait", type=float, metavar="SECONDS", help="wait for a server to start")
    key = parser.add_mutually_exclusive_group()
    key.add_argument("--key", default="", metavar="FILE", help="sign with this private key (PEM)")
    key.add_argument(
        "--key-env", default="", metavar="NAME", help="sign with the PEM in this variable"
    )
    parser.add_argument(
        "--days", type=int, default=365, metavar="N", help="how long the attestation holds; 365"
    )


def _certify(args: argparse.Namespace) -> int:
    _demand_nothing_left_out(args)
    from ifmatch.suite.folder import held

    signer = _signer(args)
    folder = Path(args.out)
    # Seen before it is held, too: a full folder has a clearer word for it than one that nobody else may have.
    _demand_empty(folder)
    with held(folder):
        _demand_empty(folder)
        return _run_and_packed(args, folder, signer)


def _run_and_packed(args: argparse.Namespace, folder: Path, signer: "CryptoSigner | None") -> int:
    from ifmatch.log.reader import FILE_NAME, read
    from ifmatch.report.run import Run
    from ifmatch.suite.folder import emptied

    code = _run(args)
    if not (folder / FILE_NAME).is_file():
        return code
    run = Run.of(read(folder))
    if code == ExitCode.USAGE and not (run.rules or run.left):
        emptied(folder)  # a slip is to be mended, and then the folder is to be had again
        return code
    return _packed(run, folder, code, args.days, signer)


def _demand_nothing_left_out(args: argparse.Namespace) -> None:
    words = [*args.words, *args.behind]
    if words:
        raise ConfigurationError(
            f"`ifmatch certify` does not take {words[0]}: it runs every rule, and nothing may change how, for a "
            "certificate that leaves rules out says nothing. `ifmatch run` takes it."
        )
    from ifmatch.client.target_file import read

    said = read(Path(args.target))
    for name in _SELECTING:
        if name in said:
            raise ConfigurationError(
                f"{args.target} says `{name}`, by which rules may be left out or let pass, and a certificate is for "
                "all of them: take it out."
            )
    if "base_url" not in said:
        raise ConfigurationError(
            f"{args.target} names no base_url: what is certified is a server of yours."
        )
    _demand_profile(args, said)
    _tell_of_waivers(said)
    for name in _MEDDLING:
        if os.environ.get(name):
            raise ConfigurationError(
                f"{name} is set, which may keep rules from being run. Unset it to certify."
            )


def _tell_of_waivers(said: dict[str, Any]) -> None:
    """What waivers lack is told at once: should one be needed, the whole run was in vain."""
    from ifmatch.report.package.qualification import lack_of

    for rule, waiver in said.get("waivers", {}).items():
        if lack := lack_of(rule, waiver):
            print(f"! {lack} Should it be needed, the run does not qualify.", file=sys.stderr)


def _demand_profile(args: argparse.Namespace, said: dict[str, Any]) -> None:
    if not (args.profile or said.get("profile")):
        raise ConfigurationError(
            f"{args.target} names no profile: a certificate is by one. Name it there or with -p."
        )


def _signer(args: argparse.Namespace) -> "CryptoSigner | None":
    """Whoever signs; None when nobody does. A key that cannot be used is found before the run, not after it."""
    from ifmatch.report.package.signature import signer_of

    if args.key_env:
        pem = os.environ.get(args.key_env, "").encode()
        if not pem:
            raise ConfigurationError(
                f"The environment variable {args.key_env} is not set, or empty, so nobody could sign. Put the private "
                "key into it, as PEM."
            )
        return signer_of(pem, f"in {args.key_env}")
    if not args.key:
        return None
    try:
        return signer_of(Path(args.key).read_bytes(), args.key)
    except OSError as error:
        raise ConfigurationError(
            f"The signing key {args.key} cannot be read: {error.strerror}. Check the name given with --key."
        ) from None


def _demand_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is not empty, and a package holds one run and nothing else. Choose another folder."
        )


def _run(args: argparse.Namespace) -> int:
    from ifmatch.suite.live import LiveView
    from ifmatch.suite.options import words_for_pytest
    from ifmatch.suite.surroundings import on_features

    given = {
        "target_file": args.target,
        "profile": args.profile,
        "report_dir": args.out,
        "effort": args.effort,
        "writers": args.writers,
        "seed": args.seed,
        "wait": args.wait,
        "certifies": True,
    }
    return LiveView().run(*on_features(words_for_pytest(given)))


def _packed(run: "Run", folder: Path, code: int, days: int, signer: "CryptoSigner | None") -> int:
    """Seal the package, say what it comes to, and return the exit code."""
    from ifmatch.report.package.qualification import answer, reasons_against
    from ifmatch.report.package.statement import SEALS, seal_package

    try:
        seal_package(run, folder, days, signer)
    except OSError as error:
        for name in SEALS:
            (folder / name).unlink(missing_ok=True)
        raise ConfigurationError(
            f"{folder} could not be sealed ({error.strerror}), so it is no package, and certifies nothing. Make room, "
            "and certify again into another folder with --out."
        ) from None
    reasons = reasons_against(run)
    print(f"\nQUALIFIES: {answer(run)}")
    for reason in reasons:
        print(f"  {reason}")
    print(_about_signature(signer))
    print(f"package  {folder}/   page one is certificate.html; `ifmatch verify {folder}` checks it")
    return ExitCode.NOT_CONFORMANT if reasons and code == ExitCode.CONFORMANT else code


def _about_signature(signer: "CryptoSigner | None") -> str:
    if signer is None:
        return "unsigned: it shows what was found, not who found it; --key signs it"
    return f"signed by key {signer.public_key.keyid}"


COMMAND = Command(
    name="certify",
    summary="Run every rule of a profile against a server, and pack the evidence for certification.",
    examples=_EXAMPLES,
    usage="ifmatch certify -t FILE --out DIR [options]",
    add_arguments=_add_arguments,
    run=_certify,
    for_pytest=True,
)
