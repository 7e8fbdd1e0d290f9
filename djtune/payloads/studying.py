"""One endpoint's responses, with what all evidence makes of their fields."""

import time
from collections.abc import Sequence

from djtune.payloads.assemble_endpoint import Studied
from djtune.payloads.clientele import Clientele, Route
from djtune.payloads.codecs import CODECS
from djtune.payloads.endpoints import Responses
from djtune.payloads.joining import judge, proposed
from djtune.payloads.losses import hiding, leave_one_out
from djtune.payloads.values import facts, related


def study(route: Route, responses: Responses, clients: Clientele) -> Studied:
    """Judge every field of an endpoint, and choose those to drop."""
    found = facts(responses.observed)
    judged = judge(route, responses, found, clients)
    return Studied(responses, judged, proposed(judged), found)


def weigh_heaviest(studied: Sequence[Studied], seconds: float) -> None:
    """Weigh the endpoints' fields, the largest responses first, until ``seconds`` have passed."""
    until = time.monotonic() + seconds
    for each in sorted(studied, key=lambda each: -sum(each.responses.sizes)):
        weigh(each)
        if time.monotonic() > until:
            break


def weigh(studied: Studied) -> None:
    """Estimate what each field saves alone, from rows of the largest response, and what hides."""
    bodies = studied.responses.bodies
    if not bodies:
        return
    largest = max(bodies, key=lambda body: len(body.raw)).document
    losses = leave_one_out(largest, list(studied.judged), codecs=CODECS)
    for path, loss in losses.items():
        studied.losses[path] = loss.compressed
    groups = related(studied.facts, studied.proposed)
    studied.hidden = [each.paths for each in hiding(largest, groups)]
