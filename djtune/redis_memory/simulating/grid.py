"""Many replays of one trace: sizes × rules, on all processors."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context

from djtune.redis_memory.curves import Outcome, Rules
from djtune.redis_memory.simulating.engines import ENOUGH, Engine, chosen
from djtune.redis_memory.simulating.simulate import Player
from djtune.redis_memory.trace import Trace

Cell = tuple[Rules, int]


def grid(
    trace: Trace,
    sizes: list[int],
    rules: list[Rules],
    advance: Callable[[], None] = lambda: None,
    *,
    engine: Engine = "auto",
    seed: int = 0,
) -> list[Outcome]:
    """Replay ``trace`` at all sizes under the first of ``rules``, then under the next …

    ``advance`` is called after each replay. Raises :class:`~djtune.errors.DjtuneError` for an
    engine that is not installed.
    """
    cells = [(rule, size) for rule in rules for size in sizes]
    outcomes = []
    for outcome in _played(trace, cells, engine, seed):
        outcomes.append(outcome)
        advance()
    return outcomes


def _played(trace: Trace, cells: list[Cell], engine: Engine, seed: int) -> Iterator[Outcome]:
    """The cells' outcomes in order, side by side where there is enough to do."""
    requests = trace.key.size * len(cells)
    engine = chosen(engine, requests)
    processors = os.cpu_count() or 1
    if processors == 1 or requests < ENOUGH:
        yield from map(partial(_play_with, Player(trace, engine), seed), cells)
    elif engine == "compiled":
        play = partial(_play_with, Player(trace, engine), seed)
        yield from _spread(ThreadPoolExecutor(processors), play, cells)
    else:
        pool = ProcessPoolExecutor(
            processors, get_context("spawn"), initializer=_prepare, initargs=(trace, engine)
        )
        yield from _spread(pool, partial(_play_here, seed), cells)


def _spread(
    pool: Executor, play: Callable[[Cell], Outcome], cells: list[Cell]
) -> Iterator[Outcome]:
    """Replay on a pool, which is left as soon as the caller is."""
    try:
        yield from pool.map(play, cells)
    finally:
        pool.shutdown(cancel_futures=True)


def _play_with(player: Player, seed: int, cell: Cell) -> Outcome:
    rules, size = cell
    return player.play(size, rules, seed)


_player: Player


def _prepare(trace: Trace, engine: Engine) -> None:
    """Give a process its trace; an interrupt is the parent's to handle."""
    global _player
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _player = Player(trace, engine)


def _play_here(seed: int, cell: Cell) -> Outcome:
    return _play_with(_player, seed, cell)
