"""The sample site's evening: is the hit ratio that redis-size promises met on a real server?

    python -m benchmarks.redis_evening [--journeys 4000] [--rate 20] [--viewers 1500]

Serves the site (gunicorn, profile cache on, caches recorded) beside a throw-away Redis, and makes
the journeys of its workload over HTTP; of the guide two channels are asked for, as its rendering
does not matter here. Then `djtune redis-size --trace` gives its advice, and the same journeys,
drawn with another seed, are made against fresh servers of the advised policy at three sizes. Hits
and misses are the servers' own (INFO), from an empty cache on, as in the recording.

Exits with 1 when a promise is not met within 2 points, or the policy advised is not allkeys-*.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import redis
from msgspec import Struct

from djtune.redis_memory.advising.reading import at
from djtune.redis_memory.curves import Curve
from djtune.redis_memory.result import RedisSizeResult, ServerResult
from djtune.servers.ports import LOOPBACK, free_port
from djtune.servers.redis import redis_server
from djtune.servers.tether import tethered

SITE = Path(__file__).parent.parent / "sample_site"
POINTS = 0.02
CLIENTS = 4
WORKERS = 2
LATE = 1.1
SETTLING = 40
"""Journeys after which every worker has its connections."""
TIGHT = (0.3, 0.6)
"""Parts of what everything takes that are tried beside the advice."""
KINDS = {"launch": 60.0, "browse": 12.0, "zap": 15.0}
"""The journeys of workload.yaml that touch the cache, with their weights there."""


class Evening(Struct):
    """What can be asked for."""

    tokens: list[str]
    channels: list[str]
    """The viewers' last channels, in the order of the tokens."""
    free: list[str]
    shows: list[int]


class Row(Struct):
    """One server's evening."""

    maxmemory: int
    promised: tuple[float, float, float]
    hits: int
    misses: int

    @property
    def ratio(self) -> float:
        """Hits of all reads."""
        return self.hits / (self.hits + self.misses)


def evening(data: Path, viewers: int) -> Evening:
    """Sign viewers in, and look up what they ask for."""
    script = (
        "import json, django; django.setup()\n"
        "from accounts.models import Profile\n"
        "from accounts.authentication import issue_token\n"
        "from epg.models import Channel, Show\n"
        "found = list(Profile.objects.filter(user__is_active=True, user__devices__isnull=False,"
        " last_channel__isnull=False).distinct().values_list('user_id', 'last_channel__slug')"
        f".order_by('user_id')[:{viewers}])\n"
        "print(json.dumps({'tokens': [issue_token(user) for user, _ in found],"
        " 'channels': [slug for _, slug in found],"
        " 'free': list(Channel.objects.filter(package__code='free')"
        ".values_list('slug', flat=True)),"
        " 'shows': list(Show.objects.values_list('pk', flat=True))}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=SITE,
        env=environment(data),
        capture_output=True,
        text=True,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Evening)


def environment(data: Path, **extra: str) -> dict[str, str]:
    """The site's environment."""
    own = {"DJANGO_SETTINGS_MODULE": "streaming.settings", "SITE_DATA": str(data)}
    return {**os.environ, "SITE_PROFILE_CACHE": "1", **own, **extra}


@contextmanager
def serving(data: Path, url: str, **extra: str) -> Iterator[int]:
    """The site under gunicorn while the block lasts; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "streaming.wsgi", "--log-level", "error"]
    command += ["--workers", str(WORKERS), "--bind", f"{LOOPBACK}:{port}"]
    with tethered(
        command,
        cwd=SITE,
        env=environment(data, REDIS_URL=url, SITE_ORJSON="1", SITE_LEAN="1", **extra),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        deadline = time.monotonic() + 30
        while ask(port, "/api/health/") != 200:
            if time.monotonic() > deadline:
                raise SystemExit("the site did not start")
            time.sleep(0.1)
        yield port


def ask(port: int, path: str, token: str = "") -> int:
    """Return the status of one answer; 0 where there is none."""
    connection = HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except OSError:
        return 0
    finally:
        connection.close()


def journey(tonight: Evening, rng: random.Random) -> Sequence[tuple[str, str]]:
    """One journey: paths with the token that they are asked for with."""
    viewer = rng.randrange(len(tonight.tokens))
    token = tonight.tokens[viewer]
    (kind,) = rng.choices(list(KINDS), list(KINDS.values()))
    if kind == "launch":
        channel = tonight.channels[viewer]
        paths = ["profile/", "channels/", "epg/?day=today&from=1&to=2", f"stream/{channel}/"]
    elif kind == "browse":
        shows = [zipf(tonight.shows, rng) for _ in range(2)]
        paths = ["recommendations/", *(f"shows/{show}/" for show in shows)]
    else:
        paths = [f"stream/{zipf(tonight.free, rng)}/"]
    return [(f"/api/{path}", token) for path in paths]


def zipf(things: Sequence[Any], rng: random.Random) -> Any:
    """One of them, the first ones more often."""
    return things[min(int(len(things) ** rng.random()) - 1, len(things) - 1)]


def make_journeys(port: int, tonight: Evening, journeys: int, rate: float, seed: int) -> int:
    """So many journeys, ``rate`` begun each second; returns the number of answers.

    The same pace in every run, as what expires depends on it.
    """
    answers: list[int] = []
    began = time.monotonic()

    def client(number: int) -> None:
        rng, asked = random.Random(f"{seed} {number}"), 0
        for turn in range(journeys // CLIENTS):
            time.sleep(max(0.0, began + (turn * CLIENTS + number) / rate - time.monotonic()))
            for path, token in journey(tonight, rng):
                asked += ask(port, path, token) == 200
        answers.append(asked)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    if took > LATE * journeys / rate:
        print(f"(behind: {journeys} journeys took {took:.0f} s instead of {journeys / rate:.0f})")
    return sum(answers)


def recorded(
    data: Path, tonight: Evening, journeys: int, rate: float, folder: Path
) -> ServerResult:
    """An evening that is recorded, and what redis-size makes of it."""
    with redis_server() as url:
        with serving(data, url, SITE_RECORD_CACHE=str(folder)) as port:
            answers = make_journeys(port, tonight, journeys, rate, seed=1)
        print(f"recorded: {answers:,} answers")
        command = ["redis-size", url, "--trace", str(folder), "--format", "json", "--quiet"]
        done = subprocess.run(
            [sys.executable, "-m", "djtune.cli", *command, "--time-budget", "5"],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    return msgspec.json.decode(done.stdout, type=RedisSizeResult).servers[0]


def tried(
    data: Path, tonight: Evening, journeys: int, rate: float, policy: str, curve: Curve, size: float
) -> Row:
    """The evening again, with other draws, on a server of that size."""
    point = at(curve, size)
    assert point is not None
    with redis_server("--maxmemory-policy", policy) as url:
        client = redis.Redis.from_url(url)
        with serving(data, url) as port:
            make_journeys(port, tonight, SETTLING, rate, seed=3)
            client.flushall()
            # What the server needs with its clients connected is not for entries.
            client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + int(size))
            client.config_resetstat()
            make_journeys(port, tonight, journeys, rate, seed=2)
        stats = client.info("stats")
        client.close()
    promised = (1 - point.miss_ratio, 1 - point.high, 1 - point.low)
    return Row(int(size), promised, stats["keyspace_hits"], stats["keyspace_misses"])


def main() -> int:
    """Record, advise, try; print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journeys", type=int, default=4000)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--viewers", type=int, default=1500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, recordings = Path(folder) / "data", Path(folder) / "recordings"
        seed = ["site", "seed", "--size", "medium", "--data", str(data)]
        subprocess.run([sys.executable, "-m", "djtune.cli", *seed], check=True, capture_output=True)
        tonight = evening(data, options.viewers)
        server = recorded(data, tonight, options.journeys, options.rate, recordings)
        assert server.advice is not None
        rules = server.advice.policy.rules
        curve = next(curve for curve in server.traced if curve.rules == rules)
        whole = max(point.bytes for point in curve.points) / 1.2
        print(f"advised: {rules.policy}; {'; '.join(server.advice.policy.why)}")
        rows = [
            tried(data, tonight, options.journeys, options.rate, rules.policy, curve, part * whole)
            for part in (*TIGHT, 1.2)
        ]
    return report(rules.policy, rows)


def report(policy: str, rows: list[Row]) -> int:
    """Print what was promised and what was met; 1 if it was not."""
    kept = True
    for row in rows:
        value, low, high = row.promised
        off = row.ratio - value
        kept &= abs(off) <= POINTS
        print(
            f"{row.maxmemory / 1e6:6.2f} MB for entries: promised {value:.3f} "
            f"[{low:.3f}-{high:.3f}], met {row.ratio:.3f} (n={row.hits + row.misses:,}), "
            f"off by {100 * off:+.1f} points"
        )
    print(json.dumps({"policy": policy, "kept": kept}))
    return 0 if kept and policy.startswith("allkeys-") else 1


if __name__ == "__main__":
    sys.exit(main())
