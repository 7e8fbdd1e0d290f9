"""A folder of pages that belong together; files that djtune did not make are left alone."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from djtune.errors import DjtuneError, ExitCode

_OWN = ('content="djtune ', '"exporter":"djtune ')
"""What the beginning of a page, and of a file for speedscope, has in it."""
_BEGINNING = 4096


def prepare(folder: Path, option: str, names: Iterable[str] = ()) -> None:
    """Make the folder, and refuse it before anything is measured where it cannot be used.

    ``names`` are files that will be written in any case. Raises :class:`DjtuneError`.
    """
    if str(folder).startswith("-"):
        raise DjtuneError(f"{option} needs a folder, not {str(folder)!r}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".djtune-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DjtuneError(f"{option} {folder}: {error.strerror}", hint="name a folder") from None
    _refuse_foreign(folder, option, names)


def write(folder: Path, option: str, files: Mapping[str, str]) -> None:
    """Write the files, or none of them where one would replace a file that is not djtune's."""
    _refuse_foreign(folder, option, files, ExitCode.INCOMPLETE)
    try:
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DjtuneError(
            f"{option} {folder}: {error.strerror}", exit_code=ExitCode.INCOMPLETE
        ) from None


def _refuse_foreign(
    folder: Path, option: str, names: Iterable[str], exit_code: ExitCode = ExitCode.USAGE
) -> None:
    for name in names:
        if (folder / name).exists() and not _is_own(folder / name):
            raise DjtuneError(
                f"{option} {folder}: {name} is there already, and djtune did not make it",
                hint="name another folder",
                exit_code=exit_code,
            )


def _is_own(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return False
    return any(mark in beginning for mark in _OWN)
