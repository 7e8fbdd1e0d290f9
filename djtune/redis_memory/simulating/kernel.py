"""Redis's rules of eviction and expiry, one request after another.

The one source of the simulator: it runs as it is on lists, and compiled on arrays (``compiled``),
with the same results to the last bit. Hence plain loops over integers, a generator of random
numbers of its own, and no more of Python than Numba compiles. Memory is in bytes and time in
microseconds *of the sampled cache*: with a share ``rate`` of the keys everything that Redis does
so often a second is done ``rate`` times as often.

Rules are those of ``evict.c``, ``expire.c``, ``dict.c`` and ``db.c`` of Redis 7.0 to 8.
"""

from typing import NamedTuple

from djtune.redis_memory.trace import DELETE, READ, WRITE

REFUSE, RANDOM, IDLE, FREQUENCY, SOONEST = 0, 1, 2, 3, 4
"""How a policy scores a key: ``Setting.scoring``."""

USED, MOST, READS, HITS, EVICTED, EXPIRED, REFUSED, POOLED, STATE, NEXT_CRON, NEXT_CYCLE, STALE = (
    range(12)
)
"""Places in ``Keyspace.counts``."""
COUNTS = 12
ENTRIES, BUCKETS, EXPONENT, CURSOR = range(4)
"""Places in ``Table.state``."""
TABLE_STATE = 4
GROUPS = 20
"""Parts of the keys whose misses are counted apart, for the error of sampling keys."""

POOL = 16
SECOND = 1_000_000
MINUTE = 60 * SECOND
CRON = SECOND // 10
FAST_CYCLE = 2_000
LOOP_KEYS = 20
ACCEPTABLE_STALE = 10
FIRST_COUNTER = 5
SMALLEST_TABLE = 4
BUCKET_BYTES = 8
RANDOM_BITS = 31
STATE_MASK = (1 << 48) - 1
CLOCK_MASK = (1 << 24) - 1
MINUTE_MASK = (1 << 16) - 1


class Requests(NamedTuple):
    """The columns of a trace."""

    time: list[int]
    op: list[int]
    key: list[int]
    size: list[int]
    ttl: list[int]
    cost: list[float]
    pattern: list[int]


class Table(NamedTuple):
    """One of Redis's dictionaries: the keys of each bucket as a chain."""

    heads: list[int]
    """The first key of each bucket; -1: empty."""
    links: list[int]
    """The next key in the chain of each key; -1: the last."""
    state: list[int]


class Keyspace(NamedTuple):
    """A cache at one moment."""

    held: list[int]
    """Bytes of each key's entry; 0: not there."""
    stamp: list[int]
    """The second of the last use, or LFU's minute and counter, as in ``robj->lru``."""
    expires: list[int]
    """When each key expires; 0: never."""
    place: list[int]
    """A hash of each key, of ``RANDOM_BITS`` bits."""
    main: Table
    timed: Table
    """Keys that expire."""
    pool: list[int]
    """Candidates for eviction, the best last."""
    scores: list[int]
    picks: list[int]
    counts: list[int]


class Tallies(NamedTuple):
    """What is counted apart."""

    reads: list[int]
    """By pattern."""
    hits: list[int]
    group_misses: list[int]


class Setting(NamedTuple):
    """What a replay is run under."""

    capacity: int
    """Bytes."""
    rate: float
    scoring: int
    volatile: bool
    """Only keys that expire may be evicted."""
    reads_refresh: bool
    samples: int
    log_factor: int
    decay_minutes: int


def replay(requests: Requests, space: Keyspace, setting: Setting, tallies: Tallies) -> float:
    """Make all requests, and return the seconds that the misses cost."""
    time, op, key, size, ttl = (
        requests.time,
        requests.op,
        requests.key,
        requests.size,
        requests.ttl,
    )
    held, counts = space.held, space.counts
    lost = 0.0
    for i in range(len(key)):
        now = time[i]
        k = key[i]
        if now >= counts[NEXT_CYCLE]:
            cron(space, setting, now)
        full = counts[USED] > setting.capacity and not evict(space, setting, now)
        if space.expires[k] > 0 and now > space.expires[k]:
            forget(space, k)
            counts[EXPIRED] += 1
        if op[i] == READ:
            tallies.reads[requests.pattern[i]] += 1
            if held[k] > 0:
                tallies.hits[requests.pattern[i]] += 1
                if setting.reads_refresh:
                    refresh(space, setting, k, now)
                continue
            tallies.group_misses[space.place[k] % GROUPS] += 1
            lost += requests.cost[i]
            store(space, setting, k, size[i], ttl[i], now, full)
        elif op[i] == WRITE:
            store(space, setting, k, size[i], ttl[i], now, full)
        elif held[k] > 0:
            if op[i] == DELETE:
                forget(space, k)
            else:
                refresh(space, setting, k, now)
                set_expiry(space, setting, k, ttl[i], now)
                if size[i] > 0:
                    resize(space, k, size[i])
    return lost


def store(
    space: Keyspace, setting: Setting, k: int, size: int, ttl: int, now: int, full: bool
) -> None:
    """``SET``: a new entry, or a new value that keeps its key's counter."""
    if size == 0:
        return
    if full:
        space.counts[REFUSED] += 1
        return
    if space.held[k] > 0:
        refresh(space, setting, k, now)
    else:
        add(space.main, space, setting, k)
        if setting.scoring == FREQUENCY:
            space.stamp[k] = (now // MINUTE & MINUTE_MASK) << 8 | FIRST_COUNTER
        else:
            space.stamp[k] = now // SECOND & CLOCK_MASK
    resize(space, k, size)
    set_expiry(space, setting, k, ttl, now)


def resize(space: Keyspace, k: int, size: int) -> None:
    """Let the entry of ``k`` have ``size`` bytes."""
    counts = space.counts
    counts[USED] += size - space.held[k]
    space.held[k] = size
    counts[MOST] = max(counts[MOST], counts[USED])


def set_expiry(space: Keyspace, setting: Setting, k: int, ttl: int, now: int) -> None:
    """Let ``k`` expire ``ttl`` microseconds from now, or never (0)."""
    if ttl > 0:
        if space.expires[k] == 0:
            add(space.timed, space, setting, k)
        space.expires[k] = now + ttl
    elif space.expires[k] > 0:
        remove(space.timed, space, k)
        space.expires[k] = 0


def forget(space: Keyspace, k: int) -> None:
    """Delete ``k``."""
    remove(space.main, space, k)
    if space.expires[k] > 0:
        remove(space.timed, space, k)
        space.expires[k] = 0
    space.counts[USED] -= space.held[k]
    space.held[k] = 0


# --- when a key was used ---------------------------------------------------------------------


def refresh(space: Keyspace, setting: Setting, k: int, now: int) -> None:
    """Note that ``k`` was used now."""
    if setting.scoring != FREQUENCY:
        space.stamp[k] = now // SECOND & CLOCK_MASK
        return
    minute = now // MINUTE & MINUTE_MASK
    counter = decayed(space.stamp[k], minute, setting.decay_minutes)
    odds = max(counter - FIRST_COUNTER, 0) * setting.log_factor + 1
    if counter < 255 and (odds == 1 or draw(space.counts) * odds < 1 << RANDOM_BITS):
        counter += 1
    space.stamp[k] = minute << 8 | counter


def decayed(stamp: int, minute: int, decay_minutes: int) -> int:
    """LFU's counter after the minutes since its key was last used."""
    counter = stamp & 255
    if decay_minutes == 0:
        return counter
    return max(counter - (minute - (stamp >> 8) & MINUTE_MASK) // decay_minutes, 0)


def draw(counts: list[int]) -> int:
    """A random number of ``RANDOM_BITS`` bits, by the generator of ``drand48``."""
    counts[STATE] = (counts[STATE] * 0x5DEECE66D + 11) & STATE_MASK
    return counts[STATE] >> (48 - RANDOM_BITS)


# --- eviction --------------------------------------------------------------------------------


def evict(space: Keyspace, setting: Setting, now: int) -> bool:
    """Evict until memory is within its limit; whether it is."""
    table = space.timed if setting.volatile else space.main
    counts = space.counts
    while counts[USED] > setting.capacity:
        if setting.scoring == REFUSE or table.state[ENTRIES] == 0:
            return False
        if setting.scoring == RANDOM:
            victim = any_key(table, counts)
        else:
            victim = best_candidate(space, table, setting, now)
        forget(space, victim)
        counts[EVICTED] += 1
    return True


def best_candidate(space: Keyspace, table: Table, setting: Setting, now: int) -> int:
    """The key that the pool's best entry names, if it is still (or again) there."""
    counts = space.counts
    while True:
        for j in range(sample(space, table, setting.samples)):
            k = space.picks[j]
            offer(space, k, score(space, setting, k, now))
        while counts[POOLED] > 0:
            counts[POOLED] -= 1
            k = space.pool[counts[POOLED]]
            if space.held[k] > 0 and (not setting.volatile or space.expires[k] > 0):
                return k


def score(space: Keyspace, setting: Setting, k: int, now: int) -> int:
    """How good a candidate ``k`` is; comparable under one policy."""
    if setting.scoring == IDLE:
        return (now // SECOND - space.stamp[k]) & CLOCK_MASK
    if setting.scoring == FREQUENCY:
        return 255 - decayed(space.stamp[k], now // MINUTE & MINUTE_MASK, setting.decay_minutes)
    return -space.expires[k]


def offer(space: Keyspace, k: int, value: int) -> None:
    """Put ``k`` into the pool, in order of scores; it drops the worst when full."""
    pool, scores, counts = space.pool, space.scores, space.counts
    size = counts[POOLED]
    if size == POOL:
        if value <= scores[0]:
            return
        at = 0
        while at < POOL - 1 and scores[at + 1] < value:
            scores[at] = scores[at + 1]
            pool[at] = pool[at + 1]
            at += 1
    else:
        counts[POOLED] = size + 1
        at = size
        while at > 0 and scores[at - 1] >= value:
            scores[at] = scores[at - 1]
            pool[at] = pool[at - 1]
            at -= 1
    scores[at] = value
    pool[at] = k


def sample(space: Keyspace, table: Table, wanted: int) -> int:
    """Pick keys from consecutive buckets, as ``dictGetSomeKeys``; how many."""
    picks, counts = space.picks, space.counts
    buckets = table.state[BUCKETS]
    wanted = min(wanted, table.state[ENTRIES])
    bucket = draw(counts) * buckets >> RANDOM_BITS
    found = empty = 0
    for _ in range(wanted * 10):
        k = table.heads[bucket]
        if k >= 0:
            empty = 0
        else:
            empty += 1
            if empty >= 5 and empty > wanted:
                bucket = draw(counts) * buckets >> RANDOM_BITS
                empty = 0
        while k >= 0:
            at = found if found < wanted else draw(counts) * (found + 1) >> RANDOM_BITS
            if at < wanted:
                picks[at] = k
            found += 1
            k = table.links[k]
        if found >= wanted:
            break
        bucket = bucket + 1 if bucket + 1 < buckets else 0
    return min(found, wanted)


def any_key(table: Table, counts: list[int]) -> int:
    """A key of a random bucket that has one, as ``dictGetRandomKey``."""
    k = -1
    while k < 0:
        k = table.heads[draw(counts) * table.state[BUCKETS] >> RANDOM_BITS]
    length = 0
    other = k
    while other >= 0:
        length += 1
        other = table.links[other]
    for _ in range(draw(counts) * length >> RANDOM_BITS):
        k = table.links[k]
    return k


# --- expiry ----------------------------------------------------------------------------------


def cron(space: Keyspace, setting: Setting, now: int) -> None:
    """All cycles that are due: ten a second, and quick ones between as long as many are stale."""
    counts = space.counts
    period = int(CRON / setting.rate)
    if now < counts[NEXT_CRON]:
        expire(space, now)
    else:
        # After a long silence, so many cycles as look at each key twice are as good as all.
        missed = (now - counts[NEXT_CRON]) // period
        enough = 2 + space.timed.state[ENTRIES] // (LOOP_KEYS // 2)
        counts[NEXT_CRON] += max(missed - enough, 0) * period
        while counts[NEXT_CRON] <= now:
            expire(space, counts[NEXT_CRON])
            shrink(space.main, space, setting)
            shrink(space.timed, space, setting)
            counts[NEXT_CRON] += period
    counts[NEXT_CYCLE] = counts[NEXT_CRON]
    if counts[STALE] >= ACCEPTABLE_STALE * 1000:
        counts[NEXT_CYCLE] = min(counts[NEXT_CRON], now + int(FAST_CYCLE / setting.rate))


def expire(space: Keyspace, now: int) -> None:
    """``activeExpireCycle``: twenty keys at a time, until few of them are stale."""
    counts, state = space.counts, space.timed.state
    all_seen = all_stale = 0
    while state[ENTRIES] > 0:
        if state[BUCKETS] > SMALLEST_TABLE and state[ENTRIES] * 100 // state[BUCKETS] < 1:
            break
        wanted = min(state[ENTRIES], LOOP_KEYS)
        seen = stale = 0
        for _ in range(wanted * 20):
            if seen >= wanted:
                break
            stale_here, seen_here = expire_bucket(space, now)
            stale += stale_here
            seen += seen_here
        all_seen += seen
        all_stale += stale
        if seen > 0 and stale * 100 // seen <= ACCEPTABLE_STALE:
            break
    counts[EXPIRED] += all_stale
    share = all_stale * 100_000 // all_seen if all_seen > 0 else 0
    counts[STALE] = (share * 5 + counts[STALE] * 95) // 100


def expire_bucket(space: Keyspace, now: int) -> tuple[int, int]:
    """Delete what is stale in the next bucket; how many were, of how many."""
    state = space.timed.state
    bucket = state[CURSOR] if state[CURSOR] < state[BUCKETS] else 0
    state[CURSOR] = bucket + 1
    stale = seen = 0
    k = space.timed.heads[bucket]
    while k >= 0:
        following = space.timed.links[k]
        seen += 1
        if now > space.expires[k]:
            forget(space, k)
            stale += 1
        k = following
    return stale, seen


# --- the dictionaries ------------------------------------------------------------------------


def add(table: Table, space: Keyspace, setting: Setting, k: int) -> None:
    """Link ``k`` into its bucket, after the table has grown if it is full and may."""
    state = table.state
    if state[ENTRIES] >= state[BUCKETS]:
        grow(table, space, setting)
    bucket = space.place[k] * state[BUCKETS] >> RANDOM_BITS
    table.links[k] = table.heads[bucket]
    table.heads[bucket] = k
    state[ENTRIES] += 1


def remove(table: Table, space: Keyspace, k: int) -> None:
    """Unlink ``k`` from its bucket."""
    bucket = space.place[k] * table.state[BUCKETS] >> RANDOM_BITS
    before = table.heads[bucket]
    if before == k:
        table.heads[bucket] = table.links[k]
    else:
        while table.links[before] != k:
            before = table.links[before]
        table.links[before] = table.links[k]
    table.state[ENTRIES] -= 1


def grow(table: Table, space: Keyspace, setting: Setting) -> None:
    """Double the table; a little over-full it only does so within the memory limit."""
    state = table.state
    exponent = fitting(state[ENTRIES] + 1, setting.rate)
    more = table_bytes(exponent, setting.rate)
    if space.counts[USED] + more > setting.capacity and (
        state[ENTRIES] * 1000 < 1618 * state[BUCKETS]
    ):
        return
    rehash(table, space, setting, exponent)


def shrink(table: Table, space: Keyspace, setting: Setting) -> None:
    """Halve a table as often as it can be that is filled to less than a tenth."""
    state = table.state
    if state[BUCKETS] > SMALLEST_TABLE and state[ENTRIES] * 100 // state[BUCKETS] < 10:
        rehash(table, space, setting, fitting(state[ENTRIES], setting.rate))


def rehash(table: Table, space: Keyspace, setting: Setting, exponent: int) -> None:
    """Move all keys into ``2 ** exponent`` buckets, at once."""
    heads, links, state = table.heads, table.links, table.state
    chain = -1
    for bucket in range(state[BUCKETS]):
        k = heads[bucket]
        while k >= 0:
            following = links[k]
            links[k] = chain
            chain = k
            k = following
    space.counts[USED] += table_bytes(exponent, setting.rate)
    if state[BUCKETS] > 0:
        space.counts[USED] -= table_bytes(state[EXPONENT], setting.rate)
    state[EXPONENT] = exponent
    state[BUCKETS] = buckets_of(exponent, setting.rate)
    for bucket in range(state[BUCKETS]):
        heads[bucket] = -1
    while chain >= 0:
        following = links[chain]
        bucket = space.place[chain] * state[BUCKETS] >> RANDOM_BITS
        links[chain] = heads[bucket]
        heads[bucket] = chain
        chain = following


def fitting(entries: int, rate: float) -> int:
    """The exponent of the smallest table that has a bucket for each of so many entries."""
    exponent = 2
    while buckets_of(exponent, rate) < entries:
        exponent += 1
    return exponent


def buckets_of(exponent: int, rate: float) -> int:
    """Buckets, in the sample, of a table that has ``2 ** exponent`` in the whole."""
    return max(int((1 << exponent) * rate), 1)


def table_bytes(exponent: int, rate: float) -> int:
    """Bytes of its array of pointers, in the sample."""
    return int(BUCKET_BYTES * (1 << exponent) * rate)
