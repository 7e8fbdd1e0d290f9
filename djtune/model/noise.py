"""How much the machine disturbed a measurement."""

from msgspec import Struct


class Noise(Struct, frozen=True):
    """Time slices that the machine lost while a busy loop wanted every one of them."""

    duration_s: float
    gaps: int
    lost_s: float
    """Sum of the gaps, each longer than 1 ms: the processor was given to others, the host of a
    virtual machine took it, or an interrupt was served."""
    worst_gap_s: float
    off_cpu_s: float
    """Time in which the kernel had the thread wait, short slices too. What the host of a virtual
    machine takes shows in ``lost_s`` alone: its guest's clocks count it as run time."""

    @property
    def lost_ms_per_s(self) -> float:
        """Milliseconds lost in each second of measuring."""
        return 1000 * self.lost_s / self.duration_s if self.duration_s else 0.0
