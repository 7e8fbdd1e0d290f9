"""A project whose views leave garbage, leak, or do neither, as their routes say."""

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "conf.urls"
USE_TZ = True
