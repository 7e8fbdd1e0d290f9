"""The settings that were run for real: their figures, and how they compare."""

import random
from typing import Any

import msgspec
import pytest
from made_of_garbage import COLLECTOR, CURRENT, MB, blocks, memory, pause, sample, simulated, trial

from djtune.experiments.blocks import Blocks, Failure
from djtune.experiments.evidence import TIERS
from djtune.garbage.result import Tail, Tried, Verification
from djtune.garbage.verify import AGAIN, Candidate, verification
from djtune.model.policy import parse
from djtune.model.samples import Collector, Trial

NAME = "50000,5,2"
KEPT = msgspec.structs.replace(COLLECTOR, thresholds=(50_000, 5, 2))


def state(**given: Any) -> Collector:
    return msgspec.structs.replace(COLLECTOR, **given)


def run(seed: int, gc_ms: float, slower: float = 1.0, n: int = 200, **given: Any) -> Trial:
    """Requests of 10 ms and more, every tenth interrupted by a collection of so many ms."""
    draw = random.Random(seed)
    samples = [sample(cpu_ms=slower * draw.uniform(10, 12)) for _ in range(n)]
    found = [pause(0, gc_ms * draw.uniform(0.99, 1.01), number) for number in range(0, n, 10)]
    return trial(samples, *found, pause(2, 2 * gc_ms), **given)


def verified(
    *, gc_ms: float = 1.0, count: int = 5, slower: float = 1.0, name: str = NAME, **given: Any
) -> Verification:
    """Blocks in which the current setting's collections take 2 ms each."""
    rows = [
        {
            CURRENT: run(3 * number, 2.0),
            AGAIN: run(3 * number + 1, 2.0),
            name: run(3 * number + 2, gc_ms, slower, **({"collector": KEPT} | given)),
        }
        for number in range(count)
    ]
    return verification(blocks(*rows), [candidate(name)], {}, 60.0)


def candidate(name: str = NAME) -> Candidate:
    return Candidate(name, parse(name), "simulated")


def p99(tried: Tried) -> Tail:
    return next(tail for tail in tried.tails if tail.q == 0.99)


def outcome(found: Verification, metric: str) -> str:
    return next(c.outcome for c in found.comparisons if c.metric == metric)


def test_the_current_setting_comes_first_and_has_no_ratio_to_itself():
    found = verified()
    assert [each.name for each in found.tried] == [CURRENT, NAME]
    current, other = found.tried
    assert p99(current).ratio is p99(current).cpu_ratio is None
    assert p99(other).ratio is not None


def test_half_the_gc_time_is_found_and_told():
    found = verified(gc_ms=1.0)
    current, other = found.tried
    assert other.gc.value == pytest.approx(current.gc.value / 2, rel=0.02)
    assert outcome(found, "GC CPU per request") == "lower"
    assert "better" in found.verdicts[NAME]


def test_the_same_setting_is_no_difference():
    found = verified(gc_ms=2.0)
    assert outcome(found, "GC CPU per request") == "no difference shown"
    ratio = p99(found.tried[1]).cpu_ratio
    assert ratio.low < 1 < ratio.high


def test_a_slower_tail_shows_in_the_ratio_of_the_p99():
    ratio = p99(verified(slower=1.5).tried[1]).cpu_ratio
    assert 1.4 < ratio.low <= ratio.value <= ratio.high < 1.6


def test_one_block_shows_no_effect():
    found = verified(count=1)
    assert outcome(found, "GC CPU per request") == "can't tell"
    assert p99(found.tried[1]).ratio.value is None


def test_a_percentile_needs_its_requests():
    few = verified(count=1).tried[1]
    assert p99(few).value.value is None
    assert "368" in p99(few).value.reason
    assert next(tail for tail in few.tails if tail.q == 0.5).value.value is not None


def test_every_tier_is_compared_and_the_quietest_comes_first():
    tiers = [comparison.tier for comparison in verified(count=2).comparisons]
    assert tiers == sorted(tiers, key=TIERS.index)
    assert set(tiers) == set(TIERS)


@pytest.mark.parametrize(
    ("name", "left", "kept"),
    [
        (NAME, KEPT, True),
        (NAME, COLLECTOR, False),
        (NAME, state(thresholds=(50_000, 5, 2), enabled=False), False),
        (NAME, state(thresholds=(50_000, 5, 0)), True),  # all that Python 3.14.0 can do
        ("freeze", state(frozen=1000), True),
        ("freeze", state(frozen=1000, enabled=False), True),  # the app itself runs without it
        ("freeze", COLLECTOR, False),
        ("disable", state(enabled=False), True),
        ("disable", COLLECTOR, False),
    ],
)
def test_an_app_that_sets_the_collector_again_is_found_out(name, left, kept):
    assert verified(name=name, collector=left).tried[1].kept is kept


def test_memory_and_its_growth_are_told():
    points = [(number, 100 * MB + 1000 * number) for number in range(4)]
    other = verified(memory=memory(100, 150, *points)).tried[1]
    assert other.peak_rss.value == 150 * MB
    assert other.growth.value == 50 * MB
    assert other.slope.value == pytest.approx(1000)


def test_without_memory_it_is_not_compared():
    found = verified(memory=None)
    assert found.tried[1].peak_rss.value is None
    assert not [c for c in found.comparisons if c.tier == "memory"]


def test_one_trial_without_a_full_collection_is_too_short():
    found = verified()
    assert found.tried[1].reached_full
    rows = [{CURRENT: run(n, 2), AGAIN: run(n + 9, 2), NAME: run(n, 1)} for n in range(3)]
    rows[2][NAME].pauses.pop()
    assert not verification(blocks(*rows), [candidate()], {}, 1.0).tried[1].reached_full


def dropped() -> Blocks:
    """A setting that was there for three blocks, before the machine became slow."""
    rows = [{CURRENT: run(n, 2), AGAIN: run(n + 9, 2), NAME: run(n + 99, 2)} for n in range(3)]
    rows += [{CURRENT: run(n, 2, 5.0), AGAIN: run(n + 9, 2, 5.0)} for n in (3, 4)]
    found = blocks(*rows)
    found.failures.append(Failure(NAME, 3, "killed by SIGKILL"))
    return found


def test_a_setting_that_was_dropped_keeps_its_figures_and_is_named():
    found = verification(dropped(), [candidate()], {}, 1.0)
    assert found.tried[1].requests == 600
    assert [each.failure for each in found.tried] == ["", "killed by SIGKILL"]
    assert found.failures == [f"{NAME}, block 4: killed by SIGKILL"]


def test_a_setting_is_compared_within_the_blocks_that_it_took_part_in():
    ratio = p99(verification(dropped(), [candidate()], {}, 1.0).tried[1]).cpu_ratio
    assert ratio.value == pytest.approx(1, rel=0.05)


def test_a_setting_without_a_complete_block_is_left_out():
    rows = [{CURRENT: run(n, 2), AGAIN: run(n + 9, 2)} for n in range(2)]
    assert [each.name for each in verification(blocks(*rows), [candidate()], {}, 1.0).tried] == [
        CURRENT
    ]


def test_the_prediction_stands_beside_what_was_measured():
    rows = [{CURRENT: run(n, 2), AGAIN: run(n + 9, 2), NAME: run(n, 1)} for n in range(2)]
    predicted = {NAME: simulated(NAME)}
    current, other = verification(blocks(*rows), [candidate()], predicted, 1.0).tried
    assert current.predicted is None
    assert other.predicted is predicted[NAME]
