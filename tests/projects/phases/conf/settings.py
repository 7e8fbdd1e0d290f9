"""A project whose every view spends its time in one known way."""

import os
from pathlib import Path

from conf.databases import sqlite

DATA = Path(os.environ["LAB_DATA"])
SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["lab.example"]
ROOT_URLCONF = "lab.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["lab"]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "lab.middleware.Heavy",
]
if os.environ.get("LAB_SYNC_ONLY"):
    MIDDLEWARE.append("lab.middleware.sync_only")

if os.environ.get("LAB_POSTGRES"):
    _SERVER = {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["LAB_POSTGRES"]}
    DATABASES = {
        alias: {**_SERVER, "NAME": alias, "USER": "postgres", "CONN_MAX_AGE": 60}
        for alias in ("lab", "other")
    }
    DATABASES["default"] = DATABASES.pop("lab")
else:
    DATABASES = {"default": sqlite(DATA / "lab.sqlite3"), "other": sqlite(DATA / "other.sqlite3")}

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "slow": {"BACKEND": "lab.caches.SlowCache"},
}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
