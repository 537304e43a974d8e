"""One fault is one cause, three faults are three: counted on servers with faults drawn by lot.

Each meets every rule that needs no race, and those races that it is to break: `python tests/kill_matrix.py` does that
with all faults.
"""

import random
import tempfile
from pathlib import Path
from statistics import mean

import pytest
from kill_matrix import RED, rules_that_meet
from running import forked, run

from ifmatch.log.reader import read
from ifmatch.reference.faults import FAULTS
from ifmatch.report.causes import causes
from ifmatch.report.run import Run

#: Drawn anew with another number.
SEED = 20

ALONE, TOGETHER = 12, 3


def drawn():
    """Faults by themselves, and three at a time that break rules of different groups of one profile."""
    lot = random.Random(SEED)
    alone = [(name,) for name in lot.sample(sorted(FAULTS), ALONE)]
    groups = {}
    for name, fault in sorted(FAULTS.items()):
        if fault.profile == "fhir-r4" and fault.cell is None:
            groups.setdefault(fault.breaks[0].partition(".")[0], []).append(name)
    three = [lot.sample(sorted(groups), 3) for _ in range(TOGETHER)]
    return alone, [tuple(lot.choice(groups[group]) for group in some) for some in three]


def told(*faults):
    """The rules of each cause that a report names for these faults: of what fails, and of what only warns."""
    selected = ",".join(rules_that_meet(FAULTS[name]) for name in faults)
    switched_on = [word for name in faults for word in ("--fault", name)]
    with tempfile.TemporaryDirectory() as folder:
        run(["-p", FAULTS[faults[0]].profile, *switched_on, "--rules", selected], Path(folder))
        known = Run.of(read(Path(folder) / "run"))
    red = ([judged for judged in known.rules if judged.verdict is verdict] for verdict in RED)
    return [
        [[judged.rule for judged in cause.rules] for cause in causes(rules, known)] for rules in red
    ]


@pytest.fixture(scope="module")
def runs():
    """What was told of all that was drawn."""
    jobs = [faults for some in drawn() for faults in some]
    return dict(zip(jobs, forked(told, jobs, processes=2), strict=True))


@pytest.mark.slow
def test_one_fault_is_one_cause(runs):
    """Hardly ever two. What breaks nothing that is obligatory is one that warns."""
    counts = {
        faults: len(fails or warns) for faults, (fails, warns) in runs.items() if len(faults) == 1
    }
    assert len(counts) == ALONE
    assert {faults: count for faults, count in counts.items() if count > 2} == {}
    assert 1 <= mean(counts.values()) <= 1.2, counts


@pytest.mark.slow
def test_unrelated_faults_are_told_apart(runs):
    """No cause is made of the rules that two of them break, and each is named."""
    for faults in (faults for faults in runs if len(faults) > 1):
        named = [set(rules) for causes_of in runs[faults] for rules in causes_of]
        mixed = [
            rules
            for rules in named
            if sum(not rules.isdisjoint(FAULTS[name].breaks) for name in faults) > 1
        ]
        assert not mixed, (faults, mixed)
        for name in faults:
            assert any(not rules.isdisjoint(FAULTS[name].breaks) for rules in named), (faults, name)
