"""Fields of many endpoints are weighed for a bounded time."""

import json

from djtune.payloads.clientele import Clientele
from djtune.payloads.endpoints import Responses, Sample
from djtune.payloads.studying import study, weigh_heaviest


def studied(title):
    found = Responses()
    body = json.dumps([{"id": number, "title": title} for number in range(9)]).encode()
    found.add(Sample(step=0, user=0, asked=0, type="", wire=0, size=len(body), body=body))
    return study(("GET", "shows/"), found, Clientele())


def test_the_heaviest_endpoint_comes_first_and_no_other_once_the_time_is_up():
    light, heavy = studied("One"), studied("A title that takes more bytes")
    weigh_heaviest([light, heavy], seconds=0)
    assert heavy.losses
    assert not light.losses
    weigh_heaviest([light, heavy], seconds=60)
    assert light.losses
