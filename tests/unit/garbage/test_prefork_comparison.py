"""What is concluded from the memory of preforked processes."""

from collections.abc import Sequence

import pytest

from djtune.garbage.prefork import Arm, PreforkResult, compare
from djtune.garbage.present_prefork import prefork_blocks
from djtune.reports.blocks import Note, Table
from djtune.servers.prefork import Footprint, ProcessMemory, Served

MB = 1_000_000


def served(worker: int, *, pss: bool = True) -> Served:
    """A parent of 50 MB and two workers that hold so many MB each for themselves."""
    each = ProcessMemory(90 * MB, worker * MB, worker * MB if pss else None)
    footprint = Footprint(ProcessMemory(90 * MB, 50 * MB, 50 * MB if pss else None), [each, each])
    return Served(footprint, footprint, 40, 38, [700, 10, 10], 0)


def compared(rows: Sequence[tuple[int, int, int, int]], *, pss: bool = True) -> PreforkResult:
    """Each row is a block: MB of a worker without freezing twice, in the worker, in the parent."""
    arms: tuple[Arm, ...] = ("none", "again", "worker", "parent")
    return compare(
        [{arm: served(mb, pss=pss) for arm, mb in zip(arms, row, strict=True)} for row in rows]
    )


SAVING = [(60, 61, 60, 40), (61, 60, 61, 41), (60, 60, 59, 40), (61, 61, 62, 41)]


def test_sharing_that_outlives_a_full_collection_pays() -> None:
    result = compared(SAVING)
    assert result.pays
    none, worker, parent = result.variants
    assert none.total.value == pytest.approx((50 + 2 * 60.5) * MB)
    assert worker.ratio is not None
    assert worker.ratio.outcome == "no difference shown"
    assert parent.per_worker is not None
    assert parent.per_worker.value.value == pytest.approx(-20 * MB)
    assert (result.workers, result.requests, result.ok) == (2, 20, 0.95)


def test_what_chance_makes_too_does_not_pay() -> None:
    assert not compared([(60, 66, 61, 58), (66, 60, 62, 63), (60, 60, 60, 60)]).pays


def test_one_block_shows_no_spread_and_so_nothing() -> None:
    result = compared(SAVING[:1])
    assert not result.pays
    assert result.parent.ratio is not None
    assert result.parent.ratio.outcome == "can't tell"
    (table,) = (block for block in prefork_blocks(result) if isinstance(block, Table))
    assert table.rows[0][1].note == "no interval from n=1 trials"


def test_without_pss_the_unshared_memory_is_compared_and_named_so() -> None:
    result = compared(SAVING, pss=False)
    assert (result.measure, result.pays) == ("USS", True)
    said = " ".join(each.text for each in prefork_blocks(result) if isinstance(each, Note))
    assert "tells no PSS" in said


def test_without_a_block_there_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="at least one block"):
        compare([])
