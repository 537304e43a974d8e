"""The command line."""

from ifmatch.cli.main import main as main
