"""Columns that nobody reads, now or without the proposed fields."""

from djtune.payloads.freeing import columns_read, judged, light, querysets, weight
from djtune.payloads.reads import ColumnUse, Fetch, Reader, RelationUse

STEPS = [("GET", "api/a/"), ("GET", "api/b/")]
LOGO = ("rows", "[]", "logo")


def by_field(*path):
    return Reader("field", path)


def column(name, *readers, needed=""):
    return ColumnUse(name, "", "tv.Channel", list(readers), needed, bytes=10.0)


def fetch(*columns, step=0, begun="guide.py:7", **options):
    seen = {"watched": 3, **options}
    return Fetch(step, 0, "tv.Channel", "views.py:1", begun, columns=list(columns), **seen)


def states(*fetches, proposed=None):
    (found,) = querysets(fetches, STEPS)
    return {each.name: each.state for each in judged(found, proposed or {}).columns}


def test_a_column_that_only_django_reads_is_unread():
    assert states(fetch(column("logo"), column("slug", Reader("django")))) == {
        "logo": "unread",
        "slug": "unread",
    }


def test_a_column_of_a_field_that_goes_is_freed():
    logo = column("logo", by_field(*LOGO))
    assert states(fetch(logo)) == {"logo": "read"}
    assert states(fetch(logo), proposed={STEPS[0]: [LOGO]}) == {"logo": "freed"}
    assert states(fetch(logo), proposed={STEPS[0]: [("rows",)]}) == {"logo": "freed"}


def test_a_column_that_the_app_reads_too_stays():
    logo = column("logo", by_field(*LOGO), Reader("app", place="views.py:9"))
    assert states(fetch(logo), proposed={STEPS[0]: [LOGO]}) == {"logo": "read"}


def test_a_column_that_django_needs_stays():
    assert states(fetch(column("id", needed="primary key"))) == {"id": "needed"}


def test_a_line_that_two_routes_share_is_judged_by_both():
    unread, read = fetch(column("logo")), fetch(column("logo", by_field(*LOGO)), step=1)
    assert states(unread, read) == {"logo": "read"}
    assert states(unread, read, proposed={STEPS[1]: [LOGO]}) == {"logo": "freed"}


def test_what_cannot_be_seen_is_unclear():
    assert states(fetch(column("logo"), blind="cached")) == {"logo": "unclear"}


def test_a_join_that_nobody_follows_is_named():
    relations = [
        RelationUse("package", "select"),
        RelationUse("shows", "prefetch", [Reader("app")]),
    ]
    (found,) = querysets([fetch(column("logo"), relations=relations)], STEPS)
    assert [each.name for each in judged(found, {}).relations] == ["package"]


def test_a_queryset_without_rows_shows_nothing():
    assert states(fetch(column("logo"), watched=0)) == {}


def test_a_relation_of_a_field_that_goes_is_freed():
    relation = RelationUse("package", "select", [by_field(*LOGO)])
    (found,) = querysets([fetch(column("logo"), relations=[relation])], STEPS)
    assert judged(found, {}).relations == []
    (freed,) = judged(found, {STEPS[0]: [LOGO]}).relations
    assert (freed.name, freed.state) == ("package", "freed")


def test_fields_are_told_with_their_columns():
    start = column("start", by_field("label"), by_field("minutes"))
    assert columns_read([fetch(start, column("end", by_field("minutes")))]) == {
        ("label",): ["tv.Channel.start"],
        ("minutes",): ["tv.Channel.start", "tv.Channel.end"],
    }


def test_columns_are_named_as_defer_takes_them():
    joined = ColumnUse("logo", "channel", "tv.Channel")
    (found,) = querysets([fetch(joined, column("slug", by_field("slug")))], STEPS)
    assert light(judged(found, {}), {"unread"}) == ["channel__logo"]


def test_a_queryset_weighs_what_its_columns_take():
    found = fetch(column("logo"), column("slug"), rows=50.0)
    assert weight(found, ["logo"]) == 500.0
    assert weight(found, []) == 0.0
