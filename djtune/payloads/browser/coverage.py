"""Which parts of the pages' scripts ran, as V8 counts them block by block."""

from collections import deque
from contextlib import suppress
from itertools import pairwise
from typing import Any

Block = tuple[int, int, bool]
"""Begin and end in UTF-16 units, and whether it ran."""
Span = tuple[int, int]
_PRECISELY = {"callCount": False, "detailed": True}


class Coverage:
    """Follows every page of a context from its creation on."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._sessions: list[Any] = []
        self._lengths: dict[str, int] = {}
        self._spans: dict[str, list[Span]] = {}
        context.on("page", self._follow)

    def _follow(self, page: Any) -> None:
        with suppress(Exception):  # gone already
            session = self._context.new_cdp_session(page)
            session.send("Profiler.enable")
            session.send("Profiler.startPreciseCoverage", _PRECISELY)
            self._sessions.append(session)

    def take(self) -> None:
        """Add what has run since the last time."""
        for session in self._sessions:
            with suppress(Exception):  # the page is gone
                for script in session.send("Profiler.takePreciseCoverage")["result"]:
                    self._add(script)

    def _add(self, script: dict[str, Any]) -> None:
        url, functions = script["url"], script["functions"]
        if not url or not functions:
            return
        blocks = [
            (block["startOffset"], block["endOffset"], block["count"] > 0)
            for function in functions
            for block in function["ranges"]
        ]
        # Only the first time are all of its functions told.
        length = max(end for _, end, _ in blocks)
        self._lengths[url] = max(length, self._lengths.get(url, 0))
        self._spans.setdefault(url, []).extend(ran(blocks))

    def blocks(self, scripts: dict[str, str]) -> dict[str, list[Block]]:
        """Of each script, the whole, and the spans of it that ran.

        A page's own address has the scripts inside it one by one: they are left out.
        """
        return {
            url: [(0, length, False), *((begin, end, True) for begin, end in self._spans[url])]
            for url, length in self._lengths.items()
            if url in scripts and length == len(scripts[url].encode("utf-16-le")) // 2
        }


def ran(blocks: list[Block]) -> list[Span]:
    """The spans that ran: of the blocks around a position, the smallest decides."""
    marks = sorted({mark for begin, end, _ in blocks for mark in (begin, end)})
    spans: list[Span] = []
    outer_first = deque(sorted(blocks, key=lambda block: (block[0], -block[1])))
    around: list[Block] = []
    for begin, end in pairwise(marks):
        around = [block for block in around if block[1] > begin]
        while outer_first and outer_first[0][0] <= begin:
            around.append(outer_first.popleft())
        if around and around[-1][2]:
            joined = spans.pop()[0] if spans and spans[-1][1] == begin else begin
            spans.append((joined, end))
    return spans
