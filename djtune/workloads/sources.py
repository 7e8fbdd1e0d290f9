"""The app's own files, of which patches are made."""

from collections.abc import Iterable
from pathlib import Path

from djtune.model.app import App


def read_sources(app: App, files: Iterable[str]) -> dict[str, str]:
    """The text of each of ``files`` that is inside the project, by its path there."""
    found = {}
    for file in sorted({file for file in files if file}):
        path = Path(app.directory) / file
        if not Path(file).is_absolute() and path.is_file():
            found[file] = path.read_text(encoding="utf-8", errors="replace")
    return found
