"""Reads what a measurement's figures may depend on from the machine that it runs on."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import psutil

from djtune.model.machine import Machine


def read_machine(root: Path = Path("/")) -> Machine:
    """Describe this machine; ``root`` is where ``proc`` and ``sys`` are looked for.

    Nothing in it names the machine or its user. What cannot be read is left empty.
    """
    cpus = os.cpu_count() or 1
    cpuinfo = _text(root / "proc/cpuinfo")
    return Machine(
        cpu=_field(cpuinfo, "model name") or _sysctl("machdep.cpu.brand_string"),
        cpus=cpus,
        usable_cpus=len(os.sched_getaffinity(0)) if sys.platform == "linux" else cpus,
        cpu_quota=_quota(root),
        governor=_governor(root),
        virtual=_virtual(cpuinfo),
        memory_bytes=psutil.virtual_memory().total,
        load=os.getloadavg(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _field(cpuinfo: str, name: str) -> str:
    """The first value of ``name`` in the text of ``/proc/cpuinfo``."""
    found = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*)$", cpuinfo, re.MULTILINE)
    return found[1].strip() if found else ""


def _virtual(cpuinfo: str) -> bool | None:
    """Whether a hypervisor announces itself: a processor flag on x86, a sysctl on macOS."""
    flags = _field(cpuinfo, "flags").split()
    if flags:
        return "hypervisor" in flags
    return {"0": False, "1": True}.get(_sysctl("kern.hv_vmm_present"))


def _governor(root: Path) -> str:
    cpus = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return ", ".join(sorted({_text(path) for path in cpus} - {""}))


def _quota(root: Path) -> float | None:
    """The tightest ``cpu.max`` (cgroup v2: quota and period in microseconds) from here upwards."""
    group = re.search(r"^0::/(.*)$", _text(root / "proc/self/cgroup"), re.MULTILINE)
    here = PurePosixPath(group[1] if group else "")
    limits = [
        _text(root / "sys/fs/cgroup" / level / "cpu.max").split() for level in (here, *here.parents)
    ]
    quotas = [int(limit[0]) / int(limit[1]) for limit in limits if limit and limit[0] != "max"]
    return min(quotas, default=None)


def _sysctl(name: str) -> str:
    """One kernel variable on macOS; empty elsewhere."""
    if sys.platform != "darwin":
        return ""
    command = ["/usr/sbin/sysctl", "-n", name]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()
