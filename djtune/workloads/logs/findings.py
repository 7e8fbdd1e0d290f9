"""What a log shows that is worth doing something about, and what it lacks."""

from typing import Literal

from djtune.model.findings import FindingData

from .result import FromLogResult, RouteInLog

GUNICORN_FORMAT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(B)s "%(f)s" "%(a)s" %(L)s'
"""gunicorn's own format with seconds at the end, and 0 instead of - for no bytes."""
NGINX_FORMAT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" rt=$request_time urt=$upstream_response_time'
)
"""nginx's combined format with the seconds of the whole request and of the app behind it."""
PASTE = (
    "# gunicorn.conf.py\n"
    f"access_log_format = '{GUNICORN_FORMAT}'\n"
    "# nginx.conf\n"
    f"log_format djtune '{NGINX_FORMAT}';\n"
    "access_log /var/log/nginx/access.log djtune;"
)
SHOWN = 5
NOTABLE_ERRORS = 0.001
NOTABLE_SHARE = 0.001

Severity = Literal["high", "medium", "low"]


def findings(result: FromLogResult) -> list[FindingData]:
    """Requests that fail, lead nowhere or are made twice; columns that the log lacks."""
    found = [
        *(_failing(route) for route in result.routes if _fails(route)),
        *_unresolved(result),
        *_slashless(result),
        *_missing(result),
    ]
    return sorted(found, key=lambda one: ("high", "medium", "low").index(one.severity))


def name_of(route: RouteInLog) -> str:
    """``METHOD /route``, without a regex's anchors."""
    return f"{route.method} /{route.route.removeprefix('^').removesuffix('$').lstrip('/')}"


def _fails(route: RouteInLog) -> bool:
    return _errors(route) >= NOTABLE_ERRORS * route.observed.requests > 0


def _errors(route: RouteInLog) -> float:
    return sum(n for status, n in route.observed.statuses.items() if status.startswith("5"))


def _failing(route: RouteInLog) -> FindingData:
    errors, total = _errors(route), route.observed.requests
    statuses = ", ".join(
        f"{n:,.0f} × {status}"
        for status, n in route.observed.statuses.items()
        if status.startswith("5")
    )
    return FindingData(
        kind="errors",
        title=f"{name_of(route)} failed in {_part(errors / total)} of its requests",
        where=route.where,
        evidence=[f"{statuses} of {total:,.0f} requests in the log"],
        remedy="Repair it: they are in no figure, and cost server time too.",
        confidence="seen in the log",
        severity=_severity(errors / total),
    )


def _unresolved(result: FromLogResult) -> list[FindingData]:
    requests = result.others.unknown + result.others.outside
    share = requests / result.requests if result.requests else 0.0
    if share < NOTABLE_SHARE:
        return []
    answered = sum(
        n for one in result.unresolved for status, n in one.statuses.items() if status[0] == "2"
    )
    remedy = (
        "Answer them before Django where they come from scanners (nginx: `return 404`), redirect "
        "old addresses, mend links."
    )
    if answered > requests / 2:
        remedy = (
            "Most were answered with 2xx: the log holds another app's requests, or a proxy puts "
            "a prefix before the app's paths. Name it: --strip-prefix /app"
        )
    return [
        FindingData(
            kind="unresolved",
            title=f"Paths without a route: {requests:,.0f} of {result.requests:,.0f} requests",
            evidence=[
                f"{one.pattern}: {one.requests:,.0f} ({_listed(one.statuses)})"
                for one in result.unresolved[:SHOWN]
            ],
            remedy=remedy,
            confidence="looked up in the URLconf",
            severity=_severity(share),
        )
    ]


def _slashless(result: FromLogResult) -> list[FindingData]:
    share = result.others.slash / result.requests if result.requests else 0.0
    if share < NOTABLE_SHARE:
        return []
    return [
        FindingData(
            kind="slash",
            title="Asked twice, for want of a slash at the end: "
            f"{result.others.slash:,.0f} of {result.requests:,.0f} requests",
            evidence=[
                "APPEND_SLASH answers them with a redirect to the path with the slash",
                *(f"/{route}: {n:,.0f}" for route, n in list(result.slashless.items())[:SHOWN]),
            ],
            remedy="Mend the clients' links and addresses.",
            confidence="looked up in the URLconf",
            severity=_severity(share),
        )
    ]


_LOST = {
    "duration": "durations, to compare with measured ones",
    "bytes": "sizes of answers",
    "time": "times, to tell the busiest hour",
}


def _missing(result: FromLogResult) -> list[FindingData]:
    if not result.missing:
        return []
    evidence = []
    for one in result.missing:
        which = one.files[0] if len(one.files) == 1 else f"{len(one.files)} files"
        unit = f": {one.detail}; say which with --duration-unit" if one.detail else ""
        evidence.append(f"{which}: no {_LOST[one.column]}{unit}")
    return [
        FindingData(
            kind="missing-columns",
            title="The log does not tell " + " and ".join(one.column for one in result.missing),
            evidence=evidence,
            remedy="Let the server write them; the weights do not need them.",
            patch=PASTE,
            confidence="read from the lines",
            severity="low",
        )
    ]


def _severity(share: float) -> Severity:
    return "high" if share >= 0.1 else "medium" if share >= 0.03 else "low"


def _part(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"


def _listed(statuses: dict[str, float]) -> str:
    return ", ".join(f"{n:,.0f} × {status}" for status, n in statuses.items())
