"""What a script reads, declares and writes of objects."""

import pytest

from djtune.payloads.source.scan import scan_text
from djtune.payloads.source.spelling import named


def names(text, language="typescript"):
    found = scan_text(text, language, "page.ts").names
    return {name: one.naming for name, places in found.items() for one in places}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("show.title", {"title": "read"}),
        ("show?.title!.length", {"title": "read", "length": "read"}),
        ("show['title']", {"title": "read"}),
        ("const { title } = show", {"title": "read"}),
        ("const { title = 'none so far' } = show", {"title": "read"}),
        ("const { genre: { name: label = fallback } } = show", {"genre": "read", "name": "read"}),
        ("const { 'title': label } = show", {"title": "read"}),
        ("shows.map(({ title }, n) => title)", {"map": "read", "title": "read"}),
        ("function card({ title }: Show) {}", {"title": "read"}),
        ("for (const { title } of shows) {}", {"title": "read"}),
        ("({ title } = show)", {"title": "read"}),
        ("if ('title' in show) {}", {"title": "read"}),
        ("show.views += 1", {"views": "read"}),
        ("show.views++", {"views": "read"}),
    ],
)
def test_reads(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("show.title = 'none so far'", {"title": "written"}),
        ("show['title'] = label", {"title": "written"}),
        ("({ name: show.title } = genre)", {"name": "read", "title": "written"}),
        ("delete show.title", {"title": "written"}),
    ],
)
def test_writes_are_no_reads(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("const show = { title: 1, 'year': 2, genre }", dict.fromkeys(("title", "year", "genre"))),
        ("interface Show { title: string; readonly year?: number }", {"title": 0, "year": 0}),
        ("type Show = { title: string }", {"title": 0}),
        ("class Show { title: string; year = 2 }", {"title": 0, "year": 0}),
        ("type Short = Pick<Show, 'title'>", {"title": 0}),
    ],
)
def test_types_and_literals_only_declare(text, expected):
    assert names(text) == dict.fromkeys(expected, "declared")


def test_a_name_in_a_string_is_quoted():
    assert names("sortBy(shows, 'genre.name')") == {"genre": "quoted", "name": "quoted"}
    assert names("import x from 'title'; const y = require('year')") == {}


def test_a_plain_variable_is_no_field():
    assert names("title + rest(title)") == {}


@pytest.mark.parametrize("text", ["row[column]", "row[`${a}_at`]", "Object.entries(row)"])
def test_a_computed_key_may_be_any_field(text):
    assert len(scan_text(text, "typescript", "page.ts").blind) == 1


@pytest.mark.parametrize(
    "text",
    [
        "rows[0]",
        "rows[i]",
        "rows[n + 1]",
        "rows[rows.length - 1]",
        "at++; rows[at]",
        "at += 2; rows[at]",
    ],
)
def test_a_position_in_an_array_is_no_computed_key(text):
    assert scan_text(text, "typescript", "page.ts").blind == []


def test_columns_count_as_browsers_do():
    line = 'const é = "😀", ß = show.title'
    (named,) = scan_text(f"// one\r\n{line}", "javascript", "page.js").names["title"]
    before = line.partition("title")[0]
    assert (named.place.line, named.place.column) == (2, len(before.encode("utf-16-le")) // 2 + 1)
    assert named.place.text == line


def test_a_bundle_of_one_line_shows_what_surrounds_a_name():
    bundle = "e.a;" * 10_000 + "t.title;" + "e.b;" * 10_000
    (named,) = scan_text(bundle, "javascript", "main.js").names["title"]
    assert named.place.column == 40_003
    assert "t.title;" in named.place.text
    assert len(named.place.text) <= 120


@pytest.mark.parametrize(
    "text",
    [
        "show[`title_${language}`]",
        "show['title_' + language]",
        "const key = 'title_' + language",
        "const key = `title_${language ?? 'en'}`",
        "show[kind + '_en']",
        "show[`title${Language}`]",
    ],
)
def test_names_that_are_put_together_are_quoted(text):
    found = named(scan_text(text, "typescript", "page.ts"), "title_en")
    assert [one.naming for one in found] == ["quoted"]


@pytest.mark.parametrize(
    "text",
    ["const key = `title ${show}`", "`show-${id}`", "'title' + end", "`${a}`", "show['t' + a]"],
)
def test_other_strings_that_are_put_together_name_nothing(text):
    assert not named(scan_text(text, "typescript", "page.ts"), "title_en")
