"""Runs inside ``tests/projects/cached``: what the cache recorder sees, from within.

Reads calls, one a line: ``{"name": "core", "env": {…}}``. Each is made in a fork of this process;
what the function returns is printed as JSON.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

sys.path.insert(0, str(Path.cwd()))
os.environ["DJANGO_SETTINGS_MODULE"] = "conf.settings"


def finish() -> None:
    from djtune.agent.recorder.cache import this_process

    recording = this_process()
    if recording is not None:
        recording.finish()


def stored_and_read() -> None:
    """A value that is missed, stored and read again."""
    from django.core.cache import cache

    assert cache.get("show:7") is None
    cache.set("show:7", 12345, timeout=60)
    assert cache.get("show:7") == 12345


def call(name: str, env: dict[str, str]) -> None:
    os.environ.update(env)
    django.setup()
    function: Callable[[], Any] = globals()[name]
    found = function()
    finish()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    for line in sys.stdin:
        if not os.fork():
            call(**json.loads(line))
            sys.exit()
        if os.wait()[1]:
            sys.exit("the call failed")
