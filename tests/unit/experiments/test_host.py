"""What is read of the machine."""

import os
import platform
import re

import msgspec
import pytest

from djtune.experiments.host import read_machine
from djtune.model.machine import Machine

CPUINFO = """\
processor\t: 0
model name\t: Example CPU @ 2.00GHz
flags\t\t: fpu vme{more}

processor\t: 1
model name\t: Another CPU
flags\t\t: fpu vme
"""


def put(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_this_machine_can_be_described_without_naming_it():
    machine = read_machine()
    assert 1 <= machine.usable_cpus <= machine.cpus
    assert machine.memory_bytes > 0
    assert machine.python.endswith(platform.python_version())
    text = msgspec.json.encode(machine)
    assert platform.node() not in re.split(r"[^\w.-]+", text.decode())
    assert msgspec.json.decode(text, type=Machine) == machine


@pytest.mark.skipif(platform.system() == "Darwin", reason="macOS has its own source")
def test_what_cannot_be_read_is_left_empty(tmp_path):
    machine = read_machine(tmp_path)
    assert (machine.cpu, machine.governor) == ("", "")
    assert (machine.virtual, machine.cpu_quota) == (None, None)
    assert machine.cpus == os.cpu_count()


@pytest.mark.parametrize(("more", "virtual"), [(" hypervisor", True), ("", False)])
def test_the_processor_and_whether_it_is_virtual(tmp_path, more, virtual):
    put(tmp_path, "proc/cpuinfo", CPUINFO.format(more=more))
    machine = read_machine(tmp_path)
    assert machine.cpu == "Example CPU @ 2.00GHz"
    assert machine.virtual is virtual


def test_governors_that_differ_are_all_named(tmp_path):
    for cpu, governor in enumerate(["powersave", "performance", "powersave"]):
        put(tmp_path, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor", governor + "\n")
    assert read_machine(tmp_path).governor == "performance, powersave"


def test_the_tightest_quota_on_the_way_up_counts(tmp_path):
    put(tmp_path, "proc/self/cgroup", "0::/slice/container\n")
    put(tmp_path, "sys/fs/cgroup/slice/container/cpu.max", "max 100000\n")
    put(tmp_path, "sys/fs/cgroup/slice/cpu.max", "150000 100000\n")
    assert read_machine(tmp_path).cpu_quota == 1.5


def test_a_container_sees_its_quota_at_the_top(tmp_path):
    put(tmp_path, "proc/self/cgroup", "0::/\n")
    put(tmp_path, "sys/fs/cgroup/cpu.max", "50000 100000\n")
    assert read_machine(tmp_path).cpu_quota == 0.5
