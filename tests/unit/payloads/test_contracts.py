"""What consumers have said they use."""

import gzip
import json

import pytest

from djtune.errors import DjtuneError
from djtune.payloads.contracts import load_contracts
from djtune.payloads.paths import text_of

SHOW = {"title": "Faust", "genre": {"name": "drama"}, "airings": [{"day": "Mo"}, {"live": False}]}
SHOW_FIELDS = ["airings[].day", "airings[].live", "genre.name", "title"]


@pytest.fixture
def load(tmp_path):
    def loaded(content, name="contract.json"):
        file = tmp_path / name
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return load_contracts([file])

    return loaded


def fields(contract):
    return [text_of(path) for path in contract.fields]


class TestPact:
    def pact(self, response, **request):
        asked = {"method": "get", "path": "/api/shows/1/"} | request
        interaction = {"request": asked, "response": {"status": 200} | response}
        return {"consumer": {"name": "web"}, "interactions": [interaction]}

    def test_its_fields_are_the_leaves_of_the_expected_body(self, load):
        (contract,) = load(self.pact({"body": SHOW}))
        assert (contract.kind, contract.who) == ("pact", "web")
        assert (contract.method, contract.path) == ("GET", "/api/shows/1/")
        assert fields(contract) == SHOW_FIELDS

    def test_version_4_has_the_body_within(self, load):
        body = {"contentType": "application/json", "encoded": False, "content": SHOW}
        assert fields(load(self.pact({"body": body}))[0]) == SHOW_FIELDS

    def test_the_first_versions_have_matchers_within_the_body(self, load):
        body = {
            "title": {"json_class": "Pact::SomethingLike", "contents": "Faust"},
            "day": {"json_class": "Pact::Term", "data": {"generate": "Mo", "matcher": {}}},
            "airings": {"json_class": "Pact::ArrayLike", "contents": {"live": True}, "min": 1},
        }
        assert fields(load(self.pact({"body": body}))[0]) == ["airings[].live", "day", "title"]

    @pytest.mark.parametrize(
        "rules",
        [
            {"body": {"$.users": {"matchers": [{"match": "values"}]}}},
            {"body": {"$.users": {"matchers": [{"match": "eachKey"}]}}},
            {"$.body.users": {"match": "values"}},
        ],
    )
    def test_keys_that_are_data_are_one(self, load, rules):
        body = {"users": {"ann@tv.example": {"age": 4}, "bob@tv.example": {"age": 5}}}
        (contract,) = load(self.pact({"body": body, "matchingRules": rules}))
        assert fields(contract) == ["users.{*}.age"]

    def test_a_rule_for_all_fields_is_none_for_keys(self, load):
        rules = {"$.body.airings[*].*": {"match": "type"}}
        (contract,) = load(self.pact({"body": SHOW, "matchingRules": rules}))
        assert fields(contract) == SHOW_FIELDS

    def test_a_map_in_a_map_is_known(self, load):
        every = {"matchers": [{"match": "values"}]}
        rules = {"body": {"$.users": every, "$.users.*.devices": every}}
        body = {"users": {"ann": {"devices": {"tv-1": {"kind": "tv"}}}}}
        (contract,) = load(self.pact({"body": body, "matchingRules": rules}))
        assert fields(contract) == ["users.{*}.devices.{*}.kind"]

    def test_several_interactions_with_one_address_are_one_contract(self, load):
        pact = self.pact({"body": {"title": "Faust"}})
        pact["interactions"] += self.pact({"body": [{"year": 1926}]})["interactions"]
        (contract,) = load(pact)
        assert fields(contract) == ["[].year", "title"]

    @pytest.mark.parametrize("response", [{"status": 404, "body": SHOW}, {}, {"body": "text"}])
    def test_errors_and_other_bodies_expect_no_field(self, load, response):
        with pytest.raises(DjtuneError, match="names no response in JSON"):
            load(self.pact(response))


class TestOpenapi:
    def document(self, schema, **more):
        content = {"application/json; charset=utf-8": {"schema": schema}}
        operation = {"responses": {200: {"content": content}, 404: {"description": "none"}}}
        paths = {"/shows/{id}/": {"parameters": [], "get": operation}}
        return {"openapi": "3.1.0", "paths": paths} | more

    def test_its_fields_are_what_the_response_declares(self, load):
        airing = {"properties": {"day": {"type": "string"}, "live": {}}}
        schema = {
            "properties": {
                "title": {"type": ["string", "null"]},
                "secret": {"writeOnly": True},
                "genre": {"properties": {"name": {}}},
                "airings": {"type": "array", "items": {"$ref": "#/components/schemas/Airing"}},
            }
        }
        document = self.document(schema, components={"schemas": {"Airing": airing}})
        document["servers"] = [{"url": "https://tv.example/api"}]
        (contract,) = load(document)
        assert (contract.kind, contract.who) == ("openapi", "contract.json")
        assert (contract.method, contract.path) == ("GET", "/api/shows/{id}/")
        assert fields(contract) == SHOW_FIELDS

    def test_alternatives_and_parts_are_put_together(self, load):
        schema = {
            "allOf": [{"properties": {"id": {}}}, {"properties": {"title": {}}}],
            "properties": {"genre": {"anyOf": [{"type": "null"}, {"properties": {"name": {}}}]}},
        }
        assert fields(load(self.document(schema))[0]) == ["genre.name", "id", "title"]

    def test_a_map_is_one_path(self, load):
        schema = {"additionalProperties": {"properties": {"age": {}}}}
        assert fields(load(self.document(schema))[0]) == ["{*}.age"]

    def test_a_schema_within_itself_ends(self, load):
        parts = {"items": {"$ref": "#/components/schemas/Genre"}}
        genre = {"properties": {"name": {}, "parts": parts}}
        document = self.document(
            {"$ref": "#/components/schemas/Genre"}, components={"schemas": {"Genre": genre}}
        )
        assert fields(load(document)[0]) == ["name", "parts[]"]

    def test_schemas_that_all_refer_to_each_other_do_not_take_for_ever(self, load):
        names = [f"Kind{n}" for n in range(30)]
        everything = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
        schemas = {name: {"properties": everything | {"title": {}}} for name in names}
        document = self.document(everything["Kind0"], components={"schemas": schemas})
        (contract,) = load(document)
        assert len(contract.fields) < 20_000
        assert ("title",) in contract.fields

    def test_swagger_2_is_read_too(self, load):
        operation = {"responses": {"200": {"schema": {"properties": {"title": {}}}}}}
        document = {"swagger": "2.0", "basePath": "/api", "paths": {"/shows/": {"get": operation}}}
        (contract,) = load(document)
        assert (contract.path, fields(contract)) == ("/api/shows/", ["title"])

    def test_yaml_is_read_too(self, load):
        import yaml

        document = self.document({"properties": {"title": {}}})
        assert fields(load(yaml.safe_dump(document), "api.yaml")[0]) == ["title"]


class TestLog:
    def line(self, address, status=200, method="GET"):
        return (
            "10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "
            f'"{method} {address} HTTP/1.1" {status} 512 "-" "app/1 (?)"\n'
        )

    def told(self, contracts):
        return {(one.path, *fields(one)): one.requests for one in contracts}

    def test_selections_of_fields_are_counted(self, load):
        log = (
            self.line("/api/shows/1/?fields=title,genre.name") * 3
            + self.line("/api/shows/2/?fields=genre.name,title&page=2")
            + self.line("/api/shows/3/?fields=title")
        )
        assert self.told(load(log, "access.log")) == {
            ("/api/shows/1/", "genre.name", "title"): 4,
            ("/api/shows/1/", "title"): 1,
        }

    def test_requests_without_a_selection_want_all_fields(self, load):
        log = self.line("/api/shows/one/?fields=title") + self.line("/api/shows/two/") * 2
        counted = self.told(load(log + self.line("/web/"), "access.log"))
        assert counted == {("/api/shows/one/", "title"): 1, ("/api/shows/two/",): 2}

    def test_selections_by_type_are_those_of_json_api(self, load):
        log = self.line("/api/shows/?fields%5Bshows%5D=title,year&page=1")
        log += self.line("/api/shows/?fields[shows]=title&include=genre")
        counted = self.told(load(log, "access.log"))
        assert counted == {("/api/shows/", "title", "year"): 1, ("/api/shows/",): 1}

    def test_failed_and_writing_requests_ask_for_nothing(self, load):
        log = self.line("/api/?fields=title") + self.line("/api/?fields=year", status=404)
        log += self.line("/api/?fields=day", method="POST")
        assert self.told(load(log, "access.log")) == {("/api/", "title"): 1}

    def test_compressed_logs_and_logs_in_json_are_read_too(self, load):
        compressed = gzip.compress(self.line("/api/?fields=title").encode())
        assert self.told(load(compressed, "access.log.gz")) == {("/api/", "title"): 1}
        line = {"request_uri": "/api/?fields=title", "request_method": "GET", "status": 200}
        assert self.told(load(f"{json.dumps(line)}\n" * 2, "access.json")) == {
            ("/api/", "title"): 2
        }

    def test_a_log_that_selects_nothing_is_told(self, load):
        with pytest.raises(DjtuneError, match=r"no request in this log asks for \?fields="):
            load(self.line("/api/shows/"), "access.log")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", '{"interactions": [', "is no JSON"),
        ("a.json", '{"interactions": 3}', "is not made as its kind is"),
        ("a.json", '{"openapi": "3.0.0", "paths": {"/": []}}', "is not made as its kind is"),
        ("a.json", "[1, 2]", "is no contract"),
        ("a.yaml", "openapi: [", "is no YAML, line"),
        ("a.yaml", "just: text", "is no contract"),
        ("a.log", "hello\n", "no line could be read as a request"),
        ("a.log", "", "nothing in it"),
        ("a.log", '{"djtune": "recording", "version": 1}\n', "keeps no queries"),
    ],
)
def test_a_file_that_is_no_contract_is_told_in_one_line(load, name, content, says):
    with pytest.raises(DjtuneError, match=says) as caught:
        load(content, name)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["none.json", "none.log"])
def test_a_missing_file_is_told(tmp_path, name):
    with pytest.raises(DjtuneError, match="cannot be read: No such file"):
        load_contracts([tmp_path / name])
