"""What pieces of evidence say, and what they come to together."""

import pytest

from djtune.payloads.clients import Contract, FieldRead, Named, Place
from djtune.payloads.evidence import browser, contracts, source
from djtune.payloads.evidence.verdicts import verdict
from djtune.payloads.result import Evidence

TITLE = ("rows", "[]", "title")


def said(*stances):
    return [Evidence("browser", stance, "") for stance in stances]


@pytest.mark.parametrize(
    ("stances", "expected"),
    [
        ((), "unknown"),
        (("says nothing",), "unknown"),
        (("unused",), "unused"),
        (("unused", "used"), "used"),
        (("perhaps used",), "used"),
        (("perhaps used", "unused"), "unknown"),
        (("perhaps used", "not observable"), "unknown"),
        (("not observable",), "not observable"),
        (("unused", "not observable"), "not observable"),
        (("declared",), "declared only"),
        (("declared", "unused"), "unused"),
        (("redundant",), "redundant"),
        (("redundant", "unused"), "unused"),
    ],
)
def test_the_verdict_of_several_pieces(stances, expected):
    assert verdict(said(*stances)) == expected


def read(path, picked=0, enumerated=0, sites=()):
    return FieldRead("GET", "/api/", path, picked, enumerated, ["open"], list(sites))


def place(line, file="http://x/static/guide.js"):
    return Place(file, line, 1)


class TestBrowser:
    def test_a_field_that_was_picked_is_used(self):
        reads = {TITLE: read(TITLE, picked=3, sites=[place(7)])}
        seen = browser.evidence(TITLE, reads, ["open"], present=True)
        assert (seen.stance, seen.text) == ("used", "read 3× at guide.js:7 in 'open'")

    def test_what_holds_a_field_that_was_picked_is_used(self):
        seen = browser.evidence(("rows",), {TITLE: read(TITLE, picked=1)}, [], present=True)
        assert seen.stance == "used"

    def test_a_field_that_was_only_copied_says_nothing(self):
        seen = browser.evidence(TITLE, {TITLE: read(TITLE, enumerated=9)}, [], present=True)
        assert seen.stance == "says nothing"

    def test_a_field_that_nobody_touched_is_unused(self):
        assert browser.evidence(TITLE, {}, [], present=True).stance == "unused"

    def test_a_field_that_no_response_had_cannot_be_observed(self):
        assert browser.evidence(TITLE, {}, [], present=False).stance == "not observable"


class TestScripts:
    NAMES = (Named("title", "read", place(7)), Named("title", "written", place(9)))

    def test_code_that_did_not_run_may_read_the_field(self):
        seen = browser.named_in_scripts(self.NAMES, executed=lambda _: False)
        assert (seen.stance, seen.coverage) == ("perhaps used", "1 of 1 such places")

    def test_code_that_ran_read_it_from_something_else(self):
        seen = browser.named_in_scripts(self.NAMES, executed=lambda _: True)
        assert seen.stance == "says nothing"

    def test_a_name_that_stands_nowhere_is_unused(self):
        assert browser.named_in_scripts([], executed=lambda _: True).stance == "unused"


class TestSource:
    def stance(self, *namings, mentioned=True):
        found = [Named("title", naming, place(1)) for naming in namings]
        return source.evidence(found, "3 files", mentioned=mentioned).stance

    def test_a_name_that_is_read_may_be_this_field(self):
        assert self.stance("declared", "read") == "perhaps used"

    def test_a_name_that_is_declared_alone(self):
        assert self.stance("declared", "written") == "declared"

    def test_a_name_that_stands_nowhere(self):
        assert self.stance() == "unused"

    def test_a_name_that_is_assigned_to_says_nothing(self):
        assert self.stance("written") == "says nothing"

    def test_a_name_in_a_string_may_be_a_key(self):
        assert self.stance("quoted", "declared") == "perhaps used"

    def test_a_client_that_does_not_ask_for_the_endpoint_says_nothing(self):
        assert self.stance("read", mentioned=False) == "says nothing"


class TestContracts:
    def stances(self, *found):
        return [each.stance for each in contracts.evidence(TITLE, found)]

    def test_a_pact_that_expects_the_field(self):
        pact = Contract("pact", "tv app", "GET", "/api/", [TITLE])
        other = Contract("pact", "web", "GET", "/api/", [("rows", "[]", "id")])
        assert self.stances(pact, other) == ["used"]
        assert self.stances(other) == ["unused"]

    def test_a_document_declares_alone(self):
        document = Contract("openapi", "api.yaml", "GET", "/api/", [TITLE])
        assert self.stances(document) == ["declared"]

    def test_selected_fields_of_a_log(self):
        chosen = Contract("log", "access.log", "GET", "/api/", [("title",)], requests=3)
        others = Contract("log", "access.log", "GET", "/api/", [("id",)], requests=9)
        whole = Contract("log", "access.log", "GET", "/api/", [], requests=1)
        assert self.stances(chosen, others) == ["used"]
        assert self.stances(others) == ["unused"]
        assert self.stances(others, whole) == ["used"]
        assert self.stances(whole) == []
