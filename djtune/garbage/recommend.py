"""What to do about the collector: the goals are held in order, and evidence decides."""

import math
from collections.abc import Iterator

from msgspec import Struct

from djtune.experiments.evidence import Comparison
from djtune.experiments.verdicts import change
from djtune.garbage.cycles import AuditResult
from djtune.garbage.goals import MemoryLimit, score
from djtune.garbage.result import (
    LEAVE_ALONE,
    Ceiling,
    Goal,
    Recommendation,
    Setting,
    Tail,
    Tried,
    Verification,
)
from djtune.garbage.verify import CURRENT
from djtune.model.samples import Collector
from djtune.reports import format as fmt

P99_AT_MOST = 1.10
"""A setting whose p99 may be this much higher is not recommended."""
GC_METRIC = "GC CPU per request"
P95, P99 = 0.95, 0.99
_GOALS = {"p99": "p99 of CPU time", "pause": "longest pause"}
"""Goals that less GC time does not always come closer to."""


class Question(Struct, frozen=True):
    """What is asked for, and all that is known."""

    goal: Goal
    limit: MemoryLimit
    ceiling: Ceiling | None
    audit: AuditResult | None
    chosen: list[Setting]
    """The simulated settings that come closest to the goal, the best first."""
    verification: Verification | None
    simulated: dict[str, Setting] = {}
    """Every setting that was simulated, by its name."""
    current: Collector | None = None
    """The collector as the app leaves it."""
    over_limit: bool = False
    """Whether the current setting holds more than the limit on memory allows."""


def recommend(question: Question) -> Recommendation:
    """Leave it alone, nothing beats it, or a setting with its evidence."""
    if question.audit is not None and _off_at_a_price(question.current, question.audit):
        return Recommendation(
            None,
            "Let the collector run: the app has switched it off",
            [question.audit.why, f"1,000 requests keep {_leaked(question.audit)} for good"],
            measured=True,
        )
    ceiling = question.ceiling
    if ceiling is not None and ceiling.leave_alone and not question.over_limit:
        return Recommendation(
            None,
            "Leave the collector alone",
            [
                f"it takes {_share(ceiling)} of the CPU time, and no setting can win more; below "
                f"{fmt.share(LEAVE_ALONE)} it is not worth a change"
            ],
            measured=True,
        )
    if question.verification is None:
        return _estimated(question)
    return _measured(question, question.verification)


def _off_at_a_price(current: Collector | None, audit: AuditResult) -> bool:
    """Whether the app runs without collections although its requests leave garbage."""
    if current is None or audit.garbage_free:
        return False
    return not (current.enabled and current.thresholds[0])


def _leaked(audit: AuditResult) -> str:
    return fmt.size(audit.leaked_mb * 1e6)


def _share(ceiling: Ceiling) -> str:
    share = ceiling.share
    return fmt.with_interval(share.value, share.low, share.high, fmt.share)


def _estimated(question: Question) -> Recommendation:
    if not question.chosen:
        why = "none was found" if question.simulated else "no other setting was tried"
        return Recommendation(None, f"Nothing to recommend: {why}", [], measured=False)
    best = question.chosen[0]
    current = question.simulated.get(CURRENT)
    if current and score(question.goal, best.simulated) >= score(question.goal, current.simulated):
        return Recommendation(
            None,
            "Keep the current setting: by the simulation, nothing beats it within the limit",
            [f"{fmt.plural(len(question.simulated), 'setting was', 'settings were')} simulated"],
            measured=False,
        )
    return Recommendation(
        best.policy,
        f"Try {best.name}: an estimate that was not verified",
        [
            f"simulated: {_told(best)}",
            *([f"the current setting, simulated too: {_told(current)}"] if current else []),
            "run djtune gc-sweep without --quick to have it verified",
        ],
        measured=False,
    )


def _told(setting: Setting) -> str:
    simulated = setting.simulated
    return (
        f"{fmt.duration(simulated.gc_ns_per_request / 1e9)} of GC a request, longest pause "
        f"{fmt.duration(simulated.worst_pause_ns / 1e9)}, at most "
        f"{fmt.size(simulated.peak_bytes)} above the start"
    )


def _measured(question: Question, verification: Verification) -> Recommendation:
    current, *others = verification.tried
    refused: list[str] = []
    for tried in sorted(others, key=lambda each: _goal(question, each)):
        reasons = list(_objections(question, verification, current, tried))
        if not reasons:
            return Recommendation(
                tried.policy,
                f"Use {tried.name}",
                list(_evidence(verification, tried)),
                measured=True,
                refused=refused,
            )
        refused.append(f"{tried.name}: {'; '.join(reasons)}")
    over = _breaks(question, current)
    title = "Keep the current setting: nothing that was tried beats it"
    if over:
        held, limit = fmt.size(current.peak_rss.value), question.limit.text
        title = f"The current setting held {held}, over {limit}, and nothing tried can replace it"
    return Recommendation(
        None,
        title,
        [
            f"{fmt.plural(len(others), 'setting', 'settings')} ran beside it in "
            f"{fmt.plural(verification.blocks, 'block', 'blocks')}"
        ],
        measured=True,
        refused=refused,
        over_limit=over,
    )


def _goal(question: Question, tried: Tried) -> float:
    """What the goal makes small, in seconds: as it was measured, or simulated where trials are
    too short to see it.
    """
    setting = question.simulated.get(tried.name)
    if question.goal == "pause":
        estimate = setting.simulated.worst_pause_ns / 1e9 if setting else 0.0
        return max(estimate, *(pauses.longest for pauses in tried.pauses))
    if question.goal == "p99":
        tail = _p99(tried)
        value = tail.cpu_value.value if tail and tail.cpu_value else None
        return math.inf if value is None else value
    return tried.gc.value or 0.0


def _p99(tried: Tried) -> Tail | None:
    return next((tail for tail in tried.tails if tail.q == P99), None)


def _objections(
    question: Question, verification: Verification, current: Tried, tried: Tried
) -> Iterator[str]:
    """Why a setting is not recommended; nothing where it may be."""
    if not tried.kept:
        yield "the app sets the collector again by itself"
    if tried.failure:
        yield tried.failure
    if not tried.policy.collects and not (question.audit and question.audit.garbage_free):
        why = question.audit.why if question.audit else "the garbage was not audited"
        yield f"nothing would ever free its cyclic garbage: {why}"
    yield from _too_big(question, current, tried)
    # Memory goes first: what keeps a limit that the current setting breaks need not be faster too.
    if not _breaks(question, current):
        yield from _no_better(question, verification, current, tried)
    yield from _slower(tried)


def _breaks(question: Question, current: Tried) -> bool:
    """Whether the current setting itself is over the memory limit."""
    peak = current.peak_rss.value
    return peak is not None and peak > question.limit.allowed(peak)


def _no_better(
    question: Question, verification: Verification, current: Tried, tried: Tried
) -> Iterator[str]:
    compared = _comparison(verification, tried.name)
    if compared is None or compared.outcome != "lower":
        yield f"{GC_METRIC} was not shown to be less: {_found(compared)}"
    figure = _GOALS.get(question.goal)
    if figure and _goal(question, tried) >= _goal(question, current):
        yield f"its {figure} is not below the current one's"


def _found(compared: Comparison | None) -> str:
    return f"{compared.outcome}, {change(compared)}" if compared else "not measured"


def _comparison(verification: Verification, name: str) -> Comparison | None:
    found = (c for c in verification.comparisons if c.variant == name and c.metric == GC_METRIC)
    return next(found, None)


def _slower(tried: Tried) -> Iterator[str]:
    """Judged by CPU time, which the machine disturbs less, at the pace of one request at a time."""
    tail = _farthest(tried)
    if tail is None or tail.cpu_ratio is None or tail.cpu_ratio.high is None:
        yield "too few requests to know its p95 or p99; --duration makes more"
    elif tail.cpu_ratio.high >= P99_AT_MOST:
        yield (
            f"its p{tail.q * 100:.0f} of CPU time may be as high as "
            f"{fmt.ratio(tail.cpu_ratio.high)} the current one's, where less than "
            f"{fmt.ratio(P99_AT_MOST)} must be shown (--duration narrows it)"
        )


def _farthest(tried: Tried) -> Tail | None:
    """The p99 where there are enough requests for it, else the p95."""
    known = [t for t in tried.tails if t.q >= P95 and t.cpu_ratio and t.cpu_ratio.high is not None]
    return max(known, key=lambda tail: tail.q, default=None)


def _too_big(question: Question, current: Tried, tried: Tried) -> Iterator[str]:
    if current.peak_rss.value is None or tried.peak_rss.value is None:
        yield "its memory is not known"
        return
    allowed = question.limit.allowed(current.peak_rss.value)
    limit = f"{fmt.size(allowed)} ({question.limit.text})"
    if tried.peak_rss.value > allowed:
        yield f"it held {fmt.size(tried.peak_rss.value)}, over the limit of {limit}"
        return
    setting = question.simulated.get(tried.name)
    # Without collections there is no cycle to simulate: what that leaks, the audit tells.
    if not tried.policy.collects or (setting and setting.within_limit):
        return
    if setting is None:
        if not tried.reached_full:
            yield "its trials were too short for a full collection, and it was not simulated"
    elif setting.over_limit:
        yield (
            f"over a whole cycle it would hold {fmt.size(setting.simulated.peak_bytes)} above the "
            f"start (simulated), over the limit of {question.limit.text}"
        )
    else:
        yield "its next full collection is too far off to say what it would hold by then"


def _evidence(verification: Verification, tried: Tried) -> Iterator[str]:
    yield verification.verdicts[tried.name]
    tail = _farthest(tried)
    if tail and tail.cpu_ratio:
        ratio = tail.cpu_ratio
        told = fmt.with_interval(ratio.value, ratio.low, ratio.high, fmt.ratio)
        missing = "" if tail.q == P99 else "; too few requests for the p99"
        yield f"p{tail.q * 100:.0f} of CPU time {told} of the current setting's{missing}"
    if not tried.reached_full:
        yield "its trials were too short for a full collection: what that does is simulated"
