"""Scans the source of a client for the names of fields and for addresses."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from djtune.errors import DjtuneError
from djtune.payloads.clients import SourceScan

from . import javascript
from .collected import Collected
from .grammar import Tree
from .text import SourceText

LARGEST = 20_000_000
"""Bytes of a file that is still read."""
LANGUAGES = {
    ".cjs": "javascript",
    ".cts": "typescript",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".mts": "typescript",
    ".ts": "typescript",
    ".tsx": "tsx",
}
"""By the end of a file's name."""
_SKIPPED = {".git", ".hg", ".svn", ".venv", "__pycache__", "bower_components", "node_modules"}

Progress = Callable[[int, int], None]
"""Called with the files read and how many there are."""


def scan_folder(folder: Path, progress: Progress | None = None) -> SourceScan:
    """Scan all source files below a folder.

    Raises:
        DjtuneError: there is no such folder, or nothing in it that can be read.

    """
    if not folder.is_dir():
        raise DjtuneError(f"{folder} is no folder", hint="--client-source takes a folder")
    files = list(_files(folder))
    scan = SourceScan()
    for done, file in enumerate(files, 1):
        _scan_file(scan, folder, file)
        if progress:
            progress(done, len(files))
    if not scan.files:
        raise DjtuneError(
            f"{folder} has no source that can be read",
            hint="known are JavaScript, TypeScript, HTML, Vue, Kotlin, Swift and Python",
        )
    return scan


def scan_text(text: str, language: str, file: str) -> SourceScan:
    """Scan one text of a language of :data:`LANGUAGES`."""
    scan = SourceScan(files={language: 1}, bytes=len(text.encode("utf-8", "replace")))
    scan.digests = {hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()}
    collected = Collected(SourceText(file, text))
    tree = Tree(language, collected.source.units)
    if not tree.parsed:
        scan.unreadable.append(file)
    javascript.collect(tree, collected)
    collected.into(scan)
    return scan


def merge(into: SourceScan, other: SourceScan) -> None:
    """Add what another scan has found."""
    for name, places in other.names.items():
        into.names.setdefault(name, []).extend(places)
    for local, wires in other.aliases.items():
        into.aliases.setdefault(local, set()).update(wires)
    for language, files in other.files.items():
        into.files[language] = into.files.get(language, 0) + files
    into.strings |= other.strings
    into.bytes += other.bytes
    into.digests |= other.digests
    into.blind += other.blind
    into.unreadable += other.unreadable


def _scan_file(scan: SourceScan, folder: Path, file: Path) -> None:
    name = file.relative_to(folder).as_posix()
    try:
        content = file.read_bytes() if file.stat().st_size <= LARGEST else b"\xff"
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        scan.unreadable.append(name)
        return
    found = scan_text(text, LANGUAGES[file.suffix], name)
    found.digests = {hashlib.sha256(content).hexdigest()}
    merge(scan, found)


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _SKIPPED)
        yield from (Path(where, name) for name in sorted(names) if _is_source(name))


def _is_source(name: str) -> bool:
    return PurePath(name).suffix in LANGUAGES
