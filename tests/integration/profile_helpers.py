"""A project to profile, and ``djtune profile`` as a program of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from helpers import PROJECTS

SEED = """\
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from catalogue.seed import seed
seed()
"""


def seeded_shop(folder: Path) -> Path:
    """A copy of the shop with its database."""
    shop = folder / "shop"
    shutil.copytree(
        PROJECTS / "shop", shop, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3")
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "conf.settings"}
    subprocess.run([sys.executable, "-c", SEED], cwd=shop, env=env, check=True)
    return shop


class Profiling:
    """``djtune profile`` under way, and every process that it starts."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._psutil = psutil.Process(process.pid)
        self.started: list[psutil.Process] = []
        """Its children in the order in which they appeared."""

    def wait_for_trial(self, number: int, timeout: float = 60) -> psutil.Process:
        """Wait until trial ``number`` (from 1) is under way; return its worker.

        The first worker looks at the routes; each trial has one of its own.
        """
        deadline = time.monotonic() + timeout
        while len(self.workers()) <= number:
            assert self.process.poll() is None, "it ended too early"
            assert time.monotonic() < deadline, "no such trial was begun"
            time.sleep(0.02)
        return self.workers()[number]

    def workers(self) -> list[psutil.Process]:
        """The workers seen so far: children of its own, as each leaves a watcher beside it."""
        for child in self._psutil.children():
            if child not in self.started and _is_worker(child):
                self.started.append(child)
        return self.started

    def finish(self, timeout: float = 60) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        stdout, stderr = self.process.communicate(timeout=timeout)
        return self.process.returncode, stdout, stderr


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any(part.endswith("bootstrap.py") for part in process.cmdline())
    except psutil.Error:
        return False


@contextmanager
def profiling(project: Path, *args: str) -> Iterator[Profiling]:
    """``djtune profile`` in a session of its own; nothing of it is left afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "djtune.cli", "profile", *args],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(PROJECTS.parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    run = Profiling(process)
    try:
        yield run
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        for worker in run.started:
            if worker.is_running():
                worker.kill()
