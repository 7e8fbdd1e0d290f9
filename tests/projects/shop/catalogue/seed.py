"""Fills the shop's database; the same rows every time."""

import datetime
import uuid

from django.contrib.auth import get_user_model

from catalogue.models import Card, Category, Order, Product, Review


def seed(products=60):
    user_model = get_user_model()
    users = [user_model.objects.create(username=f"user-{n}") for n in range(10)]
    user_model.objects.create(username="gone", is_active=False)
    Card.objects.create(owner=users[0], number="4000")
    categories = [Category.objects.create(name=f"name-{n}", slug=f"slug-{n}") for n in range(5)]
    Product.objects.bulk_create(
        Product(
            category=categories[n % 5], slug=f"product-{n}", title=f"Product {n}", on_sale=n % 3 > 0
        )
        for n in range(products)
    )
    Review.objects.bulk_create(
        Review(product=product, stars=3) for product in Product.objects.order_by("pk")[:20]
    )
    for n, user in enumerate(users):
        Order.objects.create(id=uuid.UUID(int=n), buyer=user, day=datetime.date(2025, 1, 1 + n))
