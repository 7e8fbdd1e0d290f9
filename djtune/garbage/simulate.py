"""Replays recorded requests under any setting of the collector."""

from collections.abc import Sequence

from msgspec import Struct

from djtune.garbage.recording import Recording, Simulated
from djtune.model.policy import GcPolicy


class Limits(Struct, frozen=True):
    """Where a replay ends at the latest."""

    requests: int = 50_000
    bytes: int = 2 << 30


def simulate(
    recording: Recording,
    policy: GcPolicy,
    *,
    order: Sequence[int] | None = None,
    limits: Limits = Limits(),
    seed: int = 1,
) -> Simulated:
    """Replay the workload under ``policy``, past a whole cycle of full collections.

    ``order`` names the journeys to be made one after another instead, and no others: to hold the
    simulation against a trial. Raises :class:`~djtune.errors.DjtuneError` for a collector that
    cannot be simulated.
    """
    raise NotImplementedError
