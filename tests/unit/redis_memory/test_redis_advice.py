"""What is advised for a server's contents, curves and margins."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from djtune.redis_memory.advice import Advice, Policy, Term
from djtune.redis_memory.advising.advise import Known, advise
from djtune.redis_memory.advising.contents import contents
from djtune.redis_memory.advising.findings import findings
from djtune.redis_memory.advising.margins import container_terms, maxmemory_terms
from djtune.redis_memory.advising.policy import choose_policy
from djtune.redis_memory.advising.reading import at, enough, smallest
from djtune.redis_memory.curves import Curve, CurvePoint, Rules
from djtune.redis_memory.estimated import (
    Amount,
    Estimates,
    PatternEstimate,
    Reconciliation,
    Spread,
)
from djtune.redis_memory.observed import Kind, NodeFacts, ServerFacts, Use

MB = 1_000_000
LRU, LFU = Rules("allkeys-lru"), Rules("allkeys-lfu")


def exactly(value: float) -> Amount:
    return Amount(value, value, value)


def pattern(name: str, kind: Kind = "cache", ttl: float = 1.0, **more: Any) -> PatternEstimate:
    size = more.pop("bytes", 100 * MB)
    spread = Spread(1000)
    given: dict[str, Any] = {"size": spread, "ttl": spread, "idle": spread, **more}
    return PatternEstimate(
        name,
        kind,
        keys=exactly(1000),
        bytes=exactly(size),
        resident=exactly(size),
        share=exactly(1.0),
        sampled=1000,
        with_ttl=exactly(ttl),
        **given,
    )


def estimates(*patterns: PatternEstimate) -> Estimates:
    whole = exactly(sum(each.resident.value for each in patterns))
    return Estimates(list(patterns), exactly(1000.0 * len(patterns)), whole, whole, None)


def server(policy: str = "noeviction", maxmemory: int = 0, **info: str) -> ServerFacts:
    node = NodeFacts("Redis", "7.0.15", "jemalloc", False, 1000, 1000, 100 * MB, info)
    return ServerFacts("h:6379", [], [node], policy=policy, maxmemory=maxmemory)


def curve(rules: Rules | None, *points: tuple[float, float], lost: bool = False) -> Curve:
    made = [CurvePoint(b * MB, m, m, m, 1000 * m if lost else None) for b, m in points]
    return Curve("trace" if rules else "idle times", rules, made, 1000)


def chosen(*patterns: PatternEstimate, now: Rules | None = None) -> Policy:
    return choose_policy(contents(list(patterns), []), now, [])


class TestPolicy:
    def test_a_cache_evicts_the_least_recently_used(self) -> None:
        assert chosen(pattern(":1:a*")).rules == LRU

    def test_what_a_cache_is_set_to_stays_unless_something_is_better(self) -> None:
        kept = chosen(pattern(":1:a*"), now=LFU)
        assert (kept.rules, kept.changes) == (LFU, False)

    @pytest.mark.parametrize("kind", ["queue", "lock"])
    def test_no_key_of_a_queue_may_go(self, kind: Kind) -> None:
        policy = chosen(pattern(":1:a*"), pattern("celery", kind, ttl=0.0))
        assert policy.rules.policy == "volatile-lru"
        assert "celery" in policy.why[0]

    def test_messages_with_a_ttl_are_not_safe_from_volatile_policies(self) -> None:
        policy = chosen(pattern(":1:a*"), pattern("asgi:*", "channels", ttl=1.0))
        assert policy.rules.policy == "noeviction"

    def test_beside_a_queue_a_cache_without_ttls_leaves_nothing_to_evict(self) -> None:
        policy = chosen(pattern("page:*", "page", ttl=0.2), pattern("celery", "queue", ttl=0.0))
        assert policy.rules.policy == "noeviction"

    def test_a_broker_whose_queues_are_empty_is_a_broker_still(self) -> None:
        held = contents([pattern(":1:a*")], [Use("CELERY_BROKER_URL", "broker")])
        policy = choose_policy(held, None, [curve(LRU, (10, 0.4), (80, 0.1))])
        assert policy.rules.policy == "volatile-lru"
        assert "CELERY_BROKER_URL" in policy.why[0]

    def test_messages_of_channels_would_have_ttls_were_there_any(self) -> None:
        policy = choose_policy(contents([pattern(":1:a*")], [Use("LAYERS", "channels")]), None, [])
        assert policy.rules.policy == "noeviction"

    def test_keys_that_nothing_calls_a_cache_stay(self) -> None:
        assert chosen(pattern("user:*", "other", ttl=0.0)).rules.policy == "noeviction"

    def test_a_cache_may_store_without_ttls(self) -> None:
        use = Use("CACHES['default']", "cache", "shop:1:")
        held = contents([pattern("shop:1:*", "other", ttl=0.0)], [use])
        assert choose_policy(held, None, []).rules == LRU

    def test_a_trace_decides_by_the_memory_that_is_needed(self) -> None:
        lru = curve(LRU, (10, 0.4), (20, 0.3), (40, 0.2), (80, 0.1))
        lfu = curve(LFU, (10, 0.3), (20, 0.1), (40, 0.1), (80, 0.1))
        policy = choose_policy(contents([pattern("a*")], []), LRU, [lru, lfu])
        assert (policy.rules, policy.changes, policy.measured) == (LFU, True, True)
        assert any("allkeys-lru needs" in why for why in policy.why)

    def test_settings_of_one_policy_are_not_told_as_rivals(self) -> None:
        points = ((10, 0.4), (80, 0.1))
        rules = [LRU, Rules("allkeys-lru", samples=10)]
        policy = choose_policy(
            contents([pattern("a*")], []), LRU, [curve(each, *points) for each in rules]
        )
        assert not any("each other" in why for why in policy.why)

    def test_a_trace_that_shows_no_difference_changes_nothing(self) -> None:
        points = ((10, 0.4), (80, 0.1))
        policy = choose_policy(
            contents([pattern("a*")], []), LFU, [curve(LRU, *points), curve(LFU, *points)]
        )
        assert (policy.rules, policy.changes) == (LFU, False)

    def test_beside_a_queue_a_trace_chooses_among_what_spares_it(self) -> None:
        lru = curve(Rules("volatile-lru"), (10, 0.4), (100, 0.1))
        lfu = curve(Rules("volatile-lfu"), (10, 0.1), (100, 0.1))
        free = curve(LFU, (10, 0.1), (100, 0.1))
        held = contents([pattern(":1:a*"), pattern("celery", "queue", ttl=0.0)], [])
        assert choose_policy(held, None, [lru, lfu, free]).rules.policy == "volatile-lfu"


class TestCurves:
    def test_between_points_it_is_straight(self) -> None:
        found = at(curve(LRU, (10, 0.4), (20, 0.2)), 15 * MB)
        assert found is not None
        assert found.miss_ratio == pytest.approx(0.3)

    def test_below_the_first_point_nothing_is_known(self) -> None:
        assert at(curve(LRU, (10, 0.4), (20, 0.2)), 5 * MB) is None

    def test_seconds_count_where_they_are_known(self) -> None:
        limit, seconds = enough([curve(LRU, (10, 0.4), (20, 0.2), lost=True)]) or (0.0, False)
        assert seconds
        assert limit == pytest.approx(210.0)

    @given(
        st.lists(st.floats(0.0, 1.0), min_size=2, max_size=12),
        st.floats(1.0, 100.0),
    )
    def test_the_smallest_size_is_enough_and_no_smaller_one_is(
        self, misses: list[float], step: float
    ) -> None:
        falling = sorted(misses, reverse=True)
        line = curve(LRU, *((step * (n + 1), miss) for n, miss in enumerate(falling)))
        size = smallest(line, [line])
        assert size is not None
        limit, _ = enough([line]) or (0.0, False)
        there, before = at(line, size), at(line, 0.999 * size)
        assert there is not None
        assert there.miss_ratio <= limit + 1e-9
        if before is not None and size > line.points[0].bytes:
            assert before.miss_ratio >= there.miss_ratio


class TestSize:
    def test_without_a_curve_everything_is_to_fit_with_room_to_grow(self) -> None:
        size = advise(Known(server(), estimates(pattern("a*")))).size
        assert size is not None
        assert size.basis == "everything"
        assert size.maxmemory >= 120 * MB

    def test_idle_times_give_a_size_and_its_hit_ratio(self) -> None:
        idle = curve(None, (10, 0.5), (50, 0.1), (100, 0.1))
        size = advise(Known(server(), estimates(pattern("a*")), idle)).size
        assert size is not None
        assert size.basis == "idle times"
        assert size.hit_ratio is not None
        assert size.hit_ratio.value == pytest.approx(0.895, abs=0.01)
        assert size.maxmemory < 80 * MB

    def test_idle_times_say_nothing_about_other_policies(self) -> None:
        idle = curve(None, (10, 0.5), (100, 0.1))
        facts = server("allkeys-lfu")
        size = advise(Known(facts, estimates(pattern("a*")), idle)).size
        assert size is not None
        assert size.basis == "everything"

    def test_what_counts_towards_maxmemory_is_in_it(self) -> None:
        facts = server(mem_replication_backlog="1048576", used_memory_startup="900000")
        terms = maxmemory_terms(Term("entries", 100.0, "estimated"), facts, growth=0.05)
        assert {term.label: term.bytes for term in terms} == {
            "entries": 100.0,
            "the server itself": 900_000.0,
            "replication backlog": 1_048_576.0,
            "room to grow": pytest.approx(5.0),
        }

    def test_what_nothing_explains_counts_too(self) -> None:
        known = estimates(pattern("a*"))
        known.balance = Reconciliation([], 130 * MB, 30.0 * MB, covered=False)
        size = advise(Known(server(), known)).size
        assert size is not None
        assert size.maxmemory >= 150 * MB

    def test_a_server_that_refuses_writes_is_never_given_less_than_it_has_needed(self) -> None:
        queue = estimates(pattern("rq:job:*", "queue", ttl=0.0, bytes=MB))
        once_full = server("noeviction", used_memory_peak=str(700 * MB))
        size = advise(Known(once_full, queue)).size
        assert size is not None
        assert size.maxmemory >= 600 * MB

    def test_nor_less_than_it_is_allowed(self) -> None:
        queue = estimates(pattern("rq:job:*", "queue", ttl=0.0, bytes=MB))
        advice = advise(Known(server("allkeys-lru", 300 * 2**20), queue))
        assert advice.commands == ["CONFIG SET maxmemory-policy noeviction"]

    def test_a_limit_is_not_lowered_where_nothing_tells_what_that_would_miss(self) -> None:
        just_started = estimates(pattern("a*", bytes=2 * MB))
        assert advise(Known(server("allkeys-lru", 4000 * MB), just_started)).commands == []

    def test_no_limit_is_so_low_that_it_saves_nothing(self) -> None:
        little = estimates(pattern("a*", ttl=0.0, bytes=20_000))
        assert "CONFIG SET maxmemory 64mb" in advise(Known(server(), little)).commands

    def test_what_has_no_ttl_stays_in_memory_however_seldom_it_is_used(self) -> None:
        held = estimates(pattern("a*"), pattern("user:*", "other", ttl=0.0, bytes=500 * MB))
        idle = curve(None, (10, 0.5), (50, 0.1), (600, 0.1))
        size = advise(Known(server("volatile-lru", 900 * MB), held, idle)).size
        assert size is not None
        assert size.maxmemory > 550 * MB
        assert size.hit_ratio is not None
        assert size.hit_ratio.value == pytest.approx(0.895, abs=0.01)

    def test_the_fullest_primary_of_a_cluster_decides(self) -> None:
        facts = server()
        facts.nodes = [replace(facts.nodes[0], used_memory=n * MB) for n in (600, 100, 100)]
        size = advise(Known(facts, estimates(pattern("a*", bytes=780 * MB)))).size
        assert size is not None
        assert size.maxmemory > 600 * MB

    def test_a_save_copies_its_share_of_a_full_server(self) -> None:
        copied = Term("copied", 10.0 * MB, "measured")
        known = Known(server(), estimates(pattern("a*", bytes=1000 * MB)), copy_on_write=copied)
        size = advise(known).size
        assert size is not None
        assert size.container[-1].bytes == pytest.approx(size.maxmemory / 10)

    def test_what_does_not_count_is_in_the_container(self) -> None:
        facts = server(connected_slaves="2", used_memory_rss=str(150 * MB))
        facts.settings["client-output-buffer-limit"] = "normal 0 0 0 slave 1000 500 60 pubsub 1 1 1"
        labels = {t.label: t.bytes for t in container_terms(100 * MB, facts, None)}
        assert labels["fragmentation"] == pytest.approx(50 * MB)
        assert labels["output buffers of 2 replicas"] == 2000

    def test_a_server_that_evicts_nothing_gets_no_limit_where_it_has_none(self) -> None:
        advice = advise(Known(server(), estimates(pattern("celery", "queue", ttl=0.0))))
        assert advice.policy.rules.policy == "noeviction"
        assert not any("maxmemory " in command for command in advice.commands)

    def test_what_was_freed_and_not_given_back_is_no_fragmentation(self) -> None:
        facts = server(used_memory_peak=str(1000 * MB), used_memory_rss=str(1050 * MB))
        facts.nodes[0].used_memory = 200 * MB
        labels = {t.label: t.bytes for t in container_terms(100 * MB, facts, None)}
        assert labels["fragmentation"] == pytest.approx(5 * MB)

    def test_each_primary_of_a_cluster_gets_its_part(self) -> None:
        facts = server()
        facts.nodes = facts.nodes * 3
        one, three = (
            advise(Known(each, estimates(pattern("a*", bytes=3000 * MB)))).size
            for each in (server(), facts)
        )
        assert one is not None
        assert three is not None
        assert three.maxmemory == pytest.approx(one.maxmemory / 3, rel=0.01)

    def test_lines_to_paste_are_what_differs(self) -> None:
        advice = advise(Known(server("allkeys-lru", 500), estimates(pattern("a*"))))
        assert [line.split()[0] for line in advice.configuration] == ["maxmemory"]
        assert advice.commands[0].startswith("CONFIG SET maxmemory ")
        assert advice.commands[0].endswith("mb")

    def test_the_policy_is_set_before_a_limit_that_would_evict(self) -> None:
        held = estimates(pattern("a*"), pattern("celery", "queue", ttl=0.0))
        advice = advise(Known(server("allkeys-lru", 50 * MB), held))
        assert [line.split()[0] for line in advice.configuration] == [
            "maxmemory-policy",
            "maxmemory",
        ]


class TestFindings:
    def kinds(self, facts: ServerFacts, *patterns: PatternEstimate) -> set[str]:
        advice: Advice = advise(Known(facts, estimates(*patterns)))
        return {each.kind for each in findings(facts, estimates(*patterns), [], advice)}

    def test_nothing_is_wrong_with_a_limited_cache(self) -> None:
        assert self.kinds(server("allkeys-lru", 500 * MB), pattern("a*")) == set()

    def test_a_queue_that_may_be_evicted(self) -> None:
        queue = pattern("celery", "queue", ttl=0.0)
        assert self.kinds(server("allkeys-lru", 500 * MB), pattern("a*"), queue) == {
            "queue-evictable"
        }

    def test_an_empty_channel_layer_is_not_safe_under_volatile_policies(self) -> None:
        facts = server("volatile-lru", 500 * MB)
        facts.uses = [Use("CHANNEL_LAYERS['default']", "channels")]
        assert self.kinds(facts, pattern("a*")) == {"queue-evictable"}

    def test_sessions_are_warned_of_before_a_policy_is_set_that_evicts_them(self) -> None:
        facts = server("noeviction", 0)
        facts.uses = [Use("SESSION_ENGINE", "session")]
        sessions = pattern("django.contrib.sessions.cache*", "session")
        assert "sessions-evictable" in self.kinds(facts, pattern("a*"), sessions)

    @pytest.mark.parametrize("channels", [0.0, 1.0])
    def test_what_mends_a_queue_is_what_is_advised(self, channels: float) -> None:
        held = estimates(pattern("a*"), pattern("asgi:*", "channels", ttl=channels))
        facts = server("allkeys-lru", 500 * MB)
        advice = advise(Known(facts, held))
        (found,) = findings(facts, held, [], advice)
        assert found.patch in advice.commands

    def test_a_queue_without_ttls_is_safe_under_volatile_lru(self) -> None:
        queue = pattern("celery", "queue", ttl=0.0, bytes=1000)
        assert self.kinds(server("volatile-lru", 500 * MB), pattern("a*"), queue) == set()

    def test_volatile_policies_need_ttls(self) -> None:
        facts = server("volatile-lru", 500 * MB)
        assert "volatile-without-ttl" in self.kinds(facts, pattern("a*", ttl=0.1))

    def test_noeviction_on_a_cache(self) -> None:
        assert "noeviction-on-a-cache" in self.kinds(server("noeviction", 110 * MB), pattern("a*"))

    def test_no_limit_on_a_cache(self) -> None:
        assert self.kinds(server("noeviction", 0), pattern("a*")) == {"no-maxmemory"}

    def test_sessions_that_the_database_has_too_are_safe(self) -> None:
        facts = server("allkeys-lru", 500 * MB)
        facts.uses = [Use("SESSION_ENGINE", "session")]
        sessions = pattern(":1:django.contrib.sessions.cached_db*", "session")
        assert self.kinds(facts, pattern("a*"), sessions) == set()

    def test_channels_that_only_publish_keep_nothing_to_evict(self) -> None:
        facts = server("allkeys-lru", 500 * MB)
        layer = "channels_redis.pubsub.RedisPubSubChannelLayer"
        facts.uses = [Use("CHANNEL_LAYERS['default']", "channels", backend=layer)]
        assert self.kinds(facts, pattern("a*")) == set()

    def test_sessions_without_a_ttl(self) -> None:
        sessions = pattern("s*", "session", ttl=0.5)
        assert "sessions-without-ttl" in self.kinds(server("allkeys-lru", 500 * MB), sessions)

    def test_what_nobody_has_used_for_days(self) -> None:
        cold = pattern("a*", idle=Spread(1000, p50=3 * 86_400.0))
        assert self.kinds(server("allkeys-lru", 500 * MB), cold) == {"cold"}

    def test_one_key_that_holds_much(self) -> None:
        giant = pattern("a*", size=Spread(1000, largest=40 * MB))
        assert self.kinds(server("allkeys-lru", 500 * MB), giant) == {"giant-key"}
