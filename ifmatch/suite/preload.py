"""What every run needs, loaded once in the process that runs are forked from."""

from pytest_bdd.feature import get_features

from ifmatch.reference import server
from ifmatch.rules.catalogue import FEATURES, rules
from ifmatch.suite import live, surroundings

__all__ = ["live", "server", "surroundings"]

rules()
get_features(map(str, FEATURES.rglob("*.feature")))
