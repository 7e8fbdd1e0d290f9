"""Lines of text logs: told from the format that the server has, or from the lines themselves."""

import re
from typing import Any

import pytest
from gunicorn.glogging import SafeAtoms
from hypothesis import example, given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.workloads.logs import lines
from djtune.workloads.logs.findings import GUNICORN_FORMAT, NGINX_FORMAT
from djtune.workloads.logs.layout import NAMED_FORMATS, Layout, from_format

TIME = "06/Mar/2026:20:30:15 +0000"
ROW = ("GET", "/api/epg/", "200", "1234", "0.012345", TIME)
REST = '"https://lumen.example/" "Mozilla/5.0 (X11; Linux)"'


def combined(request: str = "GET /api/epg/?day=today HTTP/1.1", extra: str = "") -> str:
    return f'10.0.0.1 - alice [{TIME}] "{request}" 200 1234 {REST}{extra}'


def detected(*text: str, unit: str = "") -> Layout:
    layout = lines.detect(text, unit)
    assert layout is not None
    return layout


def read(layout: Layout, line: str) -> Any:
    (row,), bad = layout.rows(line)
    assert bad == []
    return row


# Formats as servers are configured with


def nginx(**values: str) -> str:
    """A line as nginx writes it in the format that djtune recommends, characters escaped."""
    fields = {
        "remote_addr": "10.0.0.1",
        "remote_user": "-",
        "time_local": TIME,
        "request": "GET /api/epg/ HTTP/1.1",
        "status": "200",
        "body_bytes_sent": "1234",
        "http_referer": "-",
        "http_user_agent": "curl",
        "request_time": "0.034",
        "upstream_response_time": "0.012",
    } | values
    return re.sub(r"\$(\w+)", lambda match: nginx_escaped(fields[match[1]]), NGINX_FORMAT)


def nginx_escaped(text: str) -> str:
    r"""As ``log_format`` documents it: ``"``, ``\`` and what is not printable ASCII as ``\xXX``."""
    return "".join(
        chr(byte) if 32 <= byte <= 126 and byte not in b'"\\' else f"\\x{byte:02X}"
        for byte in text.encode("utf-8", "surrogateescape")
    )


def gunicorn(format: str = GUNICORN_FORMAT, **values: Any) -> str:
    """A line as gunicorn writes it, by its own class of escaped atoms."""
    atoms = {
        "h": "10.0.0.1",
        "l": "-",
        "u": "-",
        "t": f"[{TIME}]",
        "r": "GET /api/epg/ HTTP/1.1",
        "m": "GET",
        "U": "/api/epg/",
        "q": "day=today",
        "s": "200",
        "B": 1234,
        "b": "1234",
        "f": "-",
        "a": "curl",
        "D": 12345,
        "M": 12,
        "L": "0.012345",
    } | values
    return str(format % SafeAtoms(atoms))


@pytest.mark.parametrize(
    ("format", "duration", "seconds"),
    [
        ('%(h)s %(t)s "%(r)s" %(s)s %(b)s %(D)s', "%(D)s", 0.012345),
        ('%(h)s %(t)s "%(r)s" %(s)s %(b)s %(M)s', "%(M)s", 0.012),
        ('%(h)s %(t)s "%(r)s" %(s)s %(b)s %(L)s', "%(L)s", 0.012345),
        ('%(t)s "%(m)s %(U)s?%(q)s" %(s)s %(B)s took=%(D)sus', "%(D)s", 0.012345),
        ("%(t)s|%(m)s|%(U)s|%(s)s|%(B)s|%(D)s", "%(D)s", 0.012345),
        ("%(t)s %(m)s %(U)s %(s)s %(B)s %(L)s 100%%", "%(L)s", 0.012345),
        ('{"t":"%(t)s","r":"%(r)s","s":%(s)s,"b":%(B)s,"d":%(D)s}', "%(D)s", 0.012345),
        ('%(h)s %({x-real-ip}i)s %(t)s "%(r)s" %(s)s %(b)s %(D)s', "%(D)s", 0.012345),
        ("access_log_format = '%(t)s \"%(r)s\" %(s)s %(B)s %(L)s'", "%(L)s", 0.012345),
    ],
)
def test_gunicorns_formats_are_read_with_their_units(
    format: str, duration: str, seconds: float
) -> None:
    layout = from_format(format)
    written = re.sub(r"^access_log_format = '(.*)'$", r"\1", format)
    row = read(layout, gunicorn(written))
    assert row[:4] == ("GET", "/api/epg/", "200", "1234")
    timing = layout.durations[row[4]]
    assert timing is not None
    assert timing.seconds == pytest.approx(seconds)
    assert layout.duration_from == duration
    assert row[5] == TIME


NGINX_FORMATS = [
    # The predefined one, from the documentation of ngx_http_log_module.
    (
        "log_format combined '$remote_addr - $remote_user [$time_local] '\n"
        "                    '\"$request\" $status $body_bytes_sent '\n"
        '                    \'"$http_referer" "$http_user_agent"\';',
        combined(),
        None,
    ),
    # The example of the same page, whose last column is no duration.
    (
        "log_format compression '$remote_addr - $remote_user [$time_local] '\n"
        "                       '\"$request\" $status $bytes_sent '\n"
        '                       \'"$http_referer" "$http_user_agent" "$gzip_ratio"\';',
        combined(extra=' "2.31"'),
        None,
    ),
    # With upstream times, from NGINX's own guide to logging.
    (
        "log_format upstream_time '$remote_addr - $remote_user [$time_local] '\n"
        "                         '\"$request\" $status $body_bytes_sent '\n"
        '                         \'"$http_referer" "$http_user_agent"\'\n'
        "                         'rt=$request_time uct=\"$upstream_connect_time\" '\n"
        '                         \'uht="$upstream_header_time" urt="$upstream_response_time"\';',
        combined(extra='rt=0.034 uct="0.000" uht="0.011" urt="0.010, 0.002"'),
        0.012,
    ),
    (
        'log_format j escape=json \'{"m":"$request_method","u":"$request_uri",\'\n'
        '  \'"s":$status,"b":$body_bytes_sent,"t":"$time_local","d":$request_time}\';',
        '{"m":"GET","u":"/api/epg/?day=\\"x\\"","s":200,"b":1234,"t":"' + TIME + '","d":0.012}',
        0.012,
    ),
]


@pytest.mark.parametrize(("format", "line", "seconds"), NGINX_FORMATS)
def test_nginxs_formats_are_read_as_they_stand_in_the_configuration(
    format: str, line: str, seconds: float | None
) -> None:
    layout = from_format(format)
    row = read(layout, line)
    assert (*row[:4], row[5]) == (*ROW[:4], TIME)
    timing = layout.durations[row[4]]
    assert (timing and timing.seconds) == pytest.approx(seconds)


@pytest.mark.parametrize("name", NAMED_FORMATS)
def test_formats_that_have_a_name_can_be_named(name: str) -> None:
    line = combined().removesuffix(f" {REST}") if name == "common" else combined()
    assert read(from_format(name), line)[:4] == ROW[:4]


@pytest.mark.parametrize("format", ["$remote_addr", '"$request"', "%(h)s %(m)s %(s)s", "", "main"])
def test_a_format_that_does_not_tell_what_was_asked_for_is_refused(format: str) -> None:
    with pytest.raises(DjtuneError, match=r"the log format has no (method|path|status)"):
        from_format(format)


# Layouts that are told by the lines


@pytest.mark.parametrize(
    ("line", "has"),
    [
        (combined(), {"bytes", "time"}),
        (combined().removesuffix(f" {REST}"), {"bytes", "time"}),
        ('web_1  | INFO:     10.0.0.1:5 - "GET /api/epg/?a HTTP/1.1" 200 OK', set()),
        (f"Mar  6 20:30 web nginx: {combined()}", {"bytes", "time"}),
        (
            '10.0.0.1 - - [2026-03-06T20:30:15+00:00] "GET /api/epg/ HTTP/2.0" 200 -',
            {"bytes", "time"},
        ),
    ],
)
def test_the_usual_layouts_are_told_by_their_lines(line: str, has: set[str]) -> None:
    layout = detected(line)
    assert layout.has == has | {"method", "path", "status"}
    assert read(layout, line)[:3] == ("GET", "/api/epg/", "200")


@pytest.mark.parametrize(
    ("extra", "seconds"),
    [
        (" 0.012", 0.012),
        (' "0.012"', 0.012),
        (" 0.012345", 0.012345),
        (" 17 0.012 .", 0.012),
        (" 0.034 - 0.012", 0.034),
        (" rt=0.034 urt=0.012", 0.012),
        (' rt=0.034 urt="0.010, 0.002"', 0.012),
        (" request_time=0.012 pipe=.", 0.012),
        (" 12ms", 0.012),
        (" 12345µs", 0.012345),
        (" 1772829015.123 0.012", 0.012),
    ],
)
def test_a_duration_whose_unit_is_sure_is_found_after_the_combined_columns(
    extra: str, seconds: float
) -> None:
    layout = detected(combined(extra=extra))
    timing = layout.durations[read(layout, combined(extra=extra))[4]]
    assert timing is not None
    assert timing.seconds == pytest.approx(seconds)


@pytest.mark.parametrize("extra", ["", " 17", ' "2.31"', " 17 18", " -", " 1.5"])
def test_what_may_be_something_else_is_taken_for_no_duration(extra: str) -> None:
    assert "duration" not in detected(combined(extra=extra)).has


def test_a_column_of_whole_numbers_needs_its_unit() -> None:
    line = combined(extra=" 12345")
    assert "may be µs, ms or something else" in detected(line).unclear
    layout = detected(line, unit="us")
    timing = layout.durations[read(layout, line)[4]]
    assert timing is not None
    assert timing.seconds == pytest.approx(0.012345)
    with pytest.raises(DjtuneError, match="could be that of 2 columns"):
        detected(combined(extra=" 12345 17"), unit="us")


def test_lines_that_are_no_requests_have_no_layout() -> None:
    assert (
        lines.detect(["2026/03/06 20:30:15 [error] 7#7: connect() failed", "", "x" * 1000]) is None
    )


@pytest.mark.parametrize("request_line", ["-", "", r"\x16\x03\x01\x02\x00", "GET", "quit now"])
def test_a_request_that_is_none_is_read_without_a_path(request_line: str) -> None:
    row = read(detected(combined()), combined(request_line))
    assert row[:3] == ("", "", "200")


def test_lines_that_cannot_be_read_are_told_by_their_places() -> None:
    text = "\n".join([combined(), "rubbish", "", combined(), "more rubbish", combined()]) + "\n"
    rows, bad = detected(combined()).rows(text)
    assert (len(rows), bad) == (3, [1, 4])


# Whatever people send


printable = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]))
paths = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='?#\\"'), max_size=30
).map(lambda text: f"/{text}")
queries = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), max_size=20
)
times = st.floats(0, 99).map(lambda seconds: f"{seconds:.6f}")


@given(paths, queries, printable, printable, times)
@example("/a", "", "-", "\\", "0.000001")
@example("/a", "", "\\", '"', "0.000001")
@example("/a", "", "-", '\\" 9.999999', "0.000001")
@example("/a", '"', '" "', '" 200 5', "0.000001")
def test_whatever_is_sent_gunicorns_request_and_duration_are_found_again(
    path: str, query: str, referer: str, agent: str, took: str
) -> None:
    line = gunicorn(r=f"GET {path}?{query} HTTP/1.1", f=referer, a=agent, L=took)
    expected = ("GET", path, "200", "1234", took, TIME)
    assert read(detected(gunicorn()), line) == expected
    assert read(from_format(GUNICORN_FORMAT), line) == expected


@given(paths, printable, printable, st.floats(0, 99).map(lambda seconds: f"{seconds:.3f}"))
@example("/a", '"', '\\" urt=9.999', "0.001")
@example("/a", " urt=1.000", "\\", "0.001")
def test_whatever_is_sent_nginxs_request_and_duration_are_found_again(
    path: str, referer: str, agent: str, took: str
) -> None:
    line = nginx(
        request=f"GET {path} HTTP/1.1",
        http_referer=referer,
        http_user_agent=agent,
        upstream_response_time=took,
    )
    expected = ("GET", path, "200", "1234", took, TIME)
    assert read(detected(nginx()), line) == expected
    assert read(from_format(f"log_format djtune '{NGINX_FORMAT}';"), line) == expected


@given(st.lists(printable | st.just(combined(extra=" 0.012")), max_size=5))
def test_no_text_is_a_bug(some: list[str]) -> None:
    layout = detected(combined(extra=" 0.012"))
    rows, bad = layout.rows("\n".join(some))
    assert len(rows) + len(bad) == sum(bool(line.strip()) for line in some)


HEADERS = " ".join(f"%({{x-{n}}}i)s" for n in range(12))


@pytest.mark.parametrize(
    "layout",
    [
        detected(combined(extra=" 0.012")),
        detected(nginx()),
        from_format(f'{HEADERS} "%(r)s" %(s)s {HEADERS} "%(f)s" "%(a)s" %(L)s'),
        from_format(NGINX_FORMAT),
    ],
    ids=["combined", "named", "many headers", "nginx"],
)
@pytest.mark.parametrize("unit", ['" ', ' "', "\\", '\\"', " 1", ' "GET / ', " urt=1", "[", "a"])
def test_a_long_line_that_does_not_fit_is_soon_given_up(layout: Layout, unit: str) -> None:
    """Tried in every way, one of these would take longer than the test may."""
    start = f'10.0.0.1 - - [{TIME}] "GET / HTTP/1.1" 200 12 '
    rows, bad = layout.rows(f"{unit * 5000}!\n{start}{unit * 5000}!\n")
    assert len(rows) + len(bad) == 2


def test_a_header_with_spaces_spoils_no_line() -> None:
    format = '%({x-forwarded-for}i)s %(t)s "%(r)s" %(s)s %(b)s %(D)s'
    line = gunicorn(format, **{"{x-forwarded-for}i": "10.0.0.1, 10.0.0.2"})
    assert read(from_format(format), line) == ("GET", "/api/epg/", "200", "1234", "12345", TIME)
