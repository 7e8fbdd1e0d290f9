"""Ways of taking time."""

import time

SPELL = 0.1


def burn(seconds=SPELL):
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        sum(range(300))
