"""What the settings read from the environment, beside the switches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

DATA_FOLDER = ".djtune-site"


def data_directory(environ: Mapping[str, str], here: Path) -> Path:
    """``SITE_DATA``, else the nearest ``.djtune-site`` in or above ``here``, else one in it."""
    if environ.get("SITE_DATA"):
        return Path(environ["SITE_DATA"]).expanduser().absolute()
    folders = [folder / DATA_FOLDER for folder in (here, *here.parents)]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def database(environ: Mapping[str, str], data: Path, *, persistent: bool) -> dict[str, Any]:
    """The default database: PostgreSQL where ``DATABASE_URL`` says so, else SQLite in ``data``.

    Raises ``ValueError`` for a URL that is not PostgreSQL's.
    """
    url = environ.get("DATABASE_URL")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": data / "site.sqlite3",
            "CONN_MAX_AGE": 60 if persistent else 0,
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"},
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL: {parts.scheme}:// is not supported, only postgres://")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # A socket folder stands in the query (?host=/run/postgresql), as libpq has it.
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": 60 if persistent else 0,
        "OPTIONS": options,
    }


def recordings(environ: Mapping[str, str]) -> dict[str, Any]:
    """``settings.DJTUNE``: what ``SITE_RECORD_CACHE=FOLDER`` asks to be recorded.

    Raises ``ValueError`` where ``SITE_RECORD_SAMPLE`` is no part of all keys.
    """
    folder = environ.get("SITE_RECORD_CACHE")
    if not folder:
        return {}
    text = environ.get("SITE_RECORD_SAMPLE") or "1"
    try:
        sample = float(text)
    except ValueError:
        sample = 0.0
    if not 0 < sample <= 1:
        raise ValueError(f"SITE_RECORD_SAMPLE={text}: must be a part of all keys, as 0.1 or 1")
    return {"CACHE": {"DIRECTORY": Path(folder).expanduser().absolute(), "SAMPLE": sample}}
