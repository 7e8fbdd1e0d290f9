"""A report as `djtune profile` would make it: what the renderers are looked at and tested with."""

import random

from djtune.reports import format as f
from djtune.reports.blocks import (
    Bar,
    Bars,
    Block,
    Cell,
    Chart,
    Column,
    Command,
    Finding,
    Heading,
    Note,
    Report,
    Segment,
    Series,
    Stack,
    Table,
    Tone,
)

HOSTILE = (
    "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    "\x1b[31m\x9b2J|`\u202e::error::\n%0A]]>&amp;\ud800"
)
"""What a route, a key or a log line could hold; every renderer has to show it as text."""

PHASES = [
    "Python",
    "SQL execute",
    "SQL fetch",
    "ORM",
    "cache",
    "serialization",
    "template",
    "middleware",
    "GC",
    "waiting",
]

ROUTES = [
    # route, share, mean ms, requests, queries, bytes, gzip, hit ratio
    ("GET /api/epg/", 0.412, 184.0, 412, 51, 1_240_000, 148_000, None),
    ("GET /api/stream/<slug:channel>/", 0.187, 41.2, 812, 14, 612, 402, 0.0),
    ("GET /api/profile/", 0.121, 18.7, 998, 6, 4_812, 1_320, 0.93),
    ("GET /api/channels/", 0.098, 62.1, 240, 302, 88_400, 11_200, None),
    ("GET /api/shows/<int:pk>/", 0.071, 22.4, 396, 9, 6_912, 2_110, 0.41),
    ("POST /api/auth/token/", 0.046, 96.0, 120, 3, 51, 66, None),
    ("GET /guide/", 0.031, 33.8, 118, 44, 61_000, 9_480, None),
    ("GET /api/hls/<slug:channel>/playlist.m3u8", 0.014, 2.31, 780, 1, 1_920, 480, 0.998),
    ("GET /api/hls/<slug:channel>/<int:segment>.ts", 0.011, 1.92, 74, 0, 480_000, 479_000, None),
    ("GET /api/upstream/", 0.006, 251.0, 12, 0, 96, 101, None),
    ("GET /api/regions/", 0.002, 0.842, 310, 1, 940, 388, 1.0),
    ("GET /healthz", 0.0004, 0.0912, 640, 0, 2, 22, None),
]


def report(routes: int = 12) -> Report:
    """The demo report, with as many routes as asked for."""
    blocks: list[Block] = [
        Note(
            "DEBUG is on: queries are logged and templates reloaded, so figures are too high.",
            "warn",
        ),
        Note("12 of 15 routes measured; 2 need a login (--as USER), 1 redirects."),
        Heading("Where the server's time goes", anchor="ranking"),
        _ranking(routes),
        Note("Weights: uniform - nothing told how often each route is asked for."),
        Note("95 % intervals in brackets; routes 8 and 9 are a tie."),
        Bars(
            [
                Bar("bare handler", 18.2, "18.2 ms [17.9–18.5]", 17.9, 18.5),
                Bar("with djtune", 18.9, "18.9 ms [18.4–19.4]", 18.4, 19.4, "warn"),
                Bar("with profiler", 31.0, "31.0 ms [27.5–34.5]", 27.5, 34.5, "bad"),
            ],
            title="djtune's own overhead on GET /api/profile/",
        ),
        Heading("What to do", anchor="findings"),
        *_findings(),
        Heading("GET /api/epg/", level=2, anchor="route-1"),
        Note("budget 'GET /api/epg*: p95<200ms' breached: p95 is 261 ms [248–273].", "bad"),
        Note("budget 'queries<60' met: 51 queries.", "good"),
        _chart(),
        Command(
            "djtune profile 'GET /api/epg/' --precise --html epg.html",
            "narrow the interval of the costliest route",
        ),
    ]
    return Report(
        "Profile of sample_site",
        blocks,
        "60 s · 8 trials · 4,912 requests · 40 users · Python 3.11.7, Django 5.2.6, SQLite · WSGI",
    )


def _ranking(routes: int) -> Table:
    rows = [_row(rank, *ROUTES[(rank - 1) % len(ROUTES)]) for rank in range(1, routes + 1)]
    return Table(
        [
            Column("#", "right"),
            Column("Route"),
            Column("Share", "right", help="Part of the server's time in all routes: calls × mean."),
            Column("Mean", "right", 1, help="Service time: one request at a time."),
            Column("p50", "right", 5),
            Column("p95", "right", 2, help="From 72 requests on."),
            Column("p99", "right", 6, help="From 368 requests on."),
            Column("n", "right", 7),
            Column("Queries", "right", 1),
            Column("Bytes", "right", 4, help="On the wire, uncompressed."),
            Column("gzip", "right", 8),
            Column("Hit ratio", "right", 9),
            Column("Phases", "left", 3, help="Exclusive: they add up to the request's time."),
        ],
        rows,
        caption="service time: one request at a time, without the first of each process",
    )


def _row(
    rank: int,
    route: str,
    share: float,
    mean: float,
    n: int,
    queries: int,
    size: int,
    gzip: int,
    hits: float | None,
) -> list[Cell]:
    return [
        Cell(str(rank)),
        Cell(route, link="route-1" if rank == 1 else ""),
        Cell(
            f.share(share),
            f.interval(share * 0.95, share * 1.05, f.share, share),
            stack=Stack([Segment("share", share, f.share(share))]),
        ),
        _time(mean, 0.04),
        _time(mean * 0.92, 0.05),
        _time(mean * 1.42, 0.07, "bad" if rank == 1 else "plain")
        if n >= 72
        else Cell(f.NA, tone="muted"),
        _time(mean * 1.81, 0.15) if n >= 368 else Cell(f.NA, tone="muted"),
        Cell(f.count(n)),
        Cell(f.count(queries), tone="warn" if queries > 100 else "plain"),
        Cell(f.size(size)),
        Cell(f.size(gzip)),
        Cell(f.share(hits), tone="muted" if hits is None else "plain"),
        Cell(stack=_phases(rank, mean)),
    ]


def _time(ms: float, spread: float, tone: Tone = "plain") -> Cell:
    low, high = ms * (1 - spread) / 1000, ms * (1 + spread) / 1000
    return Cell(f.duration(ms / 1000), f.interval(low, high, f.duration, ms / 1000), tone)


def _phases(seed: int, mean: float) -> Stack:
    draw = random.Random(seed)
    weights = [
        draw.expovariate(1) * (2 if i < 4 else 1) if draw.random() < 0.8 else 0
        for i in range(len(PHASES))
    ]
    total = sum(weights)
    return Stack(
        [
            Segment(label, mean * w / total, f.duration(mean * w / total / 1000))
            for label, w in zip(PHASES, weights, strict=True)
            if w
        ],
        full=True,
    )


def _findings() -> list[Finding]:
    return [
        Finding(
            "N+1: one query per programme for its channel",
            "GET /api/epg/ · sample_site/epg/serializers.py:41",
            [
                "48 of 51 queries per request differ only in one parameter",
                "SELECT … FROM epg_channel WHERE id = ? · 0.61 ms each, 29.3 ms together",
            ],
            "29.3 ms [27.8–30.6] per request, 6.5 % of all server time",
            'Fetch the channels together with the programmes: select_related("channel").',
            "--- a/sample_site/epg/views.py\n"
            "+++ b/sample_site/epg/views.py\n"
            "@@ -18,7 +18,7 @@ class EpgView(ListAPIView):\n"
            "     serializer_class = ProgrammeSerializer\n"
            " \n"
            "     def get_queryset(self):\n"
            "-        return Programme.objects.filter(day=self.day)\n"
            '+        return Programme.objects.select_related("channel").filter(day=self.day)\n',
            "counted, and the same in all 412 requests",
            "high",
        ),
        Finding(
            "The user's profile is read again at each step of the launch journey",
            "journey launch · sample_site/accounts/middleware.py:23",
            ["5 identical queries in 5 requests of the same user within 2 s"],
            "7.4 ms [6.9–8.0] per journey (estimate)",
            "Cache the profile for five minutes.",
            confidence="estimate: a cache hit was taken to cost 0.2 ms",
        ),
        Finding(
            "Columns fetched and never used: epg_programme.description",
            "sample_site/epg/views.py:22",
            ["412 kB of 640 kB read from the database per request"],
            "",
            '.defer("description")',
            confidence="likely",
            severity="low",
        ),
    ]


def _chart() -> Chart:
    def points(scale: float) -> list[tuple[float, float]]:
        return [(rate, scale * 0.02 / (1.02 - rate / 100)) for rate in range(5, 100, 5)]

    return Chart(
        [
            Series("p50", points(1), [(x, y * 0.9, y * 1.1) for x, y in points(1)]),
            Series("p95", points(2.4), [(x, y * 0.8, y * 1.2) for x, y in points(2.4)]),
        ],
        "requests per second",
        "response time",
        title="Response time under load",
        y_unit="s",
    )
