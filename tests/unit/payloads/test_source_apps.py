"""What clients in Kotlin, Swift and Python read, and the classes that only declare."""

import pytest

from djtune.payloads.source.scan import scan_text
from djtune.payloads.source.spelling import naming

KOTLIN = """
@Serializable
data class Show(
    @SerialName("starts_at") val begins: String,
    val title: String? = null,
    val synopsis: String,
) {
    @Json(name = "poster_url") var poster: String = ""
    val label get() = synopsis
}

@GET("shows/{id}/") suspend fun one(@Path("id") id: Int): Show

fun card(show: Show, json: JSONObject, column: String) {
    print("$base/api/channels/${show.begins}/")
    show?.genre!!.name
    show.seen = true
    show.views += 1
    json.getString("note")
    json["year"]
    json["edited"] = true
    json[column]
    shows.map(Show::rank)
}
"""
SWIFT = """
struct Show: Codable {
    let title: String
    let synopsis: String
    @CodedAt("poster_url") var poster: URL?
    enum CodingKeys: String, CodingKey { case title, synopsis, begins = "starts_at" }
}

extension Show { var label: String { synopsis } }

func card(show: Show, json: [String: Any], column: String) {
    load("\\(base)/api/channels/\\(show.begins)/")
    show.genre?.name
    show.seen = true
    show.views += 1
    json["year"] as? Int
    json["edited"] = true
    json[column]
    shows.map(\\.rank)
    shows.map { $0.note }
}
"""
PYTHON = """
class Show(BaseModel):
    title: str
    synopsis: str
    begins: datetime = Field(alias="starts_at")
    poster: str = field(name="poster_url")

def card(show, row, column):
    ask(f"{base}/api/channels/{show.begins}/")
    show.genre.name
    show.seen = True
    show.views += 1
    row["year"]
    row["edited"] = True
    del row["extra"]
    row.get("note")
    row[column]
    itemgetter("rank")
    "live" in row
    match row:
        case {"synopsis": text}: pass
        case Show(poster=text): pass
"""


@pytest.mark.parametrize(
    ("language", "text"), [("kotlin", KOTLIN), ("swift", SWIFT), ("python", PYTHON)]
)
def test_a_client_reads_declares_and_writes(language, text):
    scan = scan_text(text, language, "client")
    for field in ("genre", "name", "views", "year", "note", "rank", "synopsis"):
        assert naming(scan, field) == "read", field
    assert naming(scan, "title") == "declared"
    assert naming(scan, "seen") == "written"
    assert len(scan.blind) == 1
    assert scan.unreadable == []


@pytest.mark.parametrize(
    ("language", "text"), [("kotlin", KOTLIN), ("swift", SWIFT), ("python", PYTHON)]
)
def test_a_field_is_known_by_the_clients_own_name_for_it(language, text):
    scan = scan_text(text, language, "client")
    assert "declared" in {named.naming for named in scan.names["begins"]}
    assert scan.aliases == {"begins": {"starts_at"}, "poster": {"poster_url"}}
    assert naming(scan, "starts_at") == "read"


@pytest.mark.parametrize(
    ("language", "text"), [("kotlin", KOTLIN), ("swift", SWIFT), ("python", PYTHON)]
)
def test_an_item_that_is_set_is_no_read(language, text):
    assert naming(scan_text(text, language, "client"), "edited") == "written"


def test_python_asks_dictionaries_in_many_ways():
    scan = scan_text(PYTHON, "python", "client.py")
    assert (naming(scan, "live"), naming(scan, "extra")) == ("read", "written")


@pytest.mark.parametrize(
    ("language", "text"), [("kotlin", KOTLIN), ("swift", SWIFT), ("python", PYTHON)]
)
def test_addresses_are_told_from_what_stands_between(language, text):
    assert "/api/channels/" in scan_text(text, language, "client").strings


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("kotlin", "fun a(title: String) { print(title) }"),
        ("kotlin", "fun a() { val title = 1; print(title) }"),
        ("kotlin", "import tv.title\nfun title() = a.b"),
        ("swift", "func a(title: String) { print(title) }"),
        ("swift", "func a() { let title = 1; print(title) }"),
        ("swift", "func a() { if let title = b.c { print(title) } }"),
    ],
)
def test_a_variable_is_no_property(language, text):
    assert naming(scan_text(text, language, "client"), "title") is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("kotlin", "class Show(val title: String) { fun a() = b(title) }\nfun c(title: Int) = 1"),
        ("swift", "class Show { var title: Int; var a: Int { title } }\nfunc c(title: Int) {}"),
    ],
)
def test_a_property_is_read_by_its_bare_name_whatever_a_variable_is_called(language, text):
    assert naming(scan_text(text, language, "client"), "title") == "read"


def test_python_matches_objects_by_their_fields():
    assert naming(scan_text(PYTHON, "python", "client.py"), "poster_url") == "read"


def test_what_cannot_be_parsed_still_names_what_it_quotes():
    text = """interface Api { @GET("/api/shows/") fun shows(): List<Show> }

@JsonClass(generateAdapter = true)
data class Show(@Json(name = "sub_title") val caption: String)
"""
    scan = scan_text(text, "kotlin", "Show.kt")
    assert scan.unreadable == ["Show.kt"]
    assert naming(scan, "sub_title") == "quoted"
