"""Which throw-away server stands for the user's."""

import re
import shutil
import subprocess
from collections.abc import Iterable

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.servers.redis import BINARIES

SAID = re.compile(r"(Redis|Valkey) server v=(\d+)\.(\d+)\.(\d+)")


class Binary(Struct, frozen=True):
    """A server that can be started here."""

    path: str
    product: str
    version: tuple[int, int, int]

    @property
    def name(self) -> str:
        """``Redis 7.0.15``."""
        return f"{self.product} {'.'.join(map(str, self.version))}"


def installed() -> list[Binary]:
    """The servers on PATH. Raises :class:`DjtuneError` where there is none."""
    found = [binary for path in map(shutil.which, BINARIES) if path if (binary := asked(path))]
    if not found:
        raise DjtuneError(
            f"layouts are tried on a server of djtune's own, and neither "
            f"{' nor '.join(BINARIES)} is on PATH",
            hint="install Redis or Valkey here, in the version of your server",
        )
    return found


def asked(path: str) -> Binary | None:
    """What the server at ``path`` says that it is; ``None`` where it does not."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10)
    match = SAID.search(said.stdout)
    if match is None:
        return None
    return Binary(path, match[1], (int(match[2]), int(match[3]), int(match[4])))


def nearest(binaries: Iterable[Binary], wanted: str) -> tuple[Binary, bool]:
    """The server most like ``wanted`` (``Redis 7.0.15``; empty: any), and whether it is a model.

    It is one where product or major version differ: sizes of entries change with them.
    """
    ours = list(binaries)
    product, _, version = wanted.partition(" ")
    parts = [int(part) for part in re.findall(r"\d+", version)][:3] or [0]
    if not wanted:
        return ours[0], False

    def distance(binary: Binary) -> tuple[bool, int, int]:
        minor = abs(binary.version[1] - parts[1]) if len(parts) > 1 else 0
        return binary.product != product, abs(binary.version[0] - parts[0]), minor

    best = min(ours, key=distance)
    return best, distance(best)[:2] != (False, 0)
