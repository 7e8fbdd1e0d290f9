"""What may be played where, and from which machine."""

from django.db import models


class Licence(models.Model):
    """The right to show a channel in a region, on one provider's network or (no ISP) on all."""

    channel = models.ForeignKey("epg.Channel", on_delete=models.CASCADE, related_name="licences")
    region = models.ForeignKey("accounts.Region", on_delete=models.CASCADE)
    isp = models.ForeignKey("accounts.Isp", on_delete=models.CASCADE, null=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    live_allowed = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.channel_id} in {self.region_id}"


class StreamOrigin(models.Model):
    """A machine that serves video to a region."""

    host = models.CharField(max_length=80, unique=True)
    region = models.ForeignKey("accounts.Region", on_delete=models.CASCADE)
    is_up = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.host
