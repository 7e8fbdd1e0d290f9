"""The queries behind the guide."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from epg.models import Channel, Programme, Show
from streaming.lean import without

AIRINGS = 12
RELATED = 6


def channels() -> QuerySet[Channel]:
    every = Channel.objects.select_related("package").order_by("number")
    return without(every, "description", "languages", "feed_id", "launched_on")


def listings(day: date, first: int, last: int) -> QuerySet[Channel]:
    """Channels ``first`` to ``last`` by number, each with its ``listing`` of the day."""
    begin = datetime.combine(day, time.min, tzinfo=UTC)
    end = begin + timedelta(days=1)
    programmes = Programme.objects.filter(starts_at__lt=end, ends_at__gt=begin)
    programmes = programmes.order_by("starts_at")
    programmes = without(
        programmes,
        "crid",
        "country",
        "catchup_until",
        "updated_at",
        "long_synopsis",
        "credits",
    )
    return (
        channels()
        .filter(number__range=(first, last))
        .prefetch_related(Prefetch("programmes", queryset=programmes, to_attr="listing"))
    )


def show(pk: int) -> Show:
    """The show with its ``next_airings`` and ``related`` shows. Raises ``Http404``."""
    found = get_object_or_404(without(Show.objects.all(), "tagline", "country", "cast"), pk=pk)
    found.next_airings = found.programmes.filter(ends_at__gt=settings.SITE_NOW).order_by(
        "starts_at"
    )[:AIRINGS]
    found.related = cache.get_or_set(f"related:{pk}", lambda: related(found), 60)
    return found


def related(show: Show) -> list[dict[str, Any]]:
    same = Show.objects.filter(genre=show.genre).exclude(pk=show.pk).order_by("-year", "pk")
    return list(same.values("id", "title", "poster")[:RELATED])
