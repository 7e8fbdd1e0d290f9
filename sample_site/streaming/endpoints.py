"""The base of the API's endpoints: one body, served by a sync or by an async view."""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

if settings.SWITCHES.asynchronous:
    from adrf.views import APIView as AsyncAPIView

    class Endpoint(AsyncAPIView):
        """Answers GET with ``answer()``, which runs in the request's thread: it is ORM work."""

        async def get(self, request: Request, **params: Any) -> Response:
            return Response(await sync_to_async(self.answer)(request, **params))

else:

    class Endpoint(APIView):
        """Answers GET with ``answer()``."""

        def get(self, request: Request, **params: Any) -> Response:
            return Response(self.answer(request, **params))
