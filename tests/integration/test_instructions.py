"""Instructions of a request, counted by whatever tool this machine has."""

from pathlib import Path

import pytest
from worker_helpers import project

from djtune.errors import DjtuneError
from djtune.experiments.instructions import Counted, InstructionPlan, count_instructions
from djtune.model.policy import parse
from djtune.model.workload import Journey, Step, Workload
from djtune.servers.instructions import Counter, cachegrind_count, find_counter, perf_count


@pytest.fixture(scope="module")
def counter() -> Counter:
    try:
        return find_counter()
    except DjtuneError as error:
        pytest.skip(error.message)


def counted(counter: Counter, route: str, *policies: str, seconds: float = 300) -> list[Counted]:
    workload = Workload([Journey("only", [Step(route)])])
    chosen = [parse(policy) for policy in policies]
    return count_instructions(
        InstructionPlan(
            project("tuned"), workload, "wsgi", chosen, counts=[4], skip=[], seconds=seconds
        ),
        counter,
    )


@pytest.mark.slow
def test_the_same_policy_costs_the_same_and_a_busier_collector_more(counter: Counter) -> None:
    usual, again, busy = counted(counter, "cyclic/", "default", "default", "50,10,10")
    assert (usual.requests, usual.ok) == (4, 8)
    assert again.instructions == pytest.approx(usual.instructions, rel=0.002)
    assert busy.per_request > 1.05 * usual.per_request


@pytest.mark.slow
def test_a_count_that_takes_too_long_is_given_up(counter: Counter) -> None:
    with pytest.raises(DjtuneError, match=r"did not answer within|ended by signal"):
        counted(counter, "cyclic/", "default", seconds=0.5)


def stand_in(path: Path, says: str) -> None:
    """For a perf on a processor that this machine has not."""
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    path.chmod(0o755)


def test_without_a_tool_it_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DjtuneError, match="valgrind is not installed") as raised:
        find_counter()
    assert "install valgrind" in raised.value.hint
    (tmp_path / "perf").write_text(
        "#!/bin/sh\necho '<not supported>,,instructions:u,0,100.00,,' >&2\n"
    )
    (tmp_path / "perf").chmod(0o755)
    with pytest.raises(DjtuneError, match="perf counts none on this machine"):
        find_counter()


def test_perf_that_counts_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("perf", "valgrind"):
        stand_in(tmp_path / name, "1234,,instructions:u,99,100.00,,")
    assert find_counter().tool == "perf"


PERF = """#!/bin/sh
trap '' TERM
while [ "$1" != -- ]; do
    [ "$1" = -o ] && file=$2
    shift
done
shift
"$@"
echo 1234,,instructions:u,99,100.00,, > "${file:-/dev/stderr}"
"""
"""Runs the command as perf does, and counts the same for all."""


def test_a_tool_that_tells_no_forks_apart_has_a_process_for_each_count(tmp_path: Path) -> None:
    (tmp_path / "perf").write_text(PERF)
    (tmp_path / "perf").chmod(0o755)
    perf = Counter("perf", str(tmp_path / "perf"), slowdown=1, by_process=False)
    default, disabled = counted(perf, "plain/", "default", "disable")
    assert (default.policy, disabled.policy) == ("default", "disable")
    assert (default.requests, default.ok, default.instructions) == (4, 8, 0)


def test_what_the_tools_write_is_read() -> None:
    hybrid = (
        "# started\n\n10,,cpu_atom/instructions:u/,9,1.0,,\n32,,cpu_core/instructions:u/,9,9,,\n"
    )
    assert perf_count(hybrid) == 42
    assert perf_count("<not counted>,,instructions:u,0,0.00,,\n") is None
    assert cachegrind_count("events: Ir\nfn=main\n1 5\nsummary: 10211418521\n") == 10211418521
    assert cachegrind_count("events: Ir\nfn=ma") is None
