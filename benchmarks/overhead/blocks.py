"""Runs blocks: in each, a fresh process for every tool, in random order."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .tools import SETUPS

PROJECT = Path(__file__).parents[1] / "page"
SERVE = Path(__file__).parent / "serve.py"
REQUESTS = 4
"""Requests of a turn that count."""

Block = Mapping[str, Mapping[str, Sequence[float]]]
"""Mode → page → CPU seconds of each request."""


def run(
    tools: Sequence[str], blocks: int, rounds: int, seed: int, tick: Callable[[int], None]
) -> list[Block]:
    """Measure ``blocks`` times; ``tick`` hears how many are done."""
    dice = random.Random(seed)
    measured: list[Block] = []
    with TemporaryDirectory() as folder:
        filled = {tool: _filled(tool, Path(folder)) for tool in tools}
        for number in range(blocks):
            block: dict[str, Mapping[str, Sequence[float]]] = {}
            for tool in dice.sample(tools, len(tools)):
                block |= _serve(tool, filled[tool], rounds, dice.randrange(1 << 30))
            measured.append(block)
            tick(number + 1)
    return measured


def _filled(tool: str, folder: Path) -> Path:
    """A database with the project's tables and the tool's, to be copied."""
    database = folder / f"{tool}.sqlite3"
    env = _environment(tool, database, folder)
    subprocess.run([sys.executable, "fill.py"], cwd=PROJECT, env=env, check=True)
    return database


def _serve(tool: str, filled: Path, rounds: int, seed: int) -> Block:
    with TemporaryDirectory() as folder:
        database = Path(shutil.copy(filled, Path(folder) / "page.sqlite3"))
        done = subprocess.run(
            [sys.executable, str(SERVE), tool, *map(str, (rounds, REQUESTS, seed)), folder],
            cwd=PROJECT,
            env=_environment(tool, database, Path(folder)),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    block: Block = json.loads(done.stdout.splitlines()[-1])
    return block


def _environment(tool: str, database: Path, files: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PAGE_DATABASE": str(database),
        "PAGE_SETUP": json.dumps(SETUPS[tool].for_page(str(files))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
