import csv
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import issue_token
from accounts.models import Device
from accounts.serializers import CredentialsSerializer, ProfileSerializer
from epg.models import Programme
from playback import access
from streaming.endpoints import Endpoint


class AuthView(APIView):
    """A paired device asks for a token."""

    authentication_classes = ()
    permission_classes = ()

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def post(self, request: Request) -> Response:
        credentials = CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        device = Device.objects.filter(
            code=credentials.validated_data["device"], user__is_active=True
        ).first()
        if device is None or not device.accepts(credentials.validated_data["secret"]):
            raise AuthenticationFailed("Unknown device or wrong secret.")
        return Response({"token": issue_token(device.user_id)})


class ProfileView(Endpoint):
    def answer(self, request: Request) -> Any:
        return ProfileSerializer(request.user).data


class ExportView(APIView):
    """Everything that the viewer may watch from today on, as a spreadsheet. Rare and heavy."""

    def get(self, request: Request) -> HttpResponse:
        response = HttpResponse(content_type="text/csv")
        sheet = csv.writer(response)
        sheet.writerow(["channel", "starts_at", "ends_at", "title", "genres"])
        programmes = (
            Programme.objects.filter(
                channel__in=access.licensed_channels(request.user),
                channel__package__code__in=request.user.packages,
                starts_at__date__gte=settings.SITE_DAY,
            )
            .select_related("channel")
            .order_by("channel__number", "starts_at")
        )
        for each in programmes.iterator():
            sheet.writerow(
                [each.channel.name, each.starts_at, each.ends_at, each.title, " ".join(each.genres)]
            )
        return response
