"""Keeps an experiment's complete blocks in a file, so that it can go on later.

The file holds figures, and names that the user gave to variants. What else it must know to refuse
the blocks of another experiment is kept as digests alone.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from djtune import __version__
from djtune.errors import DjtuneError
from djtune.experiments.blocks import Block, BlockPlan, Blocks, Failure
from djtune.model.noise import Noise

SHOWN = "="
"""Begins what may be shown of an experiment's identity; digests do not begin with it."""


class Saved(Struct, frozen=True):
    """The file's content."""

    identity: dict[str, str]
    blocks: list[Block]
    noises: list[Noise]
    failures: list[Failure]


def identity(plan: BlockPlan, made_with: Mapping[str, str]) -> dict[str, str]:
    """What must be the same for blocks to be of one experiment: a name and a value or digest each.

    How many blocks there are, and what time they may take, is not part of it.
    """
    names = ", ".join(variant.name for variant in plan.variants)
    digested = {
        **{f"variant {variant.name}": variant for variant in plan.variants},
        "workload": plan.workload,
        "steps that are left out": sorted(plan.skip),
        "sign-in": plan.sign_in,
        "way of measuring": [plan.settle, plan.as_weighted],
    }
    shown = {"variants": names, "seed": str(plan.seed), "djtune": __version__, **made_with}
    return {
        **{name: SHOWN + value for name, value in shown.items()},
        **{name: _digest(value) for name, value in digested.items()},
    }


def _digest(value: Any) -> str:
    """Not to be turned back: a variant's environment may hold a password."""
    content = msgspec.json.encode(value, order="deterministic")
    return hashlib.scrypt(content, salt=b"djtune", n=2**12, r=8, p=1, dklen=16).hex()


def save(path: Path, identity: Mapping[str, str], blocks: Blocks) -> None:
    """Write the complete blocks; an older file is there until the new one is whole.

    Raises :class:`DjtuneError` where it cannot be written.
    """
    kept = [_without_requests(block) for block in blocks.complete]
    saved = Saved(dict(identity), kept, blocks.noises, blocks.failures)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as new:
            try:
                new.write(msgspec.json.encode(saved))
                new.flush()
                os.fsync(new.fileno())
                Path(new.name).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(new.name).unlink()
                raise
    except OSError as error:
        raise DjtuneError(f"{path} cannot be written: {error.strerror}") from error


def _without_requests(block: Block) -> Block:
    """The block without the checksums of what was asked for, from which values could be guessed."""
    trials = {name: msgspec.structs.replace(t, asked={}) for name, t in block.trials.items()}
    return msgspec.structs.replace(block, trials=trials)


def load(path: Path, identity: Mapping[str, str], into: Blocks) -> None:
    """Add the blocks of an earlier run to ``into``; a file that is not there yet has none.

    Raises :class:`DjtuneError` for a file that cannot be read or is of another experiment.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise DjtuneError(f"{path} cannot be read: {error.strerror}") from error
    try:
        saved = msgspec.json.decode(content, type=Saved)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DjtuneError(
            f"{path} is no experiment of djtune's, or not a whole one",
            hint="delete it to begin anew, or name another file",
            detail=str(error),
        ) from error
    if saved.identity != identity:
        raise DjtuneError(
            f"{path} is of another experiment: {_difference(saved.identity, identity)}",
            hint="delete it to begin anew, or name another file",
        )
    into.blocks += saved.blocks
    into.noises += saved.noises
    into.failures += saved.failures


def variants(path: Path) -> list[str]:
    """The names of the variants whose blocks ``path`` keeps; none where there is no such file.

    A file that cannot be read has none either: :func:`load` says why.
    """
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=Saved)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    return saved.identity.get("variants", SHOWN)[len(SHOWN) :].split(", ")


def _difference(saved: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The first thing that differs, with its values where they may be shown."""
    name = next(key for key in [*now, *saved] if saved.get(key) != now.get(key))
    before, after = saved.get(name, "="), now.get(name, "=")
    if before.startswith(SHOWN) and after.startswith(SHOWN):
        return f"{name} {before[1:] or 'unknown'}, now {after[1:] or 'unknown'}"
    return f"not the same {name}"
