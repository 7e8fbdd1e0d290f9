"""What a look at Redis costs the server, how near it comes, and what it leaves behind.

One server of its own with a million keys of nine Django-like patterns, one of them a single list of
40 MB (``benchmarks/redis_data.py``):

- server CPU of djtune's visits, by ``INFO``, beside ``redis-cli --memkeys``, ``--bigkeys`` and,
  where ``--keystats-cli`` names a ``redis-cli`` of 7.4 or later, ``--keystats``; in turn;
- how many keys' idle times each of them took away;
- how far the visits' totals were from the census, and whether their intervals held it;
- a thousand looks at the census in memory, by the same allocation and intervals;
- what the balance leaves over, on the whole census and from samples.

Needs the ``redis`` extra, ``redis-server`` and ``redis-cli``. Run it from the repository::

    python -m benchmarks.redis_sampling [--share 1.0] [--visits 10] [--replicates 1000]
"""

import argparse
import multiprocessing
import os
import platform
import subprocess
import time
from collections.abc import Callable
from functools import partial
from statistics import fmean, median
from typing import Any

import numpy as np
import redis
from msgspec import Struct

from benchmarks.redis_data import load
from djtune.redis_memory.estimated import Amount, Estimates
from djtune.redis_memory.estimating.estimates import estimate
from djtune.redis_memory.estimating.resampling import added, exact, interval, sampled
from djtune.redis_memory.facts import Use
from djtune.redis_memory.looking.allocation import allocate, pilot, piloted
from djtune.redis_memory.looking.look import Asked, look
from djtune.redis_memory.looking.patterns import MOST_OF_ONE
from djtune.redis_memory.observed import Floats, Seen
from djtune.redis_memory.server.connecting import Budget, connected
from djtune.servers.redis import redis_server

HELD = 2000
"""Keys whose idle times are looked at before and after each visit."""
FAST = Budget(500)
"""Ten times djtune's own budget, so that ten visits take a minute and not ten; CPU is the same."""


class Cost(Struct):
    """One visit of a tool."""

    cpu: float
    """Seconds of the server's."""
    wall: float
    touched: float
    """Share of the keys whose idle time it took away."""


class Lab:
    """The server under test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.path = url.removeprefix("unix://")
        self.client = redis.Redis(unix_socket_path=self.path)
        self.held: list[Any] = []

    def cpu(self) -> float:
        """Seconds that the server has spent."""
        info: Any = self.client.info("cpu")
        return float(info["used_cpu_user"] + info["used_cpu_sys"])

    def rest(self) -> None:
        """Let idle times grow, so that a touch is seen."""
        if not self.held:
            self.held = [self.client.randomkey() for _ in range(HELD)]
        time.sleep(3)

    def idle(self) -> Floats:
        """Idle seconds of the keys that are held."""
        pipeline = self.client.pipeline(transaction=False)
        for name in self.held:
            pipeline.object("idletime", name)
        found = [np.nan if n is None else float(n) for n in pipeline.execute(raise_on_error=False)]
        return np.array(found)

    def cost(self, visit: Callable[[], object]) -> Cost:
        """What the visit cost."""
        self.rest()
        before, cpu, began = self.idle(), self.cpu(), time.perf_counter()
        visit()
        wall, spent = time.perf_counter() - began, self.cpu() - cpu
        return Cost(spent, wall, float(np.mean(self.idle() < before)))

    def cli(self, program: str, option: str) -> Cost:
        """One run of ``redis-cli``."""
        command = [program, "-s", self.path, option]
        return self.cost(lambda: subprocess.run(command, capture_output=True, check=True))

    def look(self, asked: Asked, budget: Budget) -> Seen:
        """One visit of djtune's."""
        with connected(self.url, [Use("the benchmark", "given")], budget) as server:
            return look(server, asked)


def main() -> None:
    """Load, visit, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the million keys")
    parser.add_argument("--visits", type=int, default=10)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--keystats-cli", help="a redis-cli of 7.4 or later")
    options = parser.parse_args()
    with redis_server() as url:
        lab = Lab(url)
        load(lab.client, options.share)
        describe(lab)
        census = take_census(lab)
        truth = estimate(census)
        compare_costs(lab, options.visits, options.keystats_cli, truth)
    replicate([pattern.whole.bytes for pattern in census.patterns], options.replicates)


def describe(lab: Lab) -> None:
    """Print what this runs on."""
    server: Any = lab.client.info()
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()},", end=" "
    )
    print(f"Redis {server['redis_version']} ({server['mem_allocator']}), unix socket")
    used = server["used_memory"] / 1e6
    print(f"{lab.client.dbsize():,} keys, used_memory {used:,.1f} MB", flush=True)


def take_census(lab: Lab) -> Seen:
    """Measure every key, and print what the balance leaves over."""
    began = time.perf_counter()
    asked = Asked(precision=0, seconds=600, moments=1)
    seen = lab.look(asked, Budget(1000))
    found = estimate(seen)
    print(f"\ncensus of {seen.names:,} keys in {time.perf_counter() - began:.0f} s:")
    assert found.balance is not None
    for line in found.balance.lines:
        print(f"  {line.label:32} {line.bytes.value / 1e6:10.2f} MB  {line.source}")
    print(f"  {'used_memory':32} {found.balance.used_memory / 1e6:10.2f} MB")
    print(f"  residual {residual(found)}", flush=True)
    return seen


def residual(found: Estimates) -> str:
    """What the balance leaves over."""
    assert found.balance is not None
    over, used = found.balance.residual, found.balance.used_memory
    return f"{over / 1e6:+.2f} MB ({over / used:+.2%} of used_memory)"


def compare_costs(lab: Lab, visits: int, keystats: str | None, truth: Estimates) -> None:
    """Print what each tool costs, and how near djtune came."""
    seen: list[Seen] = []
    costs: dict[str, list[Cost]] = {"djtune": []}
    for visit in range(visits):
        asked = Asked(seconds=60, moments=1, seed=visit)
        costs["djtune"].append(lab.cost(partial(visited, lab, asked, FAST, seen)))
        if visit % 4 == 0:
            for option in ("--memkeys", "--bigkeys"):
                costs.setdefault(option, []).append(lab.cli("redis-cli", option))
            if keystats:
                costs.setdefault("--keystats", []).append(lab.cli(keystats, "--keystats"))
    own = Asked(seconds=30, seed=visits)
    costs["djtune, 50 ms/s, 30 s"] = [lab.cost(partial(visited, lab, own, Budget(), seen))]
    base = median(cost.cpu for cost in costs["--memkeys"])
    print(f"\n{'':24} {'runs':>4} {'server CPU s':>13} {'of --memkeys':>13}", end=" ")
    print(f"{'wall s':>7} {'idle times lost':>16}")
    for name, runs in costs.items():
        cpu = median(cost.cpu for cost in runs)
        print(f"{name:24} {len(runs):4} {cpu:13.2f} {cpu / base:12.2f}x", end=" ")
        print(f"{median(cost.wall for cost in runs):7.1f} {max(c.touched for c in runs):16.1%}")
    for each in seen:
        print_visit(each, estimate(each), truth.bytes)


def visited(lab: Lab, asked: Asked, budget: Budget, seen: list[Seen]) -> None:
    """One visit of djtune's, kept in ``seen``."""
    seen.append(lab.look(asked, budget))


def print_visit(visit: Seen, found: Estimates, truth: Amount) -> None:
    """One line: how near a visit came."""
    total = found.bytes
    sizes = sum(pattern.sampled for pattern in found.patterns)
    inside = "yes" if total.low <= truth.value <= total.high else "NO"
    reach = (total.high - total.low) / 2 / total.value
    print(f"visit: {visit.names:,} names, {sizes:,} sizes,", end=" ")
    print(f"total {total.value / truth.value - 1:+.2%} ± {reach:.2%}, covered: {inside};", end=" ")
    print(f"residual {residual(found)}", flush=True)


def replicate(census: list[Floats], times: int) -> None:
    """Print how often intervals of looks at the census hold its total."""
    truth = sum(float(sizes.sum()) for sizes in census)
    with multiprocessing.get_context("fork").Pool(2, _keep, (census,)) as pool:
        totals = pool.map(_total, range(times), chunksize=10)
    errors = np.array([total.value / truth - 1 for total in totals])
    held = sum(total.low <= truth <= total.high for total in totals)
    reach = fmean((total.high - total.low) / 2 / total.value for total in totals)
    print(
        f"\n{times} looks at the census in memory ({truth / 1e6:,.1f} MB by MEMORY USAGE):", end=" "
    )
    print(f"{held} intervals hold the total, RMSE {np.sqrt((errors**2).mean()):.2%},", end=" ")
    print(f"bias {errors.mean():+.3%}, half an interval {reach:.2%} on average")


_census: list[Floats] = []


def _keep(census: list[Floats]) -> None:
    _census[:] = census


def _total(seed: int) -> Amount:
    """The total by one look, as ``looking`` and ``estimating`` tell it."""
    random = np.random.default_rng(seed)
    drawn = [
        sizes[random.choice(sizes.size, min(sizes.size, MOST_OF_ONE), replace=False)]
        for sizes in _census
    ]
    keys, held = [sizes.size for sizes in _census], [sizes.size for sizes in drawn]
    first = pilot(keys, held)
    told = [
        piloted(n, here, sizes[:begin])
        for n, here, sizes, begin in zip(keys, held, drawn, first, strict=True)
    ]
    parts = []
    more = allocate(told, Asked().precision, Asked().sizes)
    for n, sizes, begin, extra in zip(keys, drawn, first, more, strict=True):
        if not extra or begin + extra >= n:
            parts.append(sampled(sizes[: begin + extra], n, random))
            continue
        parts.append(exact(float(sizes[:begin].sum())))
        parts.append(sampled(sizes[begin : begin + extra], n - begin, random))
    return interval(added(parts))


if __name__ == "__main__":
    main()
