"""What a pattern's keys are to a Django project, and which words name code rather than people."""

import re
from collections.abc import Sequence

from djtune.redis_memory.facts import Kind

KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("session", re.compile(r"django\.contrib\.sessions\.|(^|[:_.-])sess(ions?|id)?([:_.-]|$)")),
    ("page", re.compile(r"views\.decorators\.cache\.cache_(page|header)\.")),
    ("result", re.compile(r"celery-task(set)?-meta-|^rq:results?:|^dramatiq-results:")),
    (
        "queue",
        # Kombu's queues of other priorities end in \x06\x16 and the priority.
        re.compile(
            r"_kombu\.binding\.|\\x06\\x16|(^|:)unacked|(^|:)celery(\W|$)|^(rq|bull|arq|huey)[.:]"
        ),
    ),
    ("queue", re.compile(r"^dramatiq:|^django_?q:")),
    ("channels", re.compile(r"(^|:)asgi:|(^|[.:])specific\.")),
    ("lock", re.compile(r"(^|[:_.-])(lock|mutex|semaphore)s?([:_.-]|$)")),
    ("counter", re.compile(r"(^|[:_.-])(throttle|rate[_-]?limit|rl|hits|count(er)?s?)([:_.-]|$)")),
)
VERSIONED = re.compile(r"^[^:]*:\d+:")

WORDS = frozenset(
    b"""
    django contrib sessions cache cached db views decorators page header GET HEAD POST en us UTC
    template fragment celery task taskset meta kombu binding unacked index mutex reply pidbox
    asgi group specific channels channel rq job jobs queue queues failed started finished
    deferred scheduled workers worker huey dramatiq bull arq q cluster
    conj schemes cachalot queryset lock locks throttle anon user users scope ratelimit rate limit
    session sess token tokens api v1 v2 v3 app apps auth settings config configuration constance
    waffle flag switch sample feature features flags list lists detail details all active latest
    recent popular featured top home homepage menu nav navigation footer sidebar site sites
    site_id count counts counter counters total totals stats statistics daily weekly monthly
    hourly hits views visits online last next product products catalog catalogue category
    categories cart carts order orders price prices search results result suggestions profile
    profiles account accounts permissions perms groups role roles notification notifications
    message messages inbox feed feeds timeline news article articles post posts comment comments
    tag tags image images thumbnail thumbnails media file files static translation translations
    country countries city cities currency currencies exchange rates leaderboard ranking rankings
    score scores event events schedule epg programme programmes video videos stream streams
    playlist playlists watchlist history recommendations likes follow followers following
    friends hash set zset string map geo bloom sitemap robots health healthcheck heartbeat status
    version versions build metrics lease leader lua script scripts data info key keys value
    values id ids pk sku slug url urls path email phone ip name names by for of the to and in
    """.split()
)
"""Words that name code and not people: they are shown however few keys bear them."""


def kind_of(pattern: str, prefixes: Sequence[str] = ()) -> Kind:
    """What the keys of a pattern are, by its text alone; ``prefixes`` are those of caches."""
    for kind, known in KINDS:
        if known.search(pattern):
            return kind
    cached = VERSIONED.match(pattern) or pattern.startswith(tuple(filter(None, prefixes)))
    return "cache" if cached else "other"
