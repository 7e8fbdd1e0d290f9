"""The machine that a measurement was made on: what its figures may depend on, and no name."""

from msgspec import Struct


class Machine(Struct, frozen=True):
    """What could be read of the machine; empty or ``None`` where it could not."""

    cpu: str
    """The processor's model name."""
    cpus: int
    """Logical processors of the machine."""
    usable_cpus: int
    """Those that this process may run on."""
    cpu_quota: float | None
    """Processors' worth of time that the container may use; ``None`` without a limit."""
    governor: str
    """How the clock frequency is chosen (``performance``, ``powersave`` …)."""
    virtual: bool | None
    """A virtual machine, whose host can take time away."""
    memory_bytes: int
    load: tuple[float, float, float]
    """Mean number of runnable processes over 1, 5 and 15 minutes, as the run began."""
    system: str
    """Operating system, its release and the processor's architecture."""
    python: str
    """The interpreter of djtune itself, which need not be the app's."""
