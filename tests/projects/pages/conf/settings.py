"""A project that serves whatever scripts ``PAGES`` holds, and JSON for them to read."""

import os
from pathlib import Path

PAGES = Path(os.environ["PAGES"])
SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["pages.example"]
ROOT_URLCONF = "notes.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# As in production, where none of these can be had on loopback.
SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_DOMAIN = "pages.example"
STATIC_URL = "https://cdn.example/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    },
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "notes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
if "PAGES_POSTGRES" in os.environ:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["PAGES_POSTGRES"],
            "USER": os.environ.get("PAGES_POSTGRES_USER", "postgres"),
            "NAME": "pages",
        }
    }
else:
    DATABASES = {
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": PAGES / "pages.sqlite3"}
    }
LOGGING_CONFIG = None
