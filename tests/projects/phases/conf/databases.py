from pathlib import Path
from typing import Any


def sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        # The views that write from two threads at once are not what is looked at here.
        "OPTIONS": {"timeout": 5},
    }
