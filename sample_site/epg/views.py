from datetime import date, timedelta
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from epg import guide
from epg.serializers import ChannelSerializer, GuideChannelSerializer, ShowSerializer
from playback import access
from streaming.endpoints import Endpoint

MOST_CHANNELS = 100


class ChannelsView(Endpoint):
    """Every channel, and whether the viewer may watch it."""

    def answer(self, request: Request) -> Any:
        channels = list(guide.channels())
        available = access.available(request.user, channels)
        return ChannelSerializer(channels, many=True, context={"available": available}).data


class EpgView(Endpoint):
    """The guide of one day: ``?day=2026-03-06&from=1&to=40`` (channel numbers)."""

    def answer(self, request: Request) -> Any:
        day = read_day(request.query_params.get("day", "today"))
        first = read_number(request, "from", 1)
        last = min(read_number(request, "to", first + 39), first + MOST_CHANNELS - 1)
        channels = list(guide.listings(day, first, last))
        available = access.available(request.user, channels)
        rows = GuideChannelSerializer(channels, many=True, context={"available": available})
        return {"day": day.isoformat(), "channels": rows.data}


class ShowView(Endpoint):
    def answer(self, request: Request, pk: int) -> Any:
        return ShowSerializer(guide.show(pk)).data


def read_day(text: str) -> date:
    """An ISO date, ``today`` or ``tomorrow``. Raises ``ValidationError``."""
    if text in ("today", "tomorrow"):
        return settings.SITE_DAY + timedelta(days=text == "tomorrow")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValidationError({"day": "Not a date such as 2026-03-06."}) from None


def read_number(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query_params.get(name, default))
    except ValueError:
        raise ValidationError({name: "Not a channel number."}) from None
