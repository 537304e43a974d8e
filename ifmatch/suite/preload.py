"""What every run needs, loaded once in the process that runs are forked from."""

from pytest_bdd.feature import get_features
from uvicorn.protocols.http import h11_impl

from ifmatch.race import workloads
from ifmatch.reference import server
from ifmatch.rules.catalogue import FEATURES, rules
from ifmatch.suite import live, surroundings

__all__ = ["h11_impl", "live", "server", "surroundings", "workloads"]

rules()
get_features(map(str, FEATURES.rglob("*.feature")))
