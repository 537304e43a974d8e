"""The command line: run, serve, rules, profiles, compare. Bare `ifmatch` is `ifmatch run`."""

import argparse
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ifmatch import HOME, __version__
from ifmatch.errors import ConfigurationError, ExitCode, IfmatchError

_DESCRIPTION = "Tells whether a FHIR server keeps its update and concurrency promises, and finds the updates it loses."

_EPILOGS: Mapping[str, str] = {
    "run": """examples:
  ifmatch run                                          five real systems against embedded servers, and a matrix
  ifmatch run --effort quick                           the same, with races
  ifmatch run https://staging.example/fhir             by the FHIR base profile of the version that the server states
  ifmatch run https://staging.example/fhir -p spine    by what NHS Spine promises
  ifmatch run -t target.toml --rules 'update.if-match.*'
  ifmatch run -p koppeltaal --fault if-match-ignored   see a rule fail on the embedded server

The bearer token is read from IFMATCH_TOKEN (a second identity's from IFMATCH_SECOND_TOKEN), or from the variables
that the target file names. Options of pytest work too: -k, -x, --lf, -n 2, --junitxml FILE, --alluredir DIR.

exit codes: 0 conformant, 1 a SHALL rule failed, 2 interrupted, 3 internal error, 4 wrong usage, 5 nothing ran,
            6 target unusable, 7 inconclusive""",
    "serve": """example:
  ifmatch serve -p koppeltaal --port 8080
  curl -i http://127.0.0.1:8080/fhir/metadata""",
    "rules": """examples:
  ifmatch rules
  ifmatch rules -p spine --rules 'update.*'""",
    "profiles": """examples:
  ifmatch profiles                 list
  ifmatch profiles spine           every promise with its source
  ifmatch profiles ./mine.toml     check one of your own""",
    "compare": """examples:
  ifmatch compare before/report.json after/report.json      what an upgrade changed; exit 1 when a rule newly fails
  ifmatch compare a/report.json b/report.json --html side-by-side.html""",
}


_OBJECTS_BEFORE_COLLECTION = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see ExitCode). A slip of the user's ends in one sentence."""
    # While a run's libraries load, Python would go through all objects in memory over and over; they are there to stay.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in (*_COMMANDS, "-h", "--help", "--version"):
        words.insert(0, "run")
    parser = _parser()
    args, rest = parser.parse_known_args(words)
    if rest and args.command != "run":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return int(_COMMANDS[args.command](args, rest))
    except IfmatchError as error:
        print(f"{error}    (exit {int(error.exit_code)})", file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        # A traceback would end in 1, which means that a rule failed.
        print(f"ifmatch itself failed ({type(error).__name__}: {error}).    (exit 3)", file=sys.stderr)
        return int(ExitCode.INTERNAL_ERROR)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        self.print_usage(sys.stderr)
        self.exit(int(ExitCode.USAGE), f"{self.prog}: {message}. `{self.prog} --help` shows examples.\n")


#: BASE_URL is found among what is left for pytest: argparse would take the value of any option of pytest's for it.
_RUN_USAGE = """ifmatch run [BASE_URL] [options] [options of pytest]

BASE_URL is the FHIR end-point; without it an embedded server is started"""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="ifmatch", description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"ifmatch {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str, usage: str | None = None) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=text, description=text, epilog=_EPILOGS[name], allow_abbrev=False, usage=usage,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip

    run = command(
        "run",
        "Judge a server by a profile; without a server and a profile, the five source systems on embedded servers.",
        _RUN_USAGE,
    )
    run.add_argument(
        "-p", "--profile", default="", metavar="PROFILE", help="a profile's id, or a TOML file of your own"
    )
    run.add_argument(
        "-t", "--target", default="", metavar="FILE", help="target.toml: address, credentials, headers, resources"
    )
    run.add_argument(
        "--rules",
        default="",
        metavar="GLOB",
        help="only the rules whose id matches; several patterns separated by commas",
    )
    run.add_argument("-o", "--report-dir", default="", metavar="DIR", help="put the evidence straight into DIR")
    run.add_argument(
        "--effort", default="", choices=("quick", "standard", "thorough"),
        help="how long to race: quick unless told otherwise; the five systems race only when told",
    )  # fmt: skip
    run.add_argument("--writers", type=int, default=4, metavar="K", help="how many writers meet in a race, 2 to 16")
    run.add_argument("--seed", type=int, metavar="N", help="draw the races of an earlier run again")
    run.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="switch a fault of the embedded server on"
    )

    serve = command("serve", "Run the embedded server of a profile, for exploring with curl.")
    serve.add_argument("-p", "--profile", default="fhir-r4", metavar="PROFILE")
    serve.add_argument("--port", type=int, default=0, metavar="N", help="a free one is taken when none is given")
    serve.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="break one promise; `--fault list` lists them"
    )

    rules = command("rules", "List the rules, with what a profile expects and where it is written.")
    rules.add_argument("-p", "--profile", default="", metavar="PROFILE")
    rules.add_argument("--rules", default="*", metavar="GLOB", help="only the rules whose id matches")

    profiles = command("profiles", "List the profiles, show what one promises, or check one of your own.")
    profiles.add_argument("profile", nargs="?", default="", metavar="NAME|FILE")

    compare = command("compare", "Put reports side by side, and tell what changed between two of one target.")
    compare.add_argument("reports", nargs="+", metavar="REPORT", help="report.json of a run, or the folder it lies in")
    compare.add_argument("--csv", default="", metavar="FILE", help="write the table as CSV")
    compare.add_argument("--html", default="", metavar="FILE", help="write the table as one page with filters")
    return parser


# ---------------------------------------------------------------- run


def _run(args: argparse.Namespace, words: list[str]) -> int:
    base_url, rest = _base_url_in(words)
    if not (base_url or args.profile or args.target):
        if args.fault:
            raise ConfigurationError("A fault belongs to one server: name its profile with -p.")
        from ifmatch.cli.systems import run_all

        return run_all(args.report_dir, args.rules, args.effort, rest)
    return _run_one(base_url, args, rest)


def _base_url_in(words: list[str]) -> tuple[str, list[str]]:
    """The base URL among the words that are not ours, and the words for pytest.

    A word right after an option may be that option's value, so there it must look like a URL.
    """
    for number, word in enumerate(words):
        after_option = number > 0 and words[number - 1].startswith("-")
        if not word.startswith("-") and ("://" in word or not after_option):
            return word, words[:number] + words[number + 1 :]
    return "", words


def _run_one(base_url: str, args: argparse.Namespace, rest: list[str]) -> int:
    from ifmatch.suite.live import LiveView
    from ifmatch.suite.surroundings import PYTEST, with_plugins

    given = {
        "--base-url": base_url,
        "--profile": args.profile,
        "--target": args.target,
        "--report-dir": args.report_dir,
        "--rules": args.rules,
    }
    ours = [f"{name}={value}" for name, value in given.items() if value] + [f"--fault={name}" for name in args.fault]
    ours += [f"--effort={args.effort or 'quick'}", f"--writers={args.writers}"]
    ours += [] if args.seed is None else [f"--seed={args.seed}"]
    arguments = [*PYTEST, f"--rootdir={HOME}", *_cache(), *ours, str(HOME / "features"), *rest]
    return LiveView().run(*with_plugins(arguments, foreign=bool(rest)))


def _cache() -> list[str]:
    return ["-o", f"cache_dir={Path('reports', '.cache').absolute()}"]


# ---------------------------------------------------------------- the others


def _serve(args: argparse.Namespace, _: list[str]) -> int:
    from ifmatch.reference.faults import FAULTS
    from ifmatch.reference.server import EmbeddedServer
    from ifmatch.report.catalogue import print_faults
    from ifmatch.rules.profile import load

    if "list" in args.fault:
        print_faults(FAULTS.values())
        return ExitCode.CONFORMANT
    profile = load(args.profile)
    server = EmbeddedServer(profile, faults=args.fault, port=args.port)
    server.start()
    print(f"{profile.title}, embedded: {server.base_url}    (Ctrl-C ends it)", flush=True)
    for name in args.fault:
        print(f"fault {name}: {FAULTS[name].sentence}", flush=True)
    print(f"try     curl -i {server.base_url}/metadata", flush=True)
    try:
        server.wait()
    finally:
        server.stop()
    return ExitCode.CONFORMANT


def _rules(args: argparse.Namespace, _: list[str]) -> int:
    from ifmatch.report.catalogue import print_rules
    from ifmatch.rules.profile import load

    print_rules(load(args.profile) if args.profile else None, args.rules)
    return ExitCode.CONFORMANT


def _profiles(args: argparse.Namespace, _: list[str]) -> int:
    from ifmatch.report.catalogue import print_profile, print_profiles
    from ifmatch.rules.profile import load

    if args.profile:
        print_profile(load(args.profile))
    else:
        print_profiles()
    return ExitCode.CONFORMANT


def _compare(args: argparse.Namespace, _: list[str]) -> int:
    from ifmatch.report import compare
    from ifmatch.report.console import console_for
    from ifmatch.report.document import FILE_NAME, load

    paths = [path / FILE_NAME if path.is_dir() else path for path in map(Path, args.reports)]
    reports = [load(path) for path in paths]
    compare.print_compare(console_for(), reports)
    for name, write in ((args.csv, compare.csv), (args.html, compare.html)):
        if name:
            _write(Path(name), write(reports))
    worse = compare.comparable(reports) and any(c.kind is compare.Kind.FAILS for c in compare.changes(*reports))
    return ExitCode.NOT_CONFORMANT if worse else ExitCode.CONFORMANT


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}. Choose another file.") from None
    print(f"written {path}")


_COMMANDS: Mapping[str, Callable[[argparse.Namespace, list[str]], int]] = {
    "run": _run,
    "serve": _serve,
    "rules": _rules,
    "profiles": _profiles,
    "compare": _compare,
}
