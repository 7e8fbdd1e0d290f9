"""Scans the source of a client for the names of fields and for addresses."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from djtune.errors import DjtuneError
from djtune.payloads.clients import SourceScan

from . import html, javascript, kotlin, python, swift
from .collected import Collected
from .files import LANGUAGES, is_generated, source_files
from .grammar import Tree
from .text import SourceText

LARGEST = 20_000_000
"""Bytes of a file that is still read."""
_FOREIGN_TEMPLATE = re.compile(r"<template\b[^>]*\blang=(?![\"']?html)")
"""Of a Vue component in Pug, say, which has no HTML."""
MOST_LOST = 0.1
"""Part of a file that may be no code that the parser knows."""
_OTHERS = {"kotlin": kotlin.collect, "python": python.collect, "swift": swift.collect}
Progress = Callable[[int, int], None]
"""Called with the files read and how many there are."""


def scan_folder(folder: Path, progress: Progress | None = None) -> SourceScan:
    """Scan all source files below a folder.

    Raises:
        DjtuneError: there is no such folder, or nothing in it that can be read.

    """
    if not folder.is_dir():
        raise DjtuneError(f"{folder} is no folder", hint="--client-source takes a folder")
    files = source_files(folder)
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
    encoded = text.encode("utf-8", "replace")
    scan = SourceScan(files={language: 1}, bytes=len(encoded))
    scan.digests = {hashlib.sha256(encoded).hexdigest()}
    collected = Collected(SourceText(file, text), generated=is_generated(text))
    if not _collect(collected, language):
        scan.unreadable.append(file)
    collected.into(scan)
    return scan


def _collect(collected: Collected, language: str) -> bool:
    """Find the names of a text; return whether it could be parsed."""
    units = collected.source.units
    if language == "html":
        html.collect(units, collected)
        return _FOREIGN_TEMPLATE.search(units) is None
    tree = Tree(language, units)
    if language in _OTHERS:
        _OTHERS[language](tree, collected)
    else:
        for start, template in javascript.collect(tree, collected):
            html.collect(template, collected, start)
    errors = tree.errors()
    collected.unparsed(errors)
    return sum(len(error.text) for error in errors) <= len(tree.units) * MOST_LOST


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
    into.composed += other.composed
    into.blind += other.blind
    into.unreadable += other.unreadable


def _scan_file(scan: SourceScan, folder: Path, file: Path) -> None:
    name = file.relative_to(folder).as_posix()
    language = LANGUAGES.get(file.suffix)
    try:
        if language is None or file.stat().st_size > LARGEST:
            raise ValueError
        content = file.read_bytes()
        found = scan_text(content.decode("utf-8-sig"), language, name)
    except (OSError, ValueError):  # UnicodeDecodeError is one
        scan.unreadable.append(name)
        return
    found.digests = {hashlib.sha256(content).hexdigest()}
    merge(scan, found)
