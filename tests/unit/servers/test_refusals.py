"""Which of the kernel's rules keeps a process from being read, from facts under ``/proc``."""

import os

import pytest

from djtune.servers import ptrace

ORDINARY, OTHER = "1000", "1001"
PID = 4711
ALL = "1ffffffffff"
ALL_BUT_PTRACE = "1fffff7ffff"


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """A ``/proc`` of the test's own: djtune's process, and the one that it wants to read."""
    if not os.path.exists("/proc/self/status"):  # noqa: PTH110
        pytest.skip("a system without /proc")
    monkeypatch.setattr(ptrace, "PROC", tmp_path)
    monkeypatch.setattr(ptrace, "YAMA", tmp_path / "ptrace_scope")

    def write(us, them, ours="0", theirs="0", tracer="0", scope=None):
        for pid, uid, capabilities in ((os.getpid(), us, ours), (PID, them, theirs)):
            (tmp_path / str(pid)).mkdir()
            (tmp_path / str(pid) / "status").write_text(
                f"Name:\tpython\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nTracerPid:\t{tracer}\n"
                f"CapPrm:\t{capabilities}\nCapEff:\t{capabilities}\n"
            )
        if scope:
            (tmp_path / "ptrace_scope").write_text(f"{scope}\n")

    return write


ME = str(os.getuid())
"""Whoever runs the tests owns the files, so a process of this user's counts as dumpable."""


def rule():
    explained = ptrace.explain(PID)
    return explained and explained[0]


def test_another_users_process(proc):
    proc(ORDINARY, OTHER)
    assert "another user's" in rule()


@pytest.mark.parametrize("scope", ["1", "2", "3"])
def test_yama(proc, scope):
    proc(ME, ME, scope=scope)
    assert f"ptrace_scope={scope}" in rule()


def test_yama_that_allows_it_is_not_named(proc):
    proc(ME, ME, scope="0")
    assert rule() is None


def test_yama_is_lifted_until_the_next_start_only_where_it_can_be(proc):
    proc(ME, ME, scope="1")
    assert "sysctl" in ptrace.explain(PID)[1]
    (ptrace.YAMA).write_text("3")
    assert "sysctl" not in ptrace.explain(PID)[1]


def test_a_process_that_is_not_dumpable_has_files_of_another_owner(proc):
    someone = str(int(ME) + 1)
    proc(someone, someone)
    assert "PR_SET_DUMPABLE" in rule()


def test_a_process_with_more_capabilities(proc):
    proc(ME, ME, theirs="400")
    assert "CAP_SYS_PTRACE" in rule()


def test_root_in_a_container(proc):
    proc("0", OTHER, ours=ALL_BUT_PTRACE)
    message, hint = ptrace.explain(PID)
    assert "CAP_SYS_PTRACE" in message
    assert "--cap-add SYS_PTRACE" in hint


def test_the_capability_overrides_users_and_yama(proc):
    proc("0", OTHER, ours=ALL, scope="2")
    assert rule() is None


def test_a_debugger_that_is_there_already(proc):
    proc(ME, ME, tracer="99")
    assert "debugger" in rule()


def test_a_refusal_for_no_known_reason_is_said_to_be_the_kernels(proc):
    proc(ME, ME)
    error = ptrace.refusal(PID, said="what py-spy said")
    assert f"process {PID} cannot be read" in error.message
    assert error.hint
    assert error.detail == "what py-spy said"
