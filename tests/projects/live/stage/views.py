"""Views whose frames tell the route, and some whose frames do not."""

import time
from functools import wraps

from asgiref.sync import sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.views.generic import View
from rest_framework import generics, serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from stage.spells import SPELL, burn


def decorated(view):
    @wraps(view)
    def wrapper(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return wrapper


@decorated
def crunch(request):
    burn()
    return HttpResponse("worked")


def sleepy(request):
    time.sleep(SPELL)
    return HttpResponse("slept")


def nothing(request):
    return HttpResponse("nothing")


class Page(View):
    def get(self, request):
        self.work()
        return HttpResponse("worked")

    def work(self):
        burn()


class OtherPage(Page):
    """Inherits its method; what it calls tells it from its base."""

    def work(self):
        burn()


class Row(serializers.Serializer):
    number = serializers.SerializerMethodField()

    def get_number(self, number):
        burn()
        return number


class Listed(generics.ListAPIView):
    """Inherits its method from the framework; while rows are serialized, no frame is its own."""

    serializer_class = Row
    pagination_class = None

    def get_queryset(self):
        burn()
        return [1]


class AlsoListed(Listed):
    def get_queryset(self):
        return [1]


@api_view(["GET"])
def search(request):
    burn()
    return Response({"found": 0})


class Acts(ViewSet):
    def list(self, request):
        burn()
        return Response([])

    def retrieve(self, request, pk):
        burn()
        return Response({"pk": pk})


async def later(request):
    burn()
    return HttpResponse("worked")


async def handed_over(request):
    await sync_to_async(burn)()
    return HttpResponse("worked in a thread")


def streamed(request):
    def parts():
        for _ in range(2):
            burn(SPELL / 2)
            yield b"part"

    return StreamingHttpResponse(parts())


def late(request):
    """Does its work in a template, which Django renders after the view returned."""
    template = engines.all()[0].from_string("{{ burn }}")
    return TemplateResponse(request, template, {"burn": burn})
