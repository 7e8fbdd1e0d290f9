import pytest

from djtune.payloads.paths import ANY, EACH, text_of, topmost, values_at


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "(root)"),
        ((EACH, "id"), "[].id"),
        (("channels", EACH, "title"), "channels[].title"),
        (("by_day", ANY, "n"), "by_day.{*}.n"),
        (("a.b", "c d"), '"a.b"."c d"'),
        (("grid", EACH, EACH), "grid[][]"),
    ],
)
def test_paths_are_read_from_left_to_right(path, text):
    assert text_of(path) == text


def test_what_is_below_another_is_left_out():
    assert topmost([("a", "b"), ("a",), ("ab",), ("c", EACH, "d")]) == [
        ("a",),
        ("ab",),
        ("c", EACH, "d"),
    ]


def test_values_are_found_through_arrays_and_maps():
    document = {"rows": [{"id": 1}, {"name": "x"}, {"id": None}], "days": {"mon": {"n": 1}}}
    assert list(values_at(document, ("rows", EACH, "id"))) == [1, None]
    assert list(values_at(document, ("days", ANY, "n"))) == [1]
    assert list(values_at(document, ("rows", "id"))) == []
