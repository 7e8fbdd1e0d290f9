"""A project with one page, whose hundred queries are what the timing pass is priced on."""

import os

SECRET_KEY = "for benchmarks only"
ALLOWED_HOSTS = ["localhost"]
INSTALLED_APPS = ["library"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "library.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("PAGE_DATABASE", ":memory:"),
    }
}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
