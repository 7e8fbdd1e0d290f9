"""A project that records its requests as ``RECORD`` (JSON) in the environment says."""

import json
import os
from pathlib import Path

SECRET_KEY = os.environ.get("SECRET", "for tests only")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "visits.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "djtune.middleware.Recorder",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ.get("DATA", ".")) / "visits.sqlite3",
    }
}
DEBUG_PROPAGATE_EXCEPTIONS = "PROPAGATE" in os.environ
LOGGING_CONFIG = None
DJTUNE = {"RECORD": json.loads(os.environ.get("RECORD", "{}"))}
