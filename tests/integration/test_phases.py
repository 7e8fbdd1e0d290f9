"""Time that is spent in a known way is found in its own phase, whoever serves the request."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from worker_helpers import Replayed, manage, project, replay

from djtune.model.samples import PHASES
from djtune.servers.redis import find_redis, redis_server

BOTH = {
    "waiting/": "waiting",
    "view/": "view",
    "middleware/": "middleware",
    "sql-execute/": "sql_execute",
    "sql-fetch/": "sql_fetch",
    "iterated/": "sql_fetch",
    "other-alias/": "sql_execute",
    "gc/": "gc",
    "cache/": "cache",
    "serialization/": "serialization",
    "json/": "serialization",
    "template/": "template",
    "query-in-template/": "sql_execute",
    "own-threads/": "waiting",
    "streamed/": "view",
    "async/waiting/": "waiting",
    "async/view/": "view",
    "async/blocking/": "waiting",
    "async/query-in-hop/": "sql_execute",
    "async/work-in-hop/": "view",
    "async/work-in-free-hop/": "view",
    "async/work-in-thread/": "view",
    "async/sleep-in-hop/": "waiting",
    "async/cache/": "cache",
    "async/gathered-waits/": "waiting",
    "async/gathered-hops/": "waiting",
    "async/task/": "view",
    "async/streamed/": "waiting",
}
"""Route → the phase that holds its time."""
OTHERS = ["nothing/", "large-fetch/", "async/large-fetch/", "bridge/"]
REDIS = ["redis/", "async/redis/"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    env = {"LAB_DATA": str(tmp_path_factory.mktemp("lab"))}
    manage("phases", "fill", env=env)
    with ExitStack() as stack:
        if find_redis():
            env["LAB_REDIS"] = stack.enter_context(redis_server())
        yield env


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def lab(request: pytest.FixtureRequest, environment: dict[str, str]) -> Replayed:
    routes = [*BOTH, *OTHERS, *(REDIS if "LAB_REDIS" in environment else [])]
    return replay(project("phases", interface=request.param, env=environment), routes)


@pytest.mark.parametrize(("route", "phase"), BOTH.items())
def test_time_lands_in_its_own_phase(lab: Replayed, route: str, phase: str) -> None:
    assert lab.share(route, phase) > 0.8


@pytest.mark.parametrize("route", REDIS)
def test_redis_used_directly_is_cache(lab: Replayed, route: str) -> None:
    if not find_redis():
        pytest.skip("no redis-server or valkey-server on PATH")
    assert lab.share(route, "cache") > 0.8


@pytest.mark.parametrize("route", [*BOTH, *OTHERS])
def test_phases_and_the_machine_sum_to_the_wall_time(lab: Replayed, route: str) -> None:
    assert all(sum(each.phases) + each.machine == each.wall for each in lab.of(route))


@pytest.mark.parametrize("route", [*BOTH, *OTHERS])
def test_no_phase_is_negative(lab: Replayed, route: str) -> None:
    assert all(min(*each.phases, each.machine, *each.parallel) >= 0 for each in lab.of(route))


@pytest.mark.parametrize("route", ["large-fetch/", "async/large-fetch/"])
def test_a_large_fetch_is_fetching_and_making_objects(lab: Replayed, route: str) -> None:
    assert lab.share(route, "sql_fetch", "orm") > 0.7
    assert lab.least(route, "orm") > lab.least(route, "sql_fetch") > 0


def test_each_database_alias_is_on_its_own(lab: Replayed) -> None:
    for sample in lab.of("other-alias/"):
        assert sample.queries == {"other": 1}
        assert sample.sql.keys() == {"other"}
        assert sample.sql["other"] > 0.8 * (sample.wall - sample.machine)


def test_rows_of_a_raw_cursor_count_for_its_alias(lab: Replayed) -> None:
    for sample in lab.of("iterated/"):
        in_sql = (
            sample.phases[PHASES.index("sql_execute")] + sample.phases[PHASES.index("sql_fetch")]
        )
        assert sample.sql == {"other": in_sql}


def test_waits_at_once_count_once_for_the_request_and_each_beside_it(lab: Replayed) -> None:
    waited = lab.share("async/gathered-waits/", "waiting")
    assert 2.5 < lab.parallel("async/gathered-waits/", "waiting") / waited < 3.5


def test_work_in_gathered_hops_is_in_parallel(lab: Replayed) -> None:
    """The three go through one thread; the request itself works next to nothing."""
    for sample in lab.of("async/gathered-hops/"):
        assert sample.parallel[PHASES.index("view")] > 0.8 * sample.cpu
    assert lab.share("async/gathered-hops/", "view") < 0.1


def test_threads_of_the_app_are_in_parallel(lab: Replayed) -> None:
    """Three that sleep at once, then one that queries, for as long."""
    slept = lab.parallel("own-threads/", "waiting")
    queried = lab.parallel("own-threads/", "sql_execute")
    assert 2 < slept / queried < 4
    assert all(each.queries == {"default": 1} for each in lab.of("own-threads/"))


def test_a_task_beside_the_view_is_in_parallel(lab: Replayed) -> None:
    assert lab.parallel("async/task/", "waiting") > 0.7


def test_a_bridge_to_async_code_and_back_keeps_both_parts(lab: Replayed) -> None:
    """Sleeping in the loop, then working in the thread that waits for it."""
    assert lab.share("bridge/", "waiting") > 0.35
    assert lab.share("bridge/", "view") > 0.35


def test_hops_between_threads_are_counted(lab: Replayed) -> None:
    direct, hopping = lab.of("async/view/")[0].hops, lab.of("async/work-in-hop/")[0].hops
    assert hopping == direct + 1


def test_the_cpu_time_holds_that_of_every_thread(lab: Replayed) -> None:
    """Also where the loop, or the pool, ran the view in a thread that is not the server's."""
    for route in ("async/view/", "async/work-in-free-hop/"):
        for sample in lab.of(route):
            assert sample.cpu > 0.8 * (sample.wall - sample.machine)


SYNC_ONLY = ("waiting/", "view/", "sql-execute/", "async/waiting/", "async/view/", "async/cache/")


@pytest.fixture(scope="module")
def sync_only(environment: dict[str, str]) -> Replayed:
    env = {**environment, "LAB_SYNC_ONLY": "1"}
    return replay(project("phases", interface="asgi", env=env), list(SYNC_ONLY))


@pytest.mark.parametrize("route", SYNC_ONLY)
def test_phases_hold_below_a_sync_only_middleware(sync_only: Replayed, route: str) -> None:
    """ASGI → a thread for the middleware → back to the loop for async views."""
    assert sync_only.share(route, BOTH[route]) > 0.8
    assert all(sum(each.phases) + each.machine == each.wall for each in sync_only.of(route))


def test_a_cheap_view_spends_next_to_nothing_in_any_layer(lab: Replayed) -> None:
    assert lab.share("nothing/", "python", "middleware", "waiting") > 0.8
