"""The bytes of a response are those that a server would send."""

import msgspec
import pytest
from worker_helpers import project, step, workload

from djtune.model.samples import Sample
from djtune.servers.worker import Worker

STEPS = [
    step("fine/"),
    {**step("fine/", "HEAD"), "unsafe": False},
    step("bodiless/<int:status>/", params={"status": {"choice": [204]}}, expect=[204]),
    step("bodiless/<int:status>/", params={"status": {"choice": [304]}}, expect=[304]),
]


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_no_bytes_are_counted_where_no_body_is_sent(interface: str) -> None:
    rows: list[list[object]] = []
    with Worker(project("awkward", settings="conf")) as worker:
        worker.call("open_session", workload=workload(STEPS), seed=1, interface=interface)
        worker.call(
            "run_trial",
            counts=[1] * len(STEPS),
            skip=[],
            seed=1,
            seconds=60,
            on_part=rows.extend,
        )
    samples = msgspec.convert(rows, list[Sample])
    assert {each.step: (each.ok, each.raw_bytes, each.wire_bytes) for each in samples} == {
        0: (True, 4, 4),
        1: (True, 0, 0),
        2: (True, 0, 0),
        3: (True, 0, 0),
    }
