"""A project in one module, whose process meets with the fate that its settings name.

``FATE`` is asked for by every request but the first few; ``SPARED`` processes of those that log
their start in ``$MORTAL_STARTS`` come before the first that meets it.
"""

import os
import signal
import sys
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "conf"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

FATE = ""
SPARED = 0
FEATURES = {"page": {"size": 10}}

requests = 0


def page(request: HttpRequest) -> JsonResponse:
    global requests
    requests += 1
    if requests == 1 and settings.FATE:
        with Path(os.environ["MORTAL_STARTS"]).open("a") as file:
            file.write("started\n")
    if requests > 2 and settings.FATE and starts() > settings.SPARED:
        sys.stderr.write("the last words hold a-secret\n")
        os.kill(os.getpid(), getattr(signal, settings.FATE))
    return JsonResponse({"size": settings.FEATURES["page"]["size"]})


def starts() -> int:
    return len(Path(os.environ["MORTAL_STARTS"]).read_text().splitlines())


urlpatterns = [path("page/", page)]
