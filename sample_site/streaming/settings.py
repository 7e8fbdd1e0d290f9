"""Settings of the streaming service, as they would be in production."""

import os
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from streaming import environment, switches

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.data_directory(os.environ, Path.cwd())
REDIS_URL = os.environ.get("REDIS_URL", "")

try:
    SWITCHES = switches.read(os.environ)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None

if SWITCHES.profile_cache and not REDIS_URL:
    sys.stderr.write("sample site: no Redis (set REDIS_URL), so the profile cache is off\n")
    SWITCHES = replace(SWITCHES, profile_cache=False)

# The guide's "today". It is fixed, so that data and responses are the same on any day.
SITE_DAY = date.fromisoformat(os.environ.get("SITE_DAY") or "2026-03-06")
SITE_NOW = datetime.combine(SITE_DAY, time(20, 30), tzinfo=UTC)

SECRET_KEY = os.environ.get("SITE_SECRET_KEY", "the-sample-site-holds-made-up-data-and-no-secret")
DEBUG = os.environ.get("SITE_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "streaming",
    "accounts",
    "epg",
    "playback",
    "web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "streaming.urls"
WSGI_APPLICATION = "streaming.wsgi.application"
ASGI_APPLICATION = "streaming.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

try:
    DATABASES = {
        # Under ASGI a request's thread is its own, and so would be a connection that is kept.
        "default": environment.database(os.environ, DATA_DIR, persistent=not SWITCHES.asynchronous),
    }
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None

if REDIS_URL:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

try:
    DJTUNE = environment.recordings(os.environ)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None

if DJTUNE and not REDIS_URL:
    sys.stderr.write("sample site: no Redis (set REDIS_URL), so its cache is not recorded\n")
elif DJTUNE:
    from djtune.cache import recorded

    CACHES = recorded(CACHES)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": [
        "drf_orjson_renderer.renderers.ORJSONRenderer"
        if SWITCHES.orjson
        else "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
}
