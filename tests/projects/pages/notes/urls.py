import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from notes.models import Note

PAGE = """{% load static %}<!doctype html><title>page</title><body>
<script type="importmap">{"imports": {"greeting": "{% static 'notes/greeting.js' %}"}}</script>
<script type="module" src="/script/{{ name }}.js"></script>"""
ROWS = [
    {
        "id": number,
        "title": f"Film {number}",
        "start": f"2026-03-06T{number:02}:00:00Z",
        "live": False,
        "channel": {"name": f"Channel {number}", "logo": "channel.png"},
        "secret": "s" * number,
        "end": f"2026-03-06T{number + 1:02}:00:00Z",
    }
    for number in range(1, 6)
]


def page(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(PAGE).render({"name": name}))


def script(request: HttpRequest, name: str) -> HttpResponse:
    text = (settings.PAGES / name).read_text()
    return HttpResponse(text, content_type="text/javascript")


def rows(request: HttpRequest, page: str) -> JsonResponse:
    return JsonResponse({"rows": ROWS, "next": None})


def chance(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"drawn": secrets.token_hex(8), "unread": 1})


def user(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": request.user.get_username()})


@csrf_exempt
def notes(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        Note.objects.create(text="written by a visitor")
    return JsonResponse({"count": Note.objects.count(), "unread": 1})


urlpatterns = [
    path("page/<name>/", page),
    path("script/<name>", script),
    path("api/rows/<page>/", rows),
    path("api/chance/", chance),
    path("api/user/", user),
    path("api/notes/", notes),
]
