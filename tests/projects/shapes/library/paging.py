"""How many rows a page shows."""

from django.http import HttpRequest


def size(request: HttpRequest) -> int:
    """``?page_size=``, or 30."""
    return int(request.GET.get("page_size", 30))
