"""Who is watching: a Django user with a profile, subscriptions and devices."""

import hashlib
import hmac

from django.conf import settings
from django.db import models


class Region(models.Model):
    """A country that the service is sold in."""

    code = models.SlugField(max_length=8, unique=True)
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class Isp(models.Model):
    """An internet provider; some licences hold on its network only."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="isps")

    def __str__(self) -> str:
        return self.name


class Package(models.Model):
    """A set of channels that is sold as one."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile"
    )
    display_name = models.CharField(max_length=80)
    region = models.ForeignKey(Region, on_delete=models.PROTECT)
    isp = models.ForeignKey(Isp, on_delete=models.PROTECT)
    last_channel = models.ForeignKey("epg.Channel", on_delete=models.SET_NULL, null=True)
    preferences = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.display_name


class Subscription(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions"
    )
    package = models.ForeignKey(Package, on_delete=models.PROTECT)
    expires_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.package_id} until {self.expires_on}"


class Device(models.Model):
    """A television, set-top box or phone that has been paired with an account."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="devices"
    )
    code = models.SlugField(max_length=32, unique=True)
    kind = models.CharField(max_length=20)
    model = models.CharField(max_length=60)
    paired_on = models.DateField()

    def __str__(self) -> str:
        return self.code

    @property
    def secret(self) -> str:
        """What the device was given at pairing: an HMAC of its code, so that none is stored."""
        key = settings.SECRET_KEY.encode()
        return hmac.new(key, f"device:{self.code}".encode(), hashlib.sha256).hexdigest()

    def accepts(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret, secret)
