"""Whole experiments on identical variants seldom find a difference, and find one that is there."""

import random
from statistics import fmean

import pytest

from benchmarks.calibration import (
    ALLOWED,
    ARMS,
    CASES,
    Case,
    calibrate,
    found,
    from_record,
    read_record,
    simulated,
    sources,
)
from djtune.experiments import effects

EXPERIMENTS = 150


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
@pytest.mark.parametrize("trials", ["recorded", "simulated"])
def test_false_differences_are_rare_through_the_whole_rule(trials: str, case: Case) -> None:
    outcomes = calibrate(sources()[trials], case, EXPERIMENTS, seed=7)
    assert fmean(outcome.different for outcome in outcomes) <= ALLOWED


@pytest.mark.slow
def test_a_rule_that_lacks_a_part_is_told_from_the_whole_one(monkeypatch) -> None:
    monkeypatch.setattr(effects, "smallest_shift", lambda *_: 0.0)
    monkeypatch.setattr(effects, "adjusted", lambda _: 0.95)
    outcomes = calibrate(simulated, CASES[0], EXPERIMENTS, seed=7)
    assert fmean(outcome.different for outcome in outcomes) > 2 * ALLOWED


@pytest.mark.slow
def test_a_difference_that_is_there_is_found() -> None:
    assert found(simulated, CASES[0], EXPERIMENTS // 3, seed=7) > 2 * ALLOWED


def test_the_record_is_of_two_hundred_trials() -> None:
    record = read_record()
    for metric in record.metrics:
        assert sum(map(len, metric.rows)) == 200
        assert {len(row) for row in metric.rows} == {len(ARMS)}


def test_roles_change_and_blocks_stay_together() -> None:
    record = read_record()
    for metric, drawn in zip(record.metrics, from_record(record, random.Random(1)), strict=True):
        known = {tuple(sorted(row)) for row in metric.rows}
        assert all(tuple(sorted(row)) in known for row in drawn.rows)
