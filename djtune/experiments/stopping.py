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

    def decide(self, blocks: int, seconds: float, half_widths: Sequence[float]) -> Reason | None:
        """Whether to stop after so many complete blocks, which took so many seconds, and why.

        ``half_widths`` are those of the wanted intervals, relative to their figures. The time is
        spent when another block, as long as the ones before, would pass its end. The rule looks
        at the width alone, never at the effect: stopping at the first "difference" would find
        one in time where there is none.
        """
        if self.half_width is not None and blocks >= self.least_blocks:
            widest = max(half_widths, default=math.inf)
            if widest <= self.half_width:
                return "precise enough"
        if blocks >= self.most_blocks:
            return "blocks"
        if blocks and seconds * (1 + 1 / blocks) > self.seconds:
            return "time"
        return None
