"""A viewer: what every step of a launch needs to know about the person watching."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from accounts import profile_cache

JSON_FIELDS = ("preferences", "subscriptions", "devices")


@dataclass(frozen=True)
class Viewer:
    """The signed-in user of an API request (``request.user``). Dates are ISO strings."""

    pk: int
    username: str
    email: str
    joined_on: str
    display_name: str
    region: str
    region_name: str
    isp: str
    isp_name: str
    last_channel: str
    preferences: dict[str, Any]
    subscriptions: list[dict[str, str]]
    devices: list[dict[str, str]]

    is_authenticated = True
    is_active = True

    def __str__(self) -> str:
        return self.username

    @property
    def packages(self) -> set[str]:
        """Codes of the packages whose subscription has not expired."""
        today = settings.SITE_DAY.isoformat()
        return {each["package"] for each in self.subscriptions if each["expires_on"] >= today}


def get(user_id: int) -> Viewer:
    """The viewer, from the profile cache where that is on.

    Raises ``User.DoesNotExist`` for a user who is gone or disabled; under the cache a disabled
    user is noticed after five minutes at most.
    """
    if not settings.SWITCHES.profile_cache:
        return load(user_id)
    if stored := profile_cache.read(user_id):
        return from_hash(stored)
    viewer = load(user_id)
    profile_cache.write(user_id, to_hash(viewer))
    return viewer


def load(user_id: int) -> Viewer:
    user = User.objects.get(pk=user_id, is_active=True)
    profile = user.profile
    subscriptions = user.subscriptions.select_related("package").order_by("pk")
    return Viewer(
        pk=user.pk,
        username=user.username,
        email=user.email,
        joined_on=user.date_joined.date().isoformat(),
        display_name=profile.display_name,
        region=profile.region.code,
        region_name=profile.region.name,
        isp=profile.isp.code,
        isp_name=profile.isp.name,
        last_channel=profile.last_channel.slug if profile.last_channel else "",
        preferences=profile.preferences,
        subscriptions=[
            {
                "package": each.package.code,
                "name": each.package.name,
                "expires_on": each.expires_on.isoformat(),
            }
            for each in subscriptions
        ],
        devices=[
            {
                "code": each.code,
                "kind": each.kind,
                "model": each.model,
                "paired_on": each.paired_on.isoformat(),
            }
            for each in user.devices.order_by("pk")
        ],
    )


def to_hash(viewer: Viewer) -> dict[str, str]:
    """The viewer as the fields of a Redis hash."""
    fields = asdict(viewer)
    return {
        name: json.dumps(value) if name in JSON_FIELDS else str(value)
        for name, value in fields.items()
    }


def from_hash(stored: dict[str, str]) -> Viewer:
    fields: dict[str, Any] = {
        name: json.loads(value) if name in JSON_FIELDS else value for name, value in stored.items()
    }
    return Viewer(**{**fields, "pk": int(stored["pk"])})
