"""Whether a client's source holds the address of a route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.source.addresses import mentions
from djtune.payloads.source.scan import scan_text

SHOW = "api/shows/<int:pk>/"


def asks(text, route):
    return mentions(scan_text(text, "typescript", "page.ts"), route)


@pytest.mark.parametrize(
    "text",
    [
        "fetch(`/api/shows/${show.id}/`)",
        "fetch('/api/shows/' + id)",
        "fetch(`https://tv.example/api/shows/${id}/?fields=title`)",
        "fetch(`${base}/shows/${id}/`)",
        "client.get('shows/' + id)",
        "client.get('/api/shows?page=2')",
        "const base = 'https://tv.example/api/'; ask(base + 'shows')",
        "get('/api/shows/{id}/')",
        "get('/api/shows/:id/')",
    ],
)
def test_an_address_is_mentioned_whole_or_after_a_base(text):
    assert asks(text, SHOW)


@pytest.mark.parametrize(
    "text",
    [
        "fetch('/api/showsets/')",
        "translate('shows')",
        "import { Card } from './shows/card'",
        "say('no shows/films')",
        "fetch('/api/channels/')",
        "show.shows.api",
        "fetch('/api/shows/films/')",
        "fetch('/shows/films/')",
    ],
)
def test_other_texts_do_not_mention_it(text):
    assert not asks(text, SHOW)


@pytest.mark.parametrize(
    "route", ["^api/shows/(?P<pk>[^/.]+)/$", "api/shows/<pk>/", r"^api/shows/(?:(\d+)/)?\Z"]
)
def test_a_route_may_be_an_expression(route):
    assert asks("fetch('/api/shows/')", route)


def test_an_address_may_be_joined_from_three_words_or_more():
    joined = "const ask = (path) => get(['api', 'v2', path].join('/')); ask('shows')"
    assert asks(joined, "api/v2/shows/<int:pk>/")
    assert not asks(joined, "api/v3/shows/<int:pk>/")
    assert not asks("const words = ['api', 'shows']", SHOW)


def test_each_literal_part_must_be_there():
    assert asks("fetch(`/api/shows/${id}/airings/`)", f"{SHOW}airings/")
    assert not asks("fetch(`/api/shows/${id}/`)", f"{SHOW}airings/")


def test_a_route_of_parameters_alone_is_never_mentioned():
    assert not asks("fetch('/api/shows/')", "<path:rest>")


WORDS = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True), min_size=2, max_size=4)


@given(WORDS, st.data())
def test_an_address_cut_off_anywhere_before_its_last_word_is_mentioned(words, data):
    known = data.draw(st.integers(0, len(words) - 1))
    address = "/".join(words[known:])
    assert asks(f"get(`${{base}}/{address}/${{id}}/`)", f"{'/'.join(words)}/<int:pk>/")
