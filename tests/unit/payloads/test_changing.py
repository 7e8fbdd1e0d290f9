"""What to change so that proposed fields are not sent any longer, and what must stay."""

from djtune.payloads.changing import change
from djtune.payloads.reads import SerializerField

LIST = ("GET", "api/books/")
DETAIL = ("GET", "api/books/<pk>/")
STEPS = [LIST, DETAIL]
SOURCES = {
    "books.py": "class Book(ModelSerializer):\n"
    "    class Meta:\n"
    '        fields = ["id", "title", "notes"]\n'
}


def made(step, *path, writable=False):
    return SerializerField(
        step, path, "books.Book", path[-1], "books.py", 1, "meta", writable=writable
    )


def changed(proposed, fields, inputs=None):
    return change(LIST, proposed, fields, STEPS, SOURCES, inputs or {})


def test_fields_that_nobody_keeps_are_taken_out_of_their_serializer() -> None:
    found = changed({LIST: [("[]", "notes")]}, [made(0, "[]", "title"), made(0, "[]", "notes")])
    assert '-        fields = ["id", "title", "notes"]' in found.patch
    assert found.notes == []


def test_what_another_route_keeps_stays() -> None:
    found = changed({LIST: [("[]", "notes")]}, [made(0, "[]", "notes"), made(1, "notes")])
    assert found.patch == ""
    assert "also sent by GET" in found.notes[0]


def test_what_requests_may_give_as_input_stays() -> None:
    fields = [made(0, "[]", "notes", writable=True)]
    found = changed({LIST: [("[]", "notes")]}, fields, {LIST[1]: ["POST"]})
    assert found.patch == ""
    assert "notes as input too, perhaps of POST /api/books/" in found.notes[0]


def test_input_of_another_route_with_the_same_serializer_stays() -> None:
    fields = [made(0, "[]", "notes", writable=True), made(1, "notes", writable=True)]
    proposed = {LIST: [("[]", "notes")], DETAIL: [("notes",)]}
    assert changed(proposed, fields, {DETAIL[1]: ["PUT"]}).patch == ""


def test_a_field_that_could_be_input_goes_where_no_route_takes_any() -> None:
    fields = [made(0, "[]", "notes", writable=True)]
    assert changed({LIST: [("[]", "notes")]}, fields).patch != ""


def test_what_no_serializer_makes_is_left_to_the_reader() -> None:
    assert changed({LIST: [("[]", "total")]}, []).by_hand == ["[].total"]
