"""Who a request comes from: a signed token that names the user, or a session."""

from typing import Any

from django.contrib.auth.models import User
from django.core import signing
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import viewers
from accounts.viewers import Viewer

SALT = "streaming.token"
HOURS = 12


def issue_token(user_id: int) -> str:
    return signing.dumps({"user": user_id}, salt=SALT)


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer <token>``; only the user is looked up."""

    def authenticate(self, request: Request) -> tuple[Viewer, str] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims: dict[str, Any] = signing.loads(token, salt=SALT, max_age=HOURS * 3600)
            return viewers.get(claims["user"]), token
        except (signing.BadSignature, User.DoesNotExist):
            raise AuthenticationFailed("Invalid or expired token.") from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """Somebody signed in on the website, who uses the browsable API."""

    def authenticate(self, request: Request) -> tuple[Viewer, None] | None:
        signed_in = super().authenticate(request)
        try:
            return signed_in and (viewers.get(signed_in[0].pk), None)
        except User.profile.RelatedObjectDoesNotExist:
            raise AuthenticationFailed("This account has no profile to watch with.") from None
