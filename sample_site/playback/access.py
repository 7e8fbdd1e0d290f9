"""May this viewer watch this channel? Subscription, region and ISP licence, availability."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied

from accounts.viewers import Viewer
from epg.models import Channel, Programme
from playback.models import Licence, StreamOrigin


@dataclass(frozen=True)
class Grant:
    """A viewer who may watch a channel, and the machines that could serve it."""

    viewer: Viewer
    channel: Channel
    origins: list[StreamOrigin]


def authorise(viewer: Viewer, slug: str) -> Grant:
    """The whole chain. Raises ``Http404``, or ``PermissionDenied`` with the reason."""
    channel = get_object_or_404(Channel.objects.select_related("package"), slug=slug)
    check_subscription(viewer, channel)
    check_licence(viewer, channel)
    check_on_air(viewer, channel)
    origins = StreamOrigin.objects.filter(region__code=viewer.region, is_up=True).order_by("pk")
    return Grant(viewer, channel, list(origins))


def check_subscription(viewer: Viewer, channel: Channel) -> None:
    if channel.package.code not in viewer.packages:
        raise PermissionDenied(f"{channel.name} is not in your subscription.")


def check_licence(viewer: Viewer, channel: Channel) -> None:
    if licences(viewer).filter(channel=channel).first() is None:
        raise PermissionDenied(f"{channel.name} cannot be shown where you are.")


def check_on_air(viewer: Viewer, channel: Channel) -> None:
    """Some licences leave live events out."""
    now = settings.SITE_NOW
    programme = Programme.objects.filter(
        channel=channel, starts_at__lte=now, ends_at__gt=now
    ).first()
    if programme is None:
        raise PermissionDenied(f"{channel.name} is off the air.")
    licence = licences(viewer).filter(channel=channel).first()
    if programme.is_live and not (licence and licence.live_allowed):
        raise PermissionDenied(f"{programme.title} cannot be shown live where you are.")


def available(viewer: Viewer, channels: Iterable[Channel]) -> set[int]:
    """Ids of those ``channels`` that the viewer may watch."""
    licensed = set(licensed_channels(viewer))
    subscribed = viewer.packages
    return {each.pk for each in channels if each.pk in licensed and each.package.code in subscribed}


def licensed_channels(viewer: Viewer) -> QuerySet[Licence, int]:
    return licences(viewer).values_list("channel_id", flat=True)


def licences(viewer: Viewer) -> QuerySet[Licence]:
    """Licences that hold today for the viewer's region and provider."""
    today = settings.SITE_DAY
    return Licence.objects.filter(
        Q(isp=None) | Q(isp__code=viewer.isp),
        region__code=viewer.region,
        starts_on__lte=today,
        ends_on__gte=today,
    ).order_by("pk")
