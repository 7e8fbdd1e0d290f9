"""When an experiment has measured enough."""

import math
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Reason = Literal["precise enough", "time", "blocks"]
"""Every interval is as narrow as wanted; the time is spent; the most blocks have been run."""

LEAST_BLOCKS = 8
"""Blocks before an experiment may stop because it is precise enough: the width of an interval
from fewer is itself too uncertain, and would be believed where it is narrow by luck."""


class StoppingRule(Struct, frozen=True):
    """How precise the comparisons are to be, and what that may take."""

    most_blocks: int
    seconds: float
    half_width: float | None = None
    """How far, relative to the figure, each wanted interval may reach to either side (0.02: 2 %);
    ``None``: as far as the blocks and the time go."""
    least_blocks: int = LEAST_BLOCKS

    def decide(
        self, blocks: int, half_widths: Sequence[float], spent: float, another: float
    ) -> Reason | None:
        """Whether to stop after so many complete blocks, and why.

        ``half_widths`` are those of the wanted intervals, relative to their figures; ``spent`` are
        the seconds so far and ``another`` those that one more block takes: the time is up when
        most of that would lie beyond it. The rule looks at widths alone, never at effects:
        stopping at the first "difference" would in time find one where there is none.
        """
        if blocks >= self.least_blocks and self._narrow(half_widths):
            return "precise enough"
        if blocks >= self.most_blocks:
            return "blocks"
        return "time" if spent + another / 2 > self.seconds else None

    def _narrow(self, half_widths: Sequence[float]) -> bool:
        widest = max(half_widths, default=math.inf)
        return self.half_width is not None and widest <= self.half_width
