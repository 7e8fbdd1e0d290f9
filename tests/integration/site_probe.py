"""Run inside the sample site: asks each route once and prints the SQL that it took, as JSON."""
# ruff: noqa: E402 - nothing of the site can be imported before django.setup()

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path.cwd()))
os.environ["DJANGO_SETTINGS_MODULE"] = "streaming.settings"

import django

django.setup()

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from rest_framework.settings import api_settings

from accounts.authentication import issue_token
from accounts.models import Profile

user = User.objects.order_by("pk")[0]
channel = Profile.objects.get(user=user).last_channel.slug
client = Client(
    SERVER_NAME="localhost", headers={"Authorization": f"Bearer {issue_token(user.pk)}"}
)

PATHS = {
    "profile": "/api/profile/",
    "channels": "/api/channels/",
    "epg": "/api/epg/?day=today&from=1&to=40",
    "stream": f"/api/stream/{channel}/",
    "show": "/api/shows/1/",
    "recommendations": "/api/recommendations/",
    "shows": "/web/shows/",
    "export": "/api/account/export/",
}


def ask(path: str) -> dict[str, Any]:
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
    assert response.status_code == 200, response
    return {
        "queries": [query["sql"] for query in queries],
        "body": response.content.decode(),
    }


def is_async(path: str) -> bool:
    return iscoroutinefunction(resolve(urlsplit(path).path).func)


with connection.cursor() as cursor:
    constraints = connection.introspection.get_constraints(cursor, "epg_programme")
found = {
    "gc": gc.get_threshold(),
    "renderer": api_settings.DEFAULT_RENDERER_CLASSES[0].__module__.split(".")[0],
    "async": {name: is_async(path) for name, path in PATHS.items()},
    "indexes": [each["columns"] for each in constraints.values() if each["index"]],
    "routes": {name: ask(path) for name, path in PATHS.items()},
}
sys.stdout.write(json.dumps(found))
