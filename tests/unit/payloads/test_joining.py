"""All evidence about the fields of one endpoint, and the set that is proposed."""

import json

import pytest

from djtune.payloads.clientele import Clientele, Folder
from djtune.payloads.clients import Asked, BrowserRun, FieldRead, Place
from djtune.payloads.endpoints import Responses, Sample
from djtune.payloads.joining import candidates, judge, proposed
from djtune.payloads.source.scan import scan_text
from djtune.payloads.source.text import SourceText
from djtune.payloads.values import facts

ROUTE = ("GET", "api/shows/")
SHOW = {"id": 1, "title": "One", "owner": {"name": "Ada", "title": "Dr"}, "cast": ["A", "B"]}


def responses(*documents):
    found = Responses()
    for number, document in enumerate(documents):
        body = json.dumps(document).encode()
        found.add(Sample(step=0, user=0, asked=number, type="", wire=0, size=len(body), body=body))
    return found


def judged(clients, *documents):
    found = responses(*(documents or [SHOW]))
    return judge(ROUTE, found, facts(found.observed), clients)


def source_of(text):
    return Clientele(folders=[Folder("web", scan_text(text, "javascript", "app.js"))])


def journey(*reads, scripts="", ran=True):
    address = "http://x/app.js"
    clients = Clientele()
    clients.run = BrowserRun(["open"], [], [], {address: scripts}, ran={address: [(0, 9999, ran)]})
    clients.asked = {ROUTE: [Asked("GET", "/api/shows/", 1, 10)]}
    clients.reads = {ROUTE: {read.json_path: read for read in reads}}
    clients.scripts = scan_text(scripts, "javascript", address)
    clients.texts = {address: SourceText(address, scripts)}
    return clients


def read(*path, picked=0, enumerated=0):
    return FieldRead("GET", "/api/shows/", path, picked, enumerated)


EVERY = [read(*path) for path in [("id",), ("title",), ("owner",), ("cast",)]]
INSIDE = [read("owner", "name"), read("owner", "title")]


class TestSource:
    def test_without_evidence_nothing_is_proposed(self):
        assert proposed(judged(Clientele())) == []

    def test_fields_that_are_named_nowhere_are_proposed(self):
        found = judged(source_of('fetch("/api/shows/").then((s) => s.id + s.title + s.cast)'))
        assert proposed(found) == [("owner",)]

    def test_what_is_inside_an_unnamed_field_cannot_be_read(self):
        found = judged(source_of('fetch("/api/shows/").then((s) => s.title)'))
        assert found["owner", "title"].verdict == "unused"

    def test_keys_that_may_be_data_need_no_name(self):
        sections = {"news": {"title": "A", "id": 1}, "sport": {"title": "B", "id": 2}}
        text = 'fetch("/api/shows/").then((d) => Object.values(d.sections).map((s) => s.title))'
        found = judged(source_of(text), {"sections": sections, "total": 2})
        assert found["sections", "news", "title"].verdict == "used"
        assert proposed(found) == [
            ("sections", "news", "id"),
            ("sections", "sport", "id"),
            ("total",),
        ]

    def test_a_client_that_names_a_field_keeps_it_where_another_holds_the_address(self):
        asking = scan_text('fetch("/api/shows/").then((s) => s.id)', "javascript", "app.js")
        showing = scan_text("show.title", "javascript", "card.js")
        clients = Clientele(folders=[Folder("web", asking), Folder("cards", showing)])
        found = judged(clients, {"id": 1, "title": "One", "year": 1984})
        assert found["title",].verdict == "unknown"
        assert proposed(found) == [("year",)]

    def test_a_client_that_asks_for_something_else_says_nothing(self):
        assert proposed(judged(source_of('fetch("/api/films/")'))) == []


class TestJourney:
    def test_what_is_read_keeps_what_holds_it(self):
        reads = [*EVERY, read("owner", "name", picked=1), read("owner", "title")]
        found = judged(journey(*reads))
        assert found["owner",].verdict == "used"
        assert proposed(found) == [("cast",), ("id",), ("owner", "title"), ("title",)]

    @pytest.mark.parametrize(
        "text",
        ["a.find(f)?.cast", "a?.show().cast", "const { cast } = a ?? {}", "({ cast } = {}) => 0"],
    )
    def test_a_name_in_code_that_ran_with_nothing_to_read_keeps_its_field(self, text):
        found = judged(journey(*EVERY, *INSIDE, scripts=text))
        assert found["cast",].verdict == "unknown"

    def test_code_that_may_read_nothing_says_nothing_where_it_read_another_object(self):
        site = Place("http://x/app.js", 1, 4)
        other = FieldRead("GET", "/api/films/", ("cast",), picked=1, sites=[site])
        clients = journey(*EVERY, *INSIDE, scripts="a?.cast")
        clients.reads["GET", "api/films/"] = {("cast",): other}
        assert judged(clients)["cast",].verdict == "unused"

    def test_a_name_in_code_that_did_not_run_keeps_its_field(self):
        found = judged(journey(*EVERY, *INSIDE, scripts="show.cast", ran=False))
        assert found["cast",].verdict == "unknown"
        assert ("cast",) not in proposed(found)

    def test_a_name_in_code_that_ran_was_read_from_something_else(self):
        found = judged(journey(*EVERY, *INSIDE, scripts="show.cast", ran=True))
        assert ("cast",) in proposed(found)

    def test_fields_read_in_passing_are_worth_a_try(self):
        found = judged(journey(read("cast", enumerated=4), scripts="show.cast"))
        assert found["cast",].verdict == "unknown"
        assert ("cast",) in candidates(found)
        assert proposed(found) == []

    def test_a_journey_without_them_decides(self):
        clients = journey(read("cast", enumerated=4), scripts="show.cast")
        clients.tried = {ROUTE: {("cast",)}}
        assert proposed(judged(clients)) == [("cast",)]
        clients.visible = {ROUTE: {("cast",)}}
        assert judged(clients)["cast",].verdict == "used"

    def test_a_journey_that_is_not_the_same_twice_does_not(self):
        clients = journey(read("cast", enumerated=4), scripts="show.cast")
        clients.tried = {ROUTE: {("cast",)}}
        clients.unstable = ["'open': places in the page: 2 otherwise"]
        assert judged(clients)["cast",].verdict == "unknown"

    def test_what_no_response_had_could_not_be_seen(self):
        assert judged(journey(read("id")))["cast",].verdict == "not observable"
