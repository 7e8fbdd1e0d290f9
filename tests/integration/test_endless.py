"""A stream without an end is broken off, and does not run beside the requests after it."""

import subprocess
import sys

from helpers import PROJECTS

SCRIPT = """
import django
django.setup()
from djtune.agent import limit
from djtune.agent.session import Session

limit.SECONDS = 0.5
steps = [{"route": "endless/"}, {"route": "counted/"}]
session = Session({"journeys": [{"name": "one", "steps": steps}]}, 1, "asgi", None)
endless, counted = [step.request({}) for step in session.player.draw(0)]
print(session.serve(endless).status, session.serve(counted).body.decode())
print(session.failures)
"""


def test_an_endless_stream_stops_when_its_time_is_over() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=PROJECTS / "awkward",
        env={"DJANGO_SETTINGS_MODULE": "conf", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    answers, failures = done.stdout.splitlines()
    assert answers == "0 0"
    assert "did not end" in failures
