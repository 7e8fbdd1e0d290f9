"""What is tried: three workloads of the sample site, eight settings."""

from typing import Any

import msgspec

from djtune.model.policy import GcPolicy, parse
from djtune.model.workload import Workload

SETTINGS = (
    "default",
    "2000,10,10",
    "10000,10,10",
    "10000,100,100",
    "50000,10,10",
    "50000,5,2",
    "freeze",
    "freeze+10000,10,10",
)
CALIBRATED_WITH = ("default", "40000,10,10")
"""What collections cost is fitted to runs of these, made with other requests than those judged."""

FILTER = {"profile__isnull": False, "devices__isnull": False}
_BEARER = {"Authorization": "Bearer {token}"}
_SIGN_IN = {
    "route": "api/auth/",
    "method": "POST",
    "unsafe": True,
    "body": {"device": {"user": "devices.code"}, "secret": {"user": "devices.secret"}},
    "capture": {"token": "token"},
}
_EPG = {
    "route": "api/epg/",
    "query": {"day": {"choice": ["today", "tomorrow"], "skew": 2.5}, "from": 1, "to": 40},
    "headers": _BEARER,
}
_PROFILE = {
    "route": "api/profile/",
    "headers": _BEARER,
    "capture": {"channel": "last_channel"},
}
_STREAM = {
    "route": "api/stream/<slug:channel>/",
    "params": {"channel": {"capture": "channel"}},
    "headers": _BEARER,
}
_SHOW = {
    "route": "api/shows/<int:pk>/",
    "params": {"pk": {"model": "epg.Show", "field": "id", "sample": 100, "skew": 0.8}},
    "headers": _BEARER,
}
_CHANNELS = {"route": "api/channels/", "headers": _BEARER}
_RECOMMENDED = {"route": "api/recommendations/", "headers": _BEARER}


class Case(msgspec.Struct, frozen=True):
    """One workload, and how often each of its journeys is made in a measured run."""

    workload: Workload
    counts: list[int]


def _case(*journeys: tuple[int, list[dict[str, Any]]]) -> Case:
    document = {
        "users": {"viewers": {"filter": FILTER, "login": "none"}},
        "journeys": [
            {"name": f"{number}", "weight": count, "user": "viewers", "steps": steps}
            for number, (count, steps) in enumerate(journeys)
        ],
    }
    return Case(msgspec.convert(document, Workload), [count for count, _ in journeys])


CASES = {
    "epg": _case((40, [_SIGN_IN, _EPG])),
    "mixed": _case(
        (25, [_SIGN_IN, _PROFILE, _CHANNELS, _EPG, _STREAM]),
        (50, [_SIGN_IN, _RECOMMENDED, _SHOW, _SHOW]),
        (125, [_SIGN_IN, _PROFILE, _STREAM]),
    ),
    "small": _case((400, [_SIGN_IN, _PROFILE, _STREAM]), (400, [_SIGN_IN, _SHOW])),
}


def policy(setting: str) -> GcPolicy:
    """The policy of a setting's name."""
    return parse(setting)
