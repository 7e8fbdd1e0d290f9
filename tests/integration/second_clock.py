"""Run inside the sample site: serves its workload while a clock outside the agent runs too.

Prints JSON: route → a pair per request of that clock's time and the sum of the phases, in ns.
"""

import asyncio
import importlib.util
import json
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter_ns
from typing import Any

BOOTSTRAP = Path(__file__).parents[2] / "djtune" / "agent" / "bootstrap.py"
TIMES = 9


def load_agent() -> None:
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec
    assert spec.loader
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    bootstrap.load_agent()


def clocked(serve: Any, measured: list[int]) -> Any:
    """``serve``, with its time noted: the whole of what the agent's clock runs in, and more."""

    def sync_serve(*args: Any) -> Any:
        start = perf_counter_ns()
        try:
            return serve(*args)
        finally:
            measured.append(perf_counter_ns() - start)

    async def async_serve(*args: Any) -> Any:
        start = perf_counter_ns()
        try:
            return await serve(*args)
        finally:
            measured.append(perf_counter_ns() - start)

    return async_serve if asyncio.iscoroutinefunction(serve) else sync_serve


def main(interface: str, workload: dict[str, Any]) -> None:
    load_agent()
    from djtune_agent import calls, startup

    startup.load(str(Path.cwd()), "streaming.settings", [], interface)
    calls.open_session(workload, seed=1, interface=interface)
    session = calls.current()
    second: list[int] = []
    session.driver._timed = clocked(session.driver._timed, second)
    bad = [each["step"] for each in calls.class_steps(lambda _: None, []) if each["class"] != "ok"]
    pairs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for _ in range(TIMES):
        for journey in range(len(workload["journeys"])):
            for _, request, exchange in calls.follow(session, calls.draw(session, journey, bad)):
                phases = sum(exchange.phases_ns()) + exchange.machine_ns
                pairs[f"{request.method} {request.route}"].append((second[-1], phases))
    sys.stdout.write(json.dumps(pairs))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
