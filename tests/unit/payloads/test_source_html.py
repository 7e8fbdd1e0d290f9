"""What HTML templates read: Angular's, Vue's, Alpine's, and scripts in Django's."""

import pytest

from djtune.payloads.source.scan import scan_text


def names(text, language="html"):
    found = scan_text(text, language, "page.html").names
    return {name: one.naming for name, places in found.items() for one in places}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ show.title }}", {"title"}),
        ("{{ show?.genre!.name | slice:0:row.cut }}", {"genre", "name", "cut"}),
        ("{{ show.live ? show.now : show.next | date:'HH:mm' }}", {"live", "now", "next"}),
        ("{{ (shows$ | async)?.count }}", {"count"}),
        ("{{ {a: show.title} }}", {"title"}),
        ("{{ show.day | cut:show.live ? show.now : show.next }}", {"day", "live", "now", "next"}),
        ('<img [src]="show.poster">', {"poster"}),
        ('<p [class.live]="show.is_live"></p>', {"is_live"}),
        ('<a (click)="play(show.id); close()">', {"id"}),
        ('<input [(ngModel)]="show.note">', {"note"}),
        ('<p title="{{ show.title }}">', {"title"}),
        ('<p *ngIf="show.title as t; else none">', {"title"}),
        ('<p *ngFor="let s of page.shows; trackBy: row.key; let n = index">', {"shows", "key"}),
        ('<p *ngTemplateOutlet="card; context: { $implicit: row.show }">', {"show"}),
        ("@if (show.year < 2000 && show.old; as it) { <b>x</b> }", {"year", "old"}),
        ("@if (a) {} @else if (show.fine) {}", {"fine"}),
        ("@for (s of page.shows; track s.id; let n = $index) {}", {"shows", "id"}),
        ("@switch (show.kind) { @case (kinds.film) {} }", {"kind", "film"}),
        ("{{ show.title %% (( show.year }}", {"title", "year"}),
        ("@let name = show.title | upper;", {"title"}),
    ],
)
def test_angular(text, expected):
    assert {name for name, naming in names(text).items() if naming == "read"} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<img :src="show.poster" v-if="show.title">', {"poster", "title"}),
        ('<p @click="play(show.id)">', {"id"}),
        ("<p v-if=show.title>", {"title"}),
        ('<p v-for="({ title }, n) in page.shows">', {"title", "shows"}),
        ('<p v-for="{ year } of shows">', {"year"}),
        ('<card #item="{ title }">', {"title"}),
        ('<p x-text="show.title">', {"title"}),
        ("<script setup>show.title</script><template>{{ a.year }}</template>", {"title", "year"}),
        ('<script lang="ts">(show as Show).title</script>', {"title"}),
    ],
)
def test_vue_and_alpine(text, expected):
    assert {name for name, naming in names(text).items() if naming == "read"} == expected


def test_a_statement_writes():
    assert names('<p (click)="show.open = true">') == {"open": "written"}


def test_a_binding_of_a_whole_object_may_use_any_field():
    assert len(scan_text('<card v-bind="show" />', "html", "page.vue").blind) == 1


def test_an_attribute_that_html_does_not_know_may_name_a_field():
    text = '<col prop="genre.name" class="title" id="year"><input formControlName="note">'
    assert names(text) == dict.fromkeys(["genre", "name", "note"], "quoted")


def test_the_templates_of_components_are_read_where_they_stand():
    text = "@Component({ template: `<p [x]='show.title'>` }) class Card {}"
    found = scan_text(text, "typescript", "card.ts").names["title"]
    assert [(one.naming, one.place.column) for one in found] == [("read", text.index("title") + 1)]


@pytest.mark.parametrize(
    "text", ["<!-- {{ show.title }} -->", "<style>.show.title {}</style>", "<p>show.title</p>"]
)
def test_what_is_no_expression_names_nothing(text):
    assert names(text) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% load i18n %}{{ show.title }}", {}),
        ("{% load i18n %}<script>a({{ show.title|safe }}).year</script>", {"year": "read"}),
        ('{% if x < 3 %}{% endif %}<p :x="show.year">', {"year": "read"}),
        ("{% verbatim %}{{ show.year }}{% endverbatim %}{{ show.title }}", {"year": "read"}),
        ('<script type="application/json">{"title": 1}</script>', {}),
    ],
)
def test_what_django_fills_in_is_no_client(text, expected):
    assert names(text) == expected


def test_a_position_is_that_in_the_file():
    text = '<p>😀</p>\n<p v-for="({ title }, n) in shows">{{ n | x:show.year }}</p>'
    text += "{% verbatim %}{{ show.day }}{% endverbatim %}"
    found = scan_text(text, "html", "page.html").names
    line = text.splitlines()[1]
    for name in ("title", "day"):
        (named,) = found[name]
        assert (named.place.line, named.place.column) == (2, line.index(name) + 1)


def test_an_attribute_may_hold_an_address():
    assert "/api/epg/" in scan_text('<p data-guide="/api/epg/">', "html", "page.html").strings
