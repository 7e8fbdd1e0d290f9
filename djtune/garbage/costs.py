"""What collections cost."""

from djtune.garbage.heap import Collected
from djtune.garbage.recording import Costs


def price(costs: Costs, collected: Collected) -> float:
    """Nanoseconds of thread CPU time that a collection takes."""
    visited = costs.visited_ns[collected.generation] * collected.visited
    return costs.start_ns + visited + costs.freed_ns * collected.freed
