"""A project whose views leave traces: rows, mail, tasks, connections, processes."""

import json
import os
from pathlib import Path

DATA = Path(os.environ["OFFICE_DATA"])
SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["office.example"]
ROOT_URLCONF = "office.urls"
USE_TZ = True
DEBUG_PROPAGATE_EXCEPTIONS = "OFFICE_PROPAGATES" in os.environ
_PROXY = os.environ.get("OFFICE_PROXY")
SECURE_SSL_REDIRECT = _PROXY is not None
SECURE_PROXY_SSL_HEADER = tuple(_PROXY.split("=")) if _PROXY else None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "office",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
_OPTIONS = json.loads(os.environ.get("OFFICE_OPTIONS", "{}"))
if "OFFICE_POSTGRES" in os.environ:
    _SERVER = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["OFFICE_POSTGRES"],
        "USER": os.environ.get("OFFICE_POSTGRES_USER", "postgres"),
        "OPTIONS": _OPTIONS,
    }
    DATABASES = {
        "default": {**_SERVER, "NAME": "office"},
        "other": {**_SERVER, "NAME": "other_office"},
    }
elif "OFFICE_MYSQL" in os.environ:
    _MYSQL = {"ENGINE": "django.db.backends.mysql", "HOST": os.environ["OFFICE_MYSQL"]}
    DATABASES = {"default": {**_MYSQL, "NAME": "office", "OPTIONS": _OPTIONS}}
else:
    _SQLITE = {"ENGINE": "django.db.backends.sqlite3", "HOST": os.environ.get("OFFICE_HOST", "")}
    DATABASES = {
        "default": {**_SQLITE, "NAME": DATA / "office.sqlite3"},
        "other": {**_SQLITE, "NAME": DATA / "other.sqlite3"},
    }
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "files": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(DATA / "cache"),
    },
}
SESSION_CACHE_ALIAS = "files"
SESSION_ENGINE = os.environ.get("OFFICE_SESSIONS", "django.contrib.sessions.backends.db")
if os.environ.get("OFFICE_CACHE"):
    CACHES["shared"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["OFFICE_CACHE"],
    }

EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("OFFICE_PORT", "0"))
EMAIL_TIMEOUT = 0.2
CELERY_BROKER_URL = f"redis://127.0.0.1:{EMAIL_PORT}/0"
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 5, "retry_on_timeout": False}
CELERY_TASK_PUBLISH_RETRY = False
TASKS = {"default": {"BACKEND": "office.tasks.Telegraph"}}
