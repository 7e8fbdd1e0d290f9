from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_only_middleware

from lab.spells import burn


class Heavy:
    """Works hard before the view where the path asks for it."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if iscoroutinefunction(self.get_response):
            return self.acall(request)
        self.work(request)
        return self.get_response(request)

    async def acall(self, request: HttpRequest) -> HttpResponse:
        self.work(request)
        return await self.get_response(request)

    def work(self, request: HttpRequest) -> None:
        if request.path == "/middleware/":
            burn()


@sync_only_middleware
def sync_only(get_response: Callable) -> Callable:
    """Makes Django serve everything below it from a thread, async views through a bridge back."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    return middleware
