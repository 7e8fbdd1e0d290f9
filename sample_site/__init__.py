"""The sample site: a video streaming service that djtune is shown and tested on.

This folder is an ordinary Django project (see ``manage.py``); it is a package only so that it
ships with djtune and can be found wherever djtune is installed.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent
"""The project's root, where ``manage.py`` is."""
