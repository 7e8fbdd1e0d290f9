"""The lean payloads' two halves: fields that are not sent, and columns that are not fetched."""

from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from rest_framework import serializers

M = TypeVar("M", bound=Model)


class LeanMixin:
    """A serializer that leaves the fields named in ``unread`` out when payloads are lean."""

    unread: tuple[str, ...] = ()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        if settings.SWITCHES.lean:
            for name in self.unread:
                del fields[name]
        return fields


def without(queryset: QuerySet[M], *columns: str) -> QuerySet[M]:
    """``queryset`` that does not fetch ``columns`` when payloads are lean."""
    return queryset.defer(*columns) if settings.SWITCHES.lean else queryset
