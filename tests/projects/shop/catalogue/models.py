import uuid

from django.conf import settings
from django.db import models


class Category(models.Model):
    name = models.SlugField(unique=True)
    slug = models.SlugField(unique=True)

    def __str__(self):
        return self.name


class Product(models.Model):
    category = models.ForeignKey(Category, models.CASCADE)
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=100)
    on_sale = models.BooleanField(default=True)
    note = models.CharField(max_length=100, blank=True)

    def __str__(self):
        return self.title


class Review(models.Model):
    product = models.ForeignKey(Product, models.CASCADE)
    stars = models.IntegerField()

    def __str__(self):
        return f"{self.stars} stars"


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="orders")
    day = models.DateField()

    def __str__(self):
        return str(self.id)


class Card(models.Model):
    """Only some users have one."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="card")
    number = models.CharField(max_length=20)

    def __str__(self):
        return self.number
