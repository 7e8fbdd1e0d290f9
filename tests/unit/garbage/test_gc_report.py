"""The report of a sweep: what it says first, and that it can be read with any part missing."""

import io
import json
import math
from typing import Any

import msgspec
import pytest
from made_of_garbage import (
    COLLECTOR,
    CURRENT,
    ceiling,
    metric,
    parts,
    pauses,
    result,
    route_audit,
    route_gc,
    setting,
    simulation,
    tail,
    tried,
    verification,
)

from djtune.experiments.instructions import Counted
from djtune.garbage.assemble import metrics
from djtune.garbage.present import present
from djtune.garbage.recommend import Question, recommend
from djtune.garbage.result import GcSweepResult, Recommendation
from djtune.model.metrics import Metric
from djtune.model.samples import Collector
from djtune.reports.blocks import Chart, Finding, Heading, Note
from djtune.reports.html import render_html
from djtune.reports.terminal import console_for, render_terminal

PARTS = sorted(parts())
ALONE = Metric(0.2, n=1, reason="no interval from n=1 trials")


def terminal(found: GcSweepResult, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = io.StringIO()
    render_terminal(present(found, "djtune profile", "why"), console_for(stream))
    return stream.getvalue()


def headings(found: GcSweepResult) -> list[str]:
    return [block.anchor for block in present(found).blocks if isinstance(block, Heading)]


def odd(name: str, **given: Any) -> dict[str, Any]:
    """A verification of a setting with what may be missing missing."""
    return {"verification": verification(tried(name, **given))}


VARIANTS: dict[str, dict[str, Any]] = {
    "everything": parts(),
    "nothing": {},
    **{f"only {part}": {part: parts()[part]} for part in PARTS},
    **{f"no {part}": {p: v for p, v in parts().items() if p != part} for part in PARTS},
    "no figures": odd(
        "freeze",
        gc=None,
        **dict.fromkeys(
            ["share", "cpu", "per_cpu_second", "mean", "peak_rss", "growth", "slope"],
            metric(None),
        ),
        tails=[tail(0.5, None, None), tail(0.95, None, None), tail(0.99, None, None)],
    ),
    "no collection": {
        "ceiling": ceiling(0.0, pauses=[msgspec.structs.replace(p, n=0) for p in pauses()]),
        "simulation": simulation(setting(CURRENT, collections=(0, 0, 0), peak_bytes=0, requests=0)),
    },
    "nothing simulated": {"simulation": simulation()},
    "no routes": {"ceiling": ceiling(None, routes=[], reached_full=False)},
    "one trial": {"ceiling": ceiling(trials=1, routes=[route_gc(share=ALONE)])},
    "nothing counted": {"instructions": [Counted("default", "perf", 0, 0, 0)]},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_can_be_read_with_any_part_missing(variant, monkeypatch):
    found = result(**VARIANTS[variant])
    for width in (80, 140):
        text = terminal(found, width, monkeypatch)
        assert max(map(len, text.splitlines())) <= width
        assert "nan" not in text.lower()
    assert "The garbage collector" in render_html(present(found), version="0")


@pytest.mark.parametrize("variant", VARIANTS)
def test_json_has_it_all(variant):
    found = result(**VARIANTS[variant])
    encoded = msgspec.json.encode(found)
    again = msgspec.json.decode(encoded, type=GcSweepResult)
    assert json.loads(msgspec.json.encode(again)) == json.loads(encoded)


def recommended(**known: Any) -> dict[str, Any]:
    fields = {"goal": "cpu", "limit": None, "audit": None, "chosen": [], "verification": None}
    found = recommend(Question(**fields | known))
    return {**parts(), "warnings": [], "ceiling": known["ceiling"], "recommendation": found}


def test_leave_it_alone_is_said_before_everything_else(monkeypatch):
    found = result(**recommended(ceiling=ceiling(0.01)))
    assert headings(found)[0] == "recommendation"
    text = terminal(found, 140, monkeypatch)
    said = text.index("Leave the collector alone")
    assert said < text.index("The most that tuning can win")
    assert said < text.index("Every setting, simulated")


def test_what_bends_the_figures_and_what_to_do_stand_above_the_evidence(monkeypatch):
    text = terminal(result(**parts()), 140, monkeypatch)
    order = ["DEBUG is on", "Use 50000,5,2", "Worse than before", "The most that tuning can win"]
    order += ["Every setting, simulated", "Run for real", "Not measured", "How it was measured"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_the_code_to_paste_is_the_findings_patch():
    (finding,) = [b for b in present(result(**parts())).blocks[:4] if isinstance(b, Finding)]
    assert finding.patch == "import gc\n"
    assert finding.confidence == "measured"


def test_what_was_only_simulated_is_called_an_estimate(monkeypatch):
    best = setting("50000,5,2", gc_ns_per_request=1.0)
    found = recommended(ceiling=ceiling(0.2), chosen=[best])
    text = terminal(result(**found), 140, monkeypatch)
    assert "an estimate, not verified" in text
    assert "All figures here are estimates" in text


def test_a_setting_that_was_not_recommended_is_told_with_the_reason(monkeypatch):
    keep = Recommendation(None, "Keep it", [], measured=True, refused=["disable: it would leak"])
    text = terminal(result(recommendation=keep), 80, monkeypatch)
    assert text.index("Keep it") < text.index("disable: it would leak")


@pytest.mark.parametrize(
    ("current", "words"),
    [
        (Collector((2000, 10, 10), True, 0, 0), "2000,10,10 (Python's default)"),
        (COLLECTOR, "700,10,10 (set by the app)"),
        (Collector((2000, 10, 10), False, 0, 0), "automatic collections off"),
        (Collector((2000, 10, 10), True, 12345, 0), "12,345 objects frozen"),
    ],
)
def test_the_subtitle_has_the_setting_and_whose_it_is(current, words):
    assert words in present(result(current=current)).subtitle


def test_budgets_have_the_figures_of_both_stages_by_route():
    figures = metrics(result(**parts()))["GET /api/epg/"]
    assert set(figures) == {"gc", "gc_share", "pause", "garbage", "garbage_bytes"}
    assert figures["garbage"].value == route_audit().objects.high
    assert not any(math.isnan(figure.value) for figure in figures.values())


def test_without_anything_measured_there_is_nothing_to_limit():
    assert metrics(result()) == {}


def test_a_check_without_a_regression_says_so_and_only_where_all_was_counted():
    passed = "No request leaves more garbage than before."
    assert Note(passed, tone="good") in present(result(), checked=True).blocks
    assert Note(passed, tone="good") not in present(result()).blocks
    cut_short = msgspec.structs.replace(result(), complete=False)
    assert Note(passed, tone="good") not in present(cut_short, checked=True).blocks


def test_a_setting_that_needs_no_memory_is_drawn_on_the_logarithmic_scale_too():
    found = simulation(setting(CURRENT, peak_bytes=10**6), setting("freeze", peak_bytes=0))
    (chart,) = [b for b in present(result(simulation=found)).blocks if isinstance(b, Chart)]
    assert chart.log_x
    drawn = {x for series in chart.series for x, _ in series.points}
    assert drawn == {4096.0, 1e6}


def test_the_whole_cycles_share_stands_beside_the_one_that_it_completes():
    found = ceiling(0.03, reached_full=False)
    found.whole_cycle = 0.036
    blocks = present(result(ceiling=found)).blocks
    seen, whole = [n for n, b in enumerate(blocks) if isinstance(b, Note)][:2]
    assert (blocks[seen].text[:15], whole) == ("Collections tak", seen + 1)
    assert "no setting can win more" not in blocks[seen].text
    assert "3.6 % (simulated): no setting can win more" in blocks[whole].text
