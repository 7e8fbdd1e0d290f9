from django.db import models


class Seed(models.Model):
    """What the database was filled with; written last, so that its absence means unfinished."""

    size = models.CharField(max_length=10)
    day = models.DateField()
    version = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.size}, {self.day}, version {self.version}"
