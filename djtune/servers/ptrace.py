"""Which rule of the kernel's keeps one process from reading another's memory, and how to lift it.

The rules are those of ptrace(2), "Ptrace access mode checking", and of the Yama security module.
"""

import os
import shlex
import sys
from pathlib import Path

from djtune.errors import DjtuneError

PROC = Path("/proc")
YAMA = PROC / "sys/kernel/yama/ptrace_scope"
CAP_SYS_PTRACE = 1 << 19
"""The capability's bit, capabilities(7)."""

Status = dict[str, str]
"""The fields of ``/proc/PID/status``."""
Rule = tuple[str, str]
"""What refuses, and how to lift it."""


def refusal(pid: int, *, said: str = "") -> DjtuneError:
    """Explain why the kernel does not let this process read the memory of ``pid``.

    ``said`` is what was heard of it, for ``--debug``.
    """
    rule, hint = explain(pid) or (
        "the kernel refuses it, by seccomp, SELinux, AppArmor or a namespace",
        f"run djtune beside the process, outside of any sandbox, or as root: {as_root()}",
    )
    return DjtuneError(f"process {pid} cannot be read: {rule}", hint=hint, detail=said)


def explain(pid: int) -> Rule | None:
    """Return the rule that refuses; ``None`` where none is known to."""
    if sys.platform == "darwin":
        return "macOS lets root alone read another process", as_root()
    ours, theirs = _status(os.getpid()), _status(pid)
    if _bits(ours, "CapEff") & CAP_SYS_PTRACE:
        return _traced(theirs)
    return (
        _other_user(ours, theirs)
        or _yama()
        or _not_dumpable(pid, theirs)
        or _more_capable(ours, theirs)
        or _traced(theirs)
    )


def as_root() -> str:
    """Return this command line, to be typed again as root."""
    return f'sudo env "PATH=$PATH" {shlex.join(["djtune", *sys.argv[1:]])}'


def _other_user(ours: Status, theirs: Status) -> Rule | None:
    us, them = _uid(ours), _uid(theirs)
    if us == them or not theirs:
        return None
    if us == "0":
        return (
            "this root lacks CAP_SYS_PTRACE, as in most containers",
            "docker run --cap-add SYS_PTRACE, or securityContext.capabilities.add in Kubernetes",
        )
    return (
        f"it is another user's ({_user(them)}), you are {_user(us)}",
        as_root() if them == "0" else f"run djtune as {_user(them)}, or as root: {as_root()}",
    )


def _yama() -> Rule | None:
    try:
        scope = YAMA.read_text().strip()
    except OSError:
        return None
    lift = "or, until the next start: sudo sysctl kernel.yama.ptrace_scope=0"
    if scope == "1":
        return "Yama lets a process read its own children only (ptrace_scope=1)", (
            f"{as_root()} ({lift})"
        )
    if scope == "2":
        return "Yama lets only those with CAP_SYS_PTRACE read others (ptrace_scope=2)", (
            f"{as_root()} ({lift})"
        )
    if scope == "3":
        return "Yama lets nobody read others (ptrace_scope=3)", (
            "this holds until the machine starts again with another kernel.yama.ptrace_scope"
        )
    return None


def _not_dumpable(pid: int, theirs: Status) -> Rule | None:
    """A process that is not dumpable has files under /proc that belong to root."""
    try:
        owner = str((PROC / str(pid) / "status").stat().st_uid)
    except OSError:
        return None
    if owner == _uid(theirs):
        return None
    return (
        "it is marked as not dumpable (PR_SET_DUMPABLE, or it changed its user)",
        as_root(),
    )


def _more_capable(ours: Status, theirs: Status) -> Rule | None:
    if not _bits(theirs, "CapPrm") & ~_bits(ours, "CapPrm"):
        return None
    return (
        "it has capabilities that djtune lacks, and djtune lacks CAP_SYS_PTRACE",
        "in a container: docker run --cap-add SYS_PTRACE, or securityContext.capabilities.add in"
        f" Kubernetes; elsewhere: {as_root()}",
    )


def _traced(theirs: Status) -> Rule | None:
    tracer = theirs.get("TracerPid", "0")
    if tracer == "0":
        return None
    return f"a debugger is attached to it already (process {tracer})", "end the debugger first"


def _status(pid: int) -> Status:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _bits(status: Status, name: str) -> int:
    return int(status.get(name, "0"), 16)


def _uid(status: Status) -> str:
    """Return the real user id."""
    return status.get("Uid", "").partition("\t")[0]


def _user(uid: str) -> str:
    import pwd

    try:
        return pwd.getpwuid(int(uid)).pw_name
    except (KeyError, ValueError):
        return f"uid {uid}"
