"""Responses of every shape that an audit may meet."""

import json
import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

CUSTOMER = "ada@customers.example"
PARCELS = [
    {"id": number, "weight": 1.5 * number, "note": "Grüße" * (number % 3), "stops": []}
    for number in range(1, 41)
]


def top_level_array(request: HttpRequest) -> JsonResponse:
    return JsonResponse(PARCELS, safe=False)


def top_level_scalar(request: HttpRequest) -> JsonResponse:
    return JsonResponse(42, safe=False)


def indented(request: HttpRequest) -> HttpResponse:
    return HttpResponse(json.dumps({"parcels": PARCELS}, indent=4), "application/json")


def keyed_by_customer(request: HttpRequest) -> JsonResponse:
    """A map whose keys are somebody's addresses."""
    keys = [CUSTOMER, *(f"customer{number}@customers.example" for number in range(40))]
    return JsonResponse({"customers": {key: {"parcels": len(key)} for key in keys}})


def not_a_number(request: HttpRequest) -> HttpResponse:
    return HttpResponse('{"weight": NaN}', content_type="application/json")


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    def rows() -> Iterator[bytes]:
        for parcel in PARCELS:
            yield json.dumps(parcel).encode() + b"\n"

    return StreamingHttpResponse(rows(), content_type="application/x-ndjson")


def streamed_document(request: HttpRequest) -> StreamingHttpResponse:
    pieces = (b'{"parcels": [', json.dumps(PARCELS[0]).encode(), b"]}")
    return StreamingHttpResponse(iter(pieces), content_type="application/json")


def slow(request: HttpRequest) -> JsonResponse:
    time.sleep(0.3)
    return JsonResponse({"parcels": PARCELS})


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>Parcels</p>")


urlpatterns = [
    path("array/", top_level_array),
    path("scalar/", top_level_scalar),
    path("indented/", indented),
    path("keyed/", keyed_by_customer),
    path("nan/", not_a_number),
    path("lines/", streamed),
    path("document/", streamed_document),
    path("slow/", slow),
    path("page/", page),
]
