"""What is on: channels, shows, and the programmes of the electronic programme guide (EPG)."""

from django.db import models


class Channel(models.Model):
    number = models.PositiveIntegerField(unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    logo = models.URLField()
    package = models.ForeignKey("accounts.Package", on_delete=models.PROTECT)
    description = models.TextField()
    languages = models.JSONField(default=list)
    resolution = models.CharField(max_length=10)
    feed_id = models.CharField(max_length=40)
    launched_on = models.DateField()

    def __str__(self) -> str:
        return self.name


class Genre(models.Model):
    slug = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.name


class Show(models.Model):
    title = models.CharField(max_length=120)
    tagline = models.CharField(max_length=200)
    description = models.TextField()
    genre = models.ForeignKey(Genre, on_delete=models.PROTECT, related_name="shows")
    year = models.PositiveIntegerField()
    country = models.CharField(max_length=2)
    age_rating = models.PositiveIntegerField()
    poster = models.URLField()
    cast = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.title


class Programme(models.Model):
    """One broadcast, as the channels' listings feed has it."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="programmes")
    show = models.ForeignKey(Show, on_delete=models.CASCADE, related_name="programmes")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    title = models.CharField(max_length=120)
    subtitle = models.CharField(max_length=120)
    description = models.TextField()
    genres = models.JSONField(default=list)
    season = models.PositiveIntegerField(null=True)
    episode = models.PositiveIntegerField(null=True)
    age_rating = models.PositiveIntegerField()
    is_live = models.BooleanField(default=False)
    is_new = models.BooleanField(default=False)
    image = models.URLField()
    catchup_until = models.DateTimeField(null=True)
    crid = models.CharField(max_length=60)
    country = models.CharField(max_length=2)
    updated_at = models.DateTimeField()
    long_synopsis = models.TextField()
    credits = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.title} at {self.starts_at}"
