"""A project that sets the collector itself, as far as its environment asks for it."""

SECRET_KEY = "no secret"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tuned.urls"
INSTALLED_APPS = ["tuned"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
