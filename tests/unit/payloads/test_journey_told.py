"""What the result tells of a journey in a browser."""

from djtune.experiments.host import read_machine
from djtune.payloads.assemble import assemble
from djtune.payloads.clientele import Clientele
from djtune.payloads.clients import Asked, BrowserRun
from djtune.payloads.gather import Gathered


def told(**options):
    asked = [Asked("GET", "/api/users/ada@example.org/", 1, 10, watched=False)]
    clients = Clientele(run=BrowserRun(["open"], asked, []), **options)
    clients.asked = {("GET", "api/users/<name>/"): asked}
    return assemble(Gathered(), {}, clients, read_machine())


def test_what_could_not_be_watched_is_told_by_its_route_and_not_by_its_address():
    journey = told().journey
    assert journey.unwatched == ["GET /api/users/<name>/"]


def test_a_journey_that_is_not_the_same_twice_is_told():
    result = told(unstable=["'open': places in the page: 2 otherwise"])
    assert any("'open': places in the page: 2 otherwise" in each for each in result.warnings)
