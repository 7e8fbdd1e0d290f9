import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from epg.models import Channel, Show
from playback import access, upstream
from playback.access import Grant
from playback.models import StreamOrigin
from playback.serializers import RecommendationSerializer, StreamSerializer
from playback.signing import stream_url

if settings.SWITCHES.asynchronous:
    from adrf.views import APIView as AsyncAPIView

    class StreamView(AsyncAPIView):
        """May the viewer watch, and where from? The two upstream calls are awaited together."""

        async def get(self, request: Request, channel: str) -> Response:
            grant = await sync_to_async(access.authorise)(request.user, channel)
            devices, origin = await asyncio.gather(
                upstream.entitlement(grant.viewer, grant.channel).aget(),
                upstream.pick_origin(grant.viewer, grant.origins).aget(),
            )
            return Response(stream(grant, devices, origin))

    class RecommendationsView(AsyncAPIView):
        """Shows that the viewer may like."""

        async def get(self, request: Request) -> Response:
            genres = await upstream.recommended_genres(request.user).aget()
            return Response(await sync_to_async(recommendations)(genres))

else:

    class StreamView(APIView):
        """May the viewer watch, and where from?"""

        def get(self, request: Request, channel: str) -> Response:
            grant = access.authorise(request.user, channel)
            devices = upstream.entitlement(grant.viewer, grant.channel).get()
            origin = upstream.pick_origin(grant.viewer, grant.origins).get()
            return Response(stream(grant, devices, origin))

    class RecommendationsView(APIView):
        """Shows that the viewer may like."""

        def get(self, request: Request) -> Response:
            genres = upstream.recommended_genres(request.user).get()
            return Response(recommendations(genres))


def stream(grant: Grant, devices: int, origin: StreamOrigin) -> Any:
    url = stream_url(origin.host, grant.channel.slug, grant.viewer.pk, devices=devices)
    answer = {"channel": grant.channel, "url": url, "devices": devices}
    return StreamSerializer(answer).data


def recommendations(genres: list[str]) -> Any:
    shows = Show.objects.filter(genre__slug__in=genres).order_by("-year", "pk")[:10]
    return RecommendationSerializer(shows, many=True).data


# Video, as an origin machine would serve it: a playlist of segments of MPEG transport stream.

SEGMENTS = 6
SECONDS_PER_SEGMENT = 4
PACKET = b"\x47" + bytes(187)
CHUNK = PACKET * 256
CHUNKS = 8


def playlist(request: HttpRequest, channel: str) -> HttpResponse:
    get_object_or_404(Channel, slug=channel)
    latest = int(settings.SITE_NOW.timestamp()) // SECONDS_PER_SEGMENT
    numbers = range(latest - SEGMENTS + 1, latest + 1)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{SECONDS_PER_SEGMENT}",
        f"#EXT-X-MEDIA-SEQUENCE:{numbers.start}",
    ]
    for number in numbers:
        lines += [f"#EXTINF:{SECONDS_PER_SEGMENT:.3f},", f"{number}.ts"]
    return HttpResponse("\n".join(lines) + "\n", content_type="application/vnd.apple.mpegurl")


def segment(request: HttpRequest, channel: str, segment: int) -> StreamingHttpResponse:
    served_async = hasattr(request, "scope")
    body = achunks() if served_async else chunks()
    return StreamingHttpResponse(body, content_type="video/mp2t")


def chunks() -> Iterator[bytes]:
    for _ in range(CHUNKS):
        yield CHUNK


async def achunks() -> AsyncIterator[bytes]:
    for chunk in chunks():
        yield chunk
