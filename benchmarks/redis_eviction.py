"""The simulator and the curve of idle times against a real server, and how fast the simulator is.

    python -m benchmarks.redis_eviction [--results FILE] [--binary PATH] [--quick]

Four policies × three traces × three sizes. The server's clock runs with the trace (held_clock.c,
compiled with ``cc``; Linux), so that 25 minutes of requests take seconds; two cells for each policy
also run in real time, beside the others. What ``--results`` has is not made again. ``--quick``: a
fifth of everything, without real time. docs/methods/redis-simulator.md and
docs/methods/idle-curve.md cite this.

Exits with 1 when a goal is missed.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from benchmarks.redis_replay import Replayed, clock_library, entry_bytes, replay, server
from benchmarks.redis_snapshots import errors, visited
from benchmarks.redis_throughput import speeds
from benchmarks.redis_traces import TRACES, Ints, Scale, traced
from djtune.errors import DjtuneError
from djtune.experiments.host import read_machine
from djtune.redis_memory.curves import Curve, Policy, Rules
from djtune.redis_memory.simulating.simulate import Player

POLICIES: tuple[Policy, ...] = ("allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl")
SHARES = (0.1, 0.25, 0.5)
BEYOND = (0.05, 0.75)
"""Sizes at which the curve of idle times is looked at too, under ``allkeys-lru``."""
REAL_TIME = (("stationary", 0.25), ("drift", 0.1))
GOAL, SNAPSHOT_GOAL, SPEED_GOAL = 0.5, 2.0, 2.0
"""Points; points; times."""


class Cell(Struct, frozen=True):
    """One replay: what was asked for."""

    trace: str
    share: float
    """Of the data that the trace leaves in a server without a limit; 0: no limit."""
    policy: Policy
    real_time: bool = False


class Row(Struct):
    """One replay and what came of it."""

    cell: Cell
    room: int
    """Bytes for entries and tables; 0: no limit."""
    real: Replayed
    simulated: float | None = None
    """Hit ratio."""
    curves: list[Curve] = []
    """What visits on the way would have shown."""

    @property
    def difference(self) -> float:
        """Simulated − real, points."""
        return ((self.simulated or 0.0) - self.real.hit_ratio) * 100


class Lab:
    """Makes rows, and keeps them in a file as they come."""

    def __init__(self, scale: Scale, folder: Path, results: Path, binary: str | None) -> None:
        self.scale, self.results, self.binary = scale, results, binary
        self.library = clock_library(folder)
        self.requests = {name: make(scale) for name, make in TRACES.items()}
        self._entries: dict[str, Ints] = {}
        self._players: dict[str, Player] = {}

    def kept(self, cell: Cell) -> Row | None:
        """The row that an earlier run, or the process beside, has made."""
        if not self.results.exists():
            return None
        lines = self.results.read_bytes().splitlines()
        rows = (msgspec.json.decode(line, type=Row) for line in lines)
        return next((row for row in rows if row.cell == cell), None)

    def keep(self, row: Row) -> Row:
        """Write the row down."""
        with self.results.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
        return row

    def entries(self, name: str) -> Ints:
        """Bytes of each key's entry."""
        if name not in self._entries:
            with server(self.library, self.binary) as asked:
                self._entries[name] = entry_bytes(asked, self.requests[name])
        return self._entries[name]

    def player(self, name: str) -> Player:
        """The trace, ready to be simulated."""
        if name not in self._players:
            self._players[name] = Player(traced(self.requests[name], self.entries(name)))
        return self._players[name]

    def unlimited(self, name: str) -> Row:
        """The trace without a limit, visited on the way."""
        cell = Cell(name, 0.0, "noeviction")
        if (row := self.kept(cell)) is not None:
            return row
        with server(self.library, self.binary) as asked:
            real, curves = visited(asked, self.requests[name], self.entries(name))
        return self.keep(Row(cell, 0, real, self.simulated(cell, 1 << 60), curves))

    def row(self, cell: Cell) -> Row:
        """A cell with its clock held."""
        if (row := self.kept(cell)) is not None:
            return row
        room = self.room(cell)
        with server(self.library, self.binary) as asked:
            *_, real = replay(asked, self.requests[cell.trace], cell.policy, room)
        return self.keep(Row(cell, room, real, self.simulated(cell, room)))

    def room(self, cell: Cell) -> int:
        """Bytes for entries and tables."""
        return round(self.unlimited(cell.trace).real.peak_bytes * cell.share)

    def simulated(self, cell: Cell, room: int) -> float:
        """Its hit ratio by the simulator."""
        return self.player(cell.trace).play(room, Rules(cell.policy)).hit_ratio


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is not measured yet, print, and return 0 where all goals are met."""
    options = _parser().parse_args(arguments)
    scale = Scale(keys=20_000, requests=80_000, seconds=300) if options.quick else Scale()
    machine = read_machine()
    print(f"{machine.cpu}, {machine.usable_cpus} CPUs, load {machine.load[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        results = options.results or Path(folder) / "results.jsonl"
        try:
            lab = Lab(scale, Path(folder), results, options.binary)
            return _measure(lab, quick=options.quick)
        except DjtuneError as error:
            print(error)
            return 2


def _measure(lab: Lab, *, quick: bool) -> int:
    for name in TRACES:
        _show(lab.unlimited(name))
    wanted = [] if quick else _real_time_cells()
    with contextlib.ExitStack() as stack:
        beside = None
        if any(lab.kept(cell) is None for cell in wanted):
            beside = stack.enter_context(_beside(lab, wanted))
        rows = [
            _show(lab.row(Cell(name, share, policy)))
            for name in TRACES
            for share in SHARES
            for policy in POLICIES
        ]
        for name in TRACES:
            for share in BEYOND:
                _show(lab.row(Cell(name, share, "allkeys-lru")))
        missed = _agreement(rows) + _snapshots(lab, judged=not quick)
        missed += [] if quick else _throughput()
        if beside is not None:
            print("waiting for the cells in real time …", flush=True)
            beside.join()
    missed += _real_time(lab, wanted)
    print(*(f"MISSED: {goal}" for goal in missed), sep="\n")
    return int(bool(missed))


def _show(row: Row) -> Row:
    cell, real = row.cell, row.real
    size = f"{row.room / 1e6:5.1f} MB ({cell.share:.0%})" if row.room else "no limit"
    speed = float(real.time) / 1e6 / real.wall_seconds
    print(
        f"{cell.trace:10} {size:>14} {cell.policy:14} real {real.hit_ratio:6.2%} "
        f"simulated {row.simulated or np.nan:6.2%} difference {row.difference:+.2f} points "
        f"(evicted {real.evicted}, expired {real.expired}, clock ×{speed:.0f})",
        flush=True,
    )
    return row


def _agreement(rows: Sequence[Row]) -> list[str]:
    """The differences, and whether the simulator knows the better policy."""
    off = np.array([row.difference for row in rows])
    print(
        f"\n{len(rows)} cells: mean error {abs(off).mean():.2f} points, most {abs(off).max():.2f}"
    )
    missed = [f"mean error {abs(off).mean():.2f}"] if abs(off).mean() > GOAL else []
    groups: dict[tuple[str, float], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.cell.trace, row.cell.share].append(row)
    decided = wrong = 0
    for (name, share), group in groups.items():
        first, second = sorted(group, key=lambda row: -row.real.hit_ratio)[:2]
        gap = (first.real.hit_ratio - second.real.hit_ratio) * 100
        best = max(group, key=lambda row: row.simulated or 0.0)
        decided += gap > GOAL
        if gap > GOAL and best is not first:
            wrong += 1
            missed.append(f"{name} {share:.0%}: {first.cell.policy} is better by {gap:.2f} points")
    print(
        f"best policy of {len(groups)} groups: {decided} with more than {GOAL} points between the "
        f"best two, {decided - wrong} of them told right"
    )
    return missed


def _snapshots(lab: Lab, *, judged: bool) -> list[str]:
    """The curve of idle times against ``allkeys-lru`` in the second half.

    Not judged on little data: a tenth of it is then seconds old.
    """
    print("\nidle times against allkeys-lru, second half of the requests, ten visits")
    missed = []
    for name in TRACES:
        curves = lab.unlimited(name).curves
        if not any(curve.points for curve in curves):
            print(f"{name:10} refused: {curves[0].caveats[0]}")
            continue
        inside: list[float] = []
        for share in sorted(SHARES + BEYOND):
            row = lab.row(Cell(name, share, "allkeys-lru"))
            found = list(errors(curves, row.room, row.real.late_hit_ratio))
            off = [error for error, _ in found]
            inside += off if share in SHARES else []
            mean, most = (np.mean(np.abs(off)), max(map(abs, off))) if off else (np.nan, np.nan)
            print(
                f"{name:10} {share:4.0%} real {row.real.late_hit_ratio:6.2%} mean error {mean:5.2f}"
                f" most {most:5.2f} points; band covers {sum(held for _, held in found)} of"
                f" {len(found)} told",
                flush=True,
            )
        mean = float(np.mean(np.abs(inside))) if inside else np.nan
        print(f"{name:10} mean error at {SHARES[0]:.0%} to {SHARES[-1]:.0%}: {mean:.2f} points")
        if judged and name == "stationary" and not mean <= SNAPSHOT_GOAL:
            missed.append(f"idle times: mean error {mean:.2f} points")
    return missed


def _throughput() -> list[str]:
    print("\nmillion requests for each second of CPU time, 500,000 keys, 10 % of the bytes")
    missed = []
    for speed in speeds():
        other = "not installed" if speed.libcachesim is None else f"{speed.libcachesim:.2f}"
        print(f"{speed.policy:14} {speed.ours:.2f}, libcachesim {other}", flush=True)
        if speed.ratio and speed.ratio > SPEED_GOAL:
            missed.append(f"{speed.policy}: libcachesim is {speed.ratio:.1f} times faster")
    return missed


def _real_time_cells() -> list[Cell]:
    return [Cell(name, share, policy, True) for policy in POLICIES for name, share in REAL_TIME]


@contextlib.contextmanager
def _beside(lab: Lab, cells: list[Cell]) -> Iterator[BaseProcess]:
    """A process that plays all ``cells`` at once in real time."""
    process = multiprocessing.get_context("fork").Process(target=_play_slowly, args=(lab, cells))
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join()


def _play_slowly(lab: Lab, cells: list[Cell]) -> None:
    with contextlib.ExitStack() as stack:
        playing = []
        for cell in cells:
            asked = stack.enter_context(server(None, lab.binary))
            requests = lab.requests[cell.trace]
            playing.append(replay(asked, requests, cell.policy, lab.room(cell)))
        latest: dict[int, Replayed] = {}
        for step in itertools.zip_longest(*playing):
            latest |= {n: come for n, come in enumerate(step) if come is not None}
        for n, cell in enumerate(cells):
            room = lab.room(cell)
            lab.keep(Row(cell, room, latest[n], lab.simulated(cell, room)))


def _real_time(lab: Lab, cells: list[Cell]) -> list[str]:
    """The cells in real time against the same with the clock held."""
    missed = []
    for cell in cells:
        row = lab.kept(cell)
        if row is None:
            missed.append(f"{cell.policy} {cell.trace} in real time was not measured")
            continue
        held = lab.row(Cell(cell.trace, cell.share, cell.policy)).real.hit_ratio
        apart = (held - row.real.hit_ratio) * 100
        _show(row)
        print(f"{'':10} with the clock held: {held:.2%}, {apart:+.2f} points")
        if max(abs(apart), abs(row.difference)) > GOAL:
            missed.append(f"{cell.policy} {cell.trace}: {apart:+.2f} points from real time")
    return missed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="file that keeps what was measured")
    parser.add_argument("--binary", help="server (the first on PATH)")
    parser.add_argument("--quick", action="store_true", help="a fifth of everything")
    return parser


if __name__ == "__main__":
    sys.exit(main())
