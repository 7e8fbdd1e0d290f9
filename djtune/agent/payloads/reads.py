"""The call about reads: which columns each queryset loaded, and which response field read them.

Nothing is timed here. Rows are watched (:mod:`.rows`) as querysets bring them (:mod:`.fetches`);
who reads is told off the stack (:mod:`.readers`) and by where the output of the serializers is in
the response (:mod:`.anchoring`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import beginnings
from ..calls import current, draw, follow
from ..exchange import Exchange
from ..player import Request
from ..probes.patches import Patches
from ..session import Session, classify
from . import anchoring, fetches, outputs, rows
from .brought import RequestReads
from .tally import Tally


class Recorder:
    """What is read in the request that is being served, and a tally of all of them."""

    places = True
    """Threads that a request starts are to know from where."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.failures: Counter[str] = Counter()
        """Kinds of errors of the instrument's own; none has reached the app."""
        self.disturbed: set[int] = set()
        """Steps that answered otherwise while they were watched."""
        self.start_step(-1)

    def start_step(self, step: int) -> None:
        """Begin a request."""
        rows.release()
        self.step = step
        self.reads = RequestReads(self.note_failure)
        self.outputs = outputs.Outputs()

    def note_failure(self, error: Exception) -> None:
        """Something of the instrument's own has failed."""
        self.failures[type(error).__name__] += 1

    def note_query(self, _alias: str, _sql: Any, _params: Any) -> None:
        """A query is about to be made."""
        fetches.note_query()

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Caches have a probe of their own."""

    def finish(self, exchange: Exchange, ok: bool) -> None:
        """Add the request just served to the tally, if it is a good one."""
        rows.release()
        if not ok:
            return
        try:
            others = self.reads.value_rows.keys() | self.reads.values.keys()
            found = anchoring.find(self.outputs, exchange, others)
            self.tally.add(self.step, self.reads, self.outputs, found)
        except Exception as error:
            self.note_failure(error)


@contextmanager
def watching() -> Iterator[None]:
    """Have recorders told of reads, until the block ends."""
    with Patches() as patches:
        beginnings.install(patches)
        fetches.install(patches)
        outputs.install(patches)
        try:
            yield
        finally:
            rows.release()


def watch_reads(
    emit: Callable[[Any], None], skip: list[int], rounds: int, seconds: float
) -> dict[str, Any]:
    """Make each journey ``rounds`` times and say what was read; no new round after ``seconds``.

    The first round is made whatever the time. The shape is that of ``ReadsSeen``.
    """
    session = current()
    recorder = Recorder()
    deadline = time.monotonic() + seconds
    for number in range(rounds):
        with watching():
            for journey in range(len(session.workload["journeys"])):
                steps = draw(session, journey, set(skip))
                for _, request, exchange in follow(session, steps, detail=recorder):
                    if request is not None:
                        ok = classify(exchange, request) == "ok"
                        recorder.finish(exchange, ok)
                        if not ok and _answers(session, request):
                            recorder.disturbed.add(request.step)
        emit({"round": number})
        if time.monotonic() > deadline:
            break
    return {
        **recorder.tally.summary(),
        "disturbed": sorted(recorder.disturbed),
        "failures": dict(recorder.failures),
    }


def _answers(session: Session, request: Request) -> bool:
    """Whether a request that failed while it was watched is answered when it is not."""
    return classify(session.serve(request, timed=False), request) == "ok"
