"""Pages that keep what they find in a cache, a session and a hash of their own."""

import time
from functools import cache

import redis
from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_page

from djtune.cache import recorded_client


@cache
def client() -> redis.Redis:
    return recorded_client(redis.Redis.from_url(settings.REDIS_URL))


def show(request: HttpRequest, alias: str, pk: int) -> HttpResponse:
    found = caches[alias].get(f"show:{pk}")
    if found is None:
        time.sleep(0.002)
        found = "x" * pk
        caches[alias].set(f"show:{pk}", found, 60)
    return HttpResponse(found)


def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    request.session["name"] = name
    return HttpResponse(name)


def me(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.session.get("name", ""))


def profile(request: HttpRequest, pk: int) -> HttpResponse:
    key = f"profile:{pk}"
    fields = client().hgetall(key)
    if not fields:
        fields = {"region": "north", "devices": str(pk)}
        with client().pipeline() as pipeline:
            pipeline.hset(key, mapping=fields)
            pipeline.expire(key, 300)
            pipeline.execute()
    return HttpResponse(f"{len(fields)} fields")


@cache_page(60)
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


urlpatterns = [
    path("show/<str:alias>/<int:pk>/", show),
    path("sign-in/<str:name>/", sign_in),
    path("me/", me),
    path("profile/<int:pk>/", profile),
    path("page/", page),
]
