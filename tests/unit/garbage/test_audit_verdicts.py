"""From the agent's rows to what the audit says."""

from typing import Any

import pytest

from djtune.garbage.audit import Asked, audit
from djtune.garbage.cycles import AuditResult
from djtune.garbage.present_audit import ROUTES_SHOWN, blocks
from djtune.garbage.remedies import CONTEXTS, PREFETCH, SERIALIZERS, remedy
from djtune.reports.blocks import Finding, Note, Table

STEPS: list[Asked] = [("GET", "guide/", 800.0), ("GET", "health/", 200.0)]


def link(owner: str = "Node", attribute: str = "parent", **options: Any) -> dict[str, Any]:
    return {
        "module": "shop.models",
        "owner": owner,
        "attribute": attribute,
        "kind": "",
        "where": "shop/models.py:3",
        "origin": "app",
        "holders": ["Node"],
        "targets": ["Tree"],
        "count": 4,
        "frees": 10,
        "frees_bytes": 640,
        "needed": True,
        **options,
    }


def row(step: int, *objects: int, kept: int = 0, **options: Any) -> dict[str, Any]:
    """A step that left so many objects in each of its rounds, of 100 bytes each."""
    rounds = [{"objects": n, "bytes": 100 * n, "uncollectable": 0} for n in objects]
    looked = {"types": [], "links": [], "frees_by_origin": {}, "kept": kept, "growth": []}
    first = objects[0] if objects else 0
    return {"step": step, "rounds": rounds, "looked_at": first, **looked, **options}


def test_counts_that_agree_are_exact_and_others_have_a_range():
    same, differing = audit([row(0, 10, 10, 10), row(1, 5, 7, 9)], STEPS).routes
    assert same.objects.exact
    assert (differing.objects.low, differing.objects.median, differing.objects.high) == (5, 7, 9)


def test_what_a_workload_leaks_is_weighted():
    result = audit([row(0, 10, kept=2000), row(1, 0)], STEPS)
    assert result.objects_per_request == pytest.approx(8)
    assert result.leaked_mb == pytest.approx(0.8 * 2000 / 1000)
    assert result.routes[0].leaked_mb == pytest.approx(2.0)


def test_steps_of_one_route_are_one_route():
    steps = [("GET", "guide/", 100.0), ("GET", "guide/", 300.0)]
    (route,) = audit([row(0, 10, kept=1000), row(1, 30, kept=3000)], steps).routes
    assert route.weight == 400
    assert route.rounds == 2
    assert route.held_bytes == pytest.approx(0.25 * 1000 + 0.75 * 3000)


def test_routes_that_cost_most_come_first():
    result = audit([row(0, 1, kept=100), row(1, 100, kept=9000)], STEPS)
    assert [route.route for route in result.routes] == ["health/", "guide/"]


def test_a_workload_that_leaves_nothing_may_do_without_a_collector():
    result = audit([row(0, 0, 0), row(1, 1)], STEPS)  # 100 bytes are next to nothing
    assert result.garbage_free
    assert "100 bytes" in result.why


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (row(1, 0, 2), "leaves"),
        (row(1, 1, kept=101), "leaves"),
        (row(1), "could not be audited"),
        (row(1, 0, growth=[{"holder": "", "where": "", "types": [], "objects": 1}]), "leaks"),
        ({k: v for k, v in row(1, 0).items() if k != "growth"}, "no time"),
        (
            row(1, 0) | {"rounds": [{"objects": 0, "bytes": 0, "uncollectable": 1}]},
            "not even the collector",
        ),
    ],
)
def test_one_route_that_is_not_shown_to_leave_nothing_is_enough_to_say_no(bad, why):
    result = audit([row(0, 0), bad], STEPS)
    assert not result.garbage_free
    assert why in result.why
    assert "GET /health/" in result.why


def test_links_of_a_part_are_said_to_be_of_a_part():
    (route, _) = audit([row(0, 10, looked_at=4)], STEPS).routes
    assert route.cut_short == "links among the first 4 objects alone"


def test_nothing_audited_proves_nothing():
    assert not audit([], STEPS).garbage_free
    assert not audit([], []).garbage_free
    assert "No request could be audited" in _texts(audit([], STEPS))


def test_a_step_that_was_left_out_is_not_proven_to_leave_nothing():
    result = audit([row(0, 0)], STEPS)
    assert not result.garbage_free
    assert result.why == "GET /health/ could not be audited"


def test_a_leak_is_the_first_finding():
    grown = {"holder": "list shop.VISITS", "where": "shop/views.py", "types": ["shop.Visit"]}
    rows = [row(0, 10, links=[link()]), row(1, 0, growth=[{**grown, "objects": 2}])]
    leak, cycle = audit(rows, STEPS).findings
    assert leak.kind == "leak"
    assert "list shop.VISITS" in leak.title
    assert "shop.Visit" in leak.title
    assert leak.where == "shop/views.py"
    assert leak.severity == "high"
    assert cycle.kind == "cycle"
    assert "Node.parent" in cycle.title


def test_a_cut_that_frees_a_part_alone_is_not_said_to_free_it_all():
    links = [link(frees=4), link("Tree", "cursor", frees=0)]
    finding, _ = audit([row(0, 10, links=links)], STEPS).findings
    assert "free 4 of 10 objects" in finding.evidence[0]
    assert "the rest only if Tree.cursor are cut too" in finding.evidence[0]


def test_a_link_that_can_be_spared_is_no_finding():
    assert not audit([row(0, 10, links=[link(needed=False)])], STEPS).findings


def test_frameworks_are_a_finding_only_where_they_keep_much():
    links = [link("Field", "parent", module="rest_framework.fields", origin="rest_framework")]
    much = row(0, 1000, links=links, frees_by_origin={"rest_framework": 900}, kept=10**6)
    (finding,) = audit([much], STEPS).findings
    assert "90.0 %" in finding.title
    little = row(0, 1000, links=links, frees_by_origin={"rest_framework": 9}, kept=10**6)
    assert not audit([little], STEPS).findings


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (link("Field", "parent", module="rest_framework.fields", origin="rest_framework"), "7250"),
        (
            link(
                "Response",
                'renderer_context["response"]',
                module="rest_framework.response",
                origin="rest_framework",
            ),
            "5826",
        ),
        (link("Channel", "listing", kind="prefetch", origin="django"), "prefetch_related"),
        (
            link("ModelState", "fields_cache", module="django.db.models.base", origin="django"),
            "values()",
        ),
        (
            link(
                "WSGIRequest",
                "_messages",
                module="django.core.handlers.wsgi",
                kind="outside",
                origin="django",
            ),
            "MessageMiddleware",
        ),
        (link(), "weakref.ref"),
        (link("view", "(local) error"), "del error"),
        (link("f.<locals>.g", "(closure) g"), "Move it out"),
        (link("Made", "(class made by the request)"), "once"),
        (link("WSGIRequest", "report", kind="outside"), "who sets `.report`"),
    ],
)
def test_each_kind_of_link_has_its_remedy(of, text):
    assert text in remedy(of)


def test_what_nothing_is_known_of_has_no_remedy():
    assert remedy(link(module="somewhere.else", origin="library")) == ""


def test_remedies_say_what_avoids_the_cycle():
    for text in (SERIALIZERS, PREFETCH):
        assert ".values()" in text
    assert "JsonResponse" in CONTEXTS


def _texts(result: AuditResult) -> str:
    found = []
    for block in blocks(result):
        if isinstance(block, Table):
            found += [cell.text for cells in block.rows for cell in cells]
        elif isinstance(block, Note):
            found.append(block.text)
        elif isinstance(block, Finding):
            found.append(block.title)
    return "\n".join(found)


def test_the_report_names_routes_links_and_what_is_missing():
    result = audit([row(0, 10, 12, links=[link()]), row(1)], STEPS)
    text = _texts(result)
    assert "GET /guide/" in text
    assert "Node.parent *" in text
    assert "10 of 12" in text
    assert "Not audited, as not answered: GET /health/;" in text


def test_the_report_of_a_workload_without_garbage_says_so_first():
    block = blocks(audit([row(0, 0), row(1, 0)], STEPS))[1]
    assert isinstance(block, Note)
    assert block.tone == "good"


def test_a_report_of_many_routes_counts_those_that_it_does_not_show():
    steps: list[Asked] = [("GET", f"r{n}/", 1.0) for n in range(2 * ROUTES_SHOWN)]
    rows = [row(n, *([9] if n % 2 else [])) for n in range(len(steps))]
    result = audit(rows, steps)
    assert f"Not audited, as not answered: {ROUTES_SHOWN} routes;" in _texts(result)
    more = audit([row(n, 9) for n in range(len(steps))], steps)
    assert any(
        f"{ROUTES_SHOWN} more routes" in block.caption and len(block.rows) == ROUTES_SHOWN
        for block in blocks(more)
        if isinstance(block, Table)
    )


def test_what_cut_routes_short_is_told_once():
    result = audit([row(0, 9), row(1, 9)], STEPS)
    for route in result.routes:
        route.cut_short = "no time was left"
    told = [b.text for b in blocks(result) if isinstance(b, Note) and "no time" in b.text]
    assert told == ["GET /guide/, GET /health/: no time was left."]
