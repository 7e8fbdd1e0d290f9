"""Asks a project's routes with and without rows being watched; prints how the answers compare.

Run in the project's folder: ``python watched_probe.py INTERFACE [--broken] ROUTE …``; with
``--broken`` every part of the instrument fails that can.
"""

import json
import sys
from pathlib import Path
from typing import Any


def main(interface: str, routes: list[str], broken: bool) -> None:
    import django

    django.setup()

    from djtune.agent import calls
    from djtune.agent.payloads import reads

    if broken:
        _break()
    journeys = [{"name": route, "steps": [{"route": route}]} for route in routes]
    calls.open_session({"journeys": journeys}, seed=1, interface=interface)
    calls.class_steps(lambda _: None, skip=[])
    session = calls.current()
    recorder = reads.Recorder()
    found: dict[str, Any] = {}
    for number, route in enumerate(routes):
        steps = calls.draw(session, number, ())
        bare = _answer(calls.follow(session, steps, timed=False))
        with reads.watching():
            watched = _answer(calls.follow(session, steps, detail=recorder))
            brought = len(recorder.reads.brought)
            recorder.finish(watched[-1], ok=True)
        again = _answer(calls.follow(session, steps, timed=False))
        found[route] = {
            "status": bare[0],
            "equal": bare[:-1] == watched[:-1] == again[:-1],
            "fetches": brought,
        }
    json.dump({"routes": found, "failures": recorder.failures}, sys.stdout)


def _answer(exchanges: Any) -> tuple[int, str, bytes, Any]:
    ((_, _, exchange),) = exchanges
    return exchange.status, exchange.header("Content-Type"), exchange.body, exchange


def _break() -> None:
    from djtune.agent.payloads import anchoring, fetches, readers, value_rows

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("of the instrument's own")

    parts = [
        (readers, "reading"),
        (anchoring, "find"),
        (fetches, "_needed"),
        (value_rows, "_column"),
    ]
    for module, name in parts:
        setattr(module, name, fail)


if __name__ == "__main__":
    sys.path[:0] = [str(Path.cwd()), str(Path(__file__).parents[2])]
    arguments = [each for each in sys.argv[2:] if each != "--broken"]
    main(sys.argv[1], arguments, broken="--broken" in sys.argv)
