from django.db import models


class Reading(models.Model):
    """Rows enough for a large fetch."""

    sensor = models.CharField(max_length=20)
    value = models.FloatField()
    note = models.TextField()

    def __str__(self) -> str:
        return self.sensor
