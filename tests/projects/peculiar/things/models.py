from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

SHELVES, THINGS = 8, 24


class Shelf(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.name


class Thing(models.Model):
    name = models.CharField(max_length=20)
    shelf = models.ForeignKey(Shelf, models.CASCADE, related_name="things")
    about_type = models.ForeignKey(ContentType, models.CASCADE)
    about_id = models.BigIntegerField()
    about = GenericForeignKey("about_type", "about_id")

    def __str__(self) -> str:
        return self.name


class OfSomebody(models.Manager):
    """As packages for tenants do: nothing is read before it is said whose."""

    somebody = None

    def get_queryset(self) -> models.QuerySet:
        if OfSomebody.somebody is None:
            raise RuntimeError("whose rows?")
        return super().get_queryset()


class Secret(models.Model):
    name = models.CharField(max_length=20)

    objects = OfSomebody()

    def __str__(self) -> str:
        return self.name


def fill() -> None:
    Secret._base_manager.create(name="Secret")
    shelves = [Shelf.objects.create(name=f"Shelf {number}") for number in range(SHELVES)]
    for number in range(THINGS):
        shelf = shelves[number % SHELVES]
        Thing.objects.create(name=f"Thing {number}", shelf=shelf, about=shelf)
