"""Which layout to take."""

from collections.abc import Sequence

from djtune.redis_memory.layouts.result import LayoutResult, Operation, Recommendation

WORTH = 0.10
"""A layout that asks for more work has to save this share of the present bytes beyond the best
that asks for less."""
SLOWER = 1.5
"""A layout of which anything takes this many times as long as it does now is not recommended."""
DID: dict[Operation, str] = {
    "read_all": "reading a whole entry",
    "read_one": "reading one field",
    "update_one": "changing one field",
}


def recommend(layouts: Sequence[LayoutResult]) -> Recommendation:
    """One layout; the first of ``layouts`` is the present one.

    From the least work to the most (:attr:`LayoutResult.effort`) a layout is taken over the best
    so far if the lower end of its saving exceeds that one's by :data:`WORTH` of the present bytes,
    if it gives up nothing that the present one has (fields that change without a race) and if no
    operation is surely :data:`SLOWER` times as slow. What saves as much again but gives something
    up is named as the alternative.
    """
    present = layouts[0]
    kept = [each for each in layouts if not _lost(present, each)]
    best = _climb(present, kept)
    other = _climb(present, [best, *(each for each in layouts if _lost(present, each))], best)
    why = _why(present, best, layouts)
    if other is not best:
        why.append(
            f"{other.label} would save {_bytes(other.saving.value)} an entry, but "
            f"{' and '.join(_lost(present, other))}: worth it only where that does not matter"
        )
    return Recommendation(
        best.name, best.saving, why, best.settings, other.name if other is not best else None
    )


def _climb(
    present: LayoutResult, layouts: Sequence[LayoutResult], start: LayoutResult | None = None
) -> LayoutResult:
    """The best, where each step up in work has to be worth it."""
    best = start or present
    least = WORTH * present.bytes.value
    for effort in sorted({each.effort for each in layouts}):
        rivals = [each for each in layouts if each.effort == effort]
        rival = max(rivals, key=lambda each: each.saving.value)
        if rival.saving.low > best.saving.value + least:
            best = rival
    return best


def _lost(present: LayoutResult, other: LayoutResult) -> list[str]:
    """What the present layout has and the other has not."""
    lost = []
    races = present.atomic and not other.atomic
    if races:
        lost.append("a field changes by reading and writing all, and two at once can lose a change")
    for operation, time in other.times.items():
        if races and operation == "update_one":
            continue
        before = present.times[operation]
        if time.low > SLOWER * before.high:
            times = time.seconds / before.seconds
            lost.append(f"{DID[operation]} takes {times:.1f} times as long")
    return lost


def _why(present: LayoutResult, best: LayoutResult, layouts: Sequence[LayoutResult]) -> list[str]:
    if best is present:
        gains = [each for each in layouts[1:] if each.saving.low > WORTH * present.bytes.value]
        if not gains:
            return [f"no other layout saves {WORTH:.0%} of its bytes"]
        return ["what saves more gives up something that it has now"]
    share = best.saving.value / present.bytes.value
    why = [f"it saves {_bytes(best.saving.value)} of {_bytes(present.bytes.value)} ({share:.0%})"]
    if best.effort == 1:
        why.append("it is a setting of the server: entries change as they are written again")
    if best.atomic and present.atomic:
        why.append("one field can still be changed without a race")
    return why


def _bytes(n: float) -> str:
    return f"{n:,.0f} B"
