"""A project whose caches are recorded as ``CACHE`` (JSON) in the environment says."""

import json
import os

from djtune.cache import recorded

SECRET_KEY = os.environ.get("SECRET", "for tests only")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "conf.urls"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
REDIS_URL = os.environ["REDIS_URL"]
CORE = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
CACHES = {
    "default": {**CORE, "KEY_PREFIX": "site"},
    "other": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL},
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
if "PLAIN" not in os.environ:
    CACHES = recorded(CACHES)
LOGGING_CONFIG = None
DJTUNE = {"CACHE": json.loads(os.environ.get("CACHE", "{}"))}
