import gc
import os

from django.db import connection
from django.http import HttpResponse

# What a large app keeps for as long as it runs.
BALLAST = [{"number": [number]} for number in range(int(os.environ.get("TUNED_BALLAST", 0)))]


def plain(request):
    return HttpResponse(f"{sum(range(1000))}")


def enabled(request):
    """As a library does that switches the collector off for a while and then on."""
    gc.enable()
    return HttpResponse("on")


def reset(request):
    gc.set_threshold(700, 10, 10)
    return HttpResponse("reset")


class Node:
    def __init__(self):
        self.itself = self


def cyclic(request):
    """Leaves a thousand cycles to the collector."""
    return HttpResponse(f"{len([Node() for _ in range(1000)])}")


def dropped(request):
    """The same, one after another."""
    for _ in range(1000):
        Node()
    return HttpResponse("dropped")


def written(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("written")
