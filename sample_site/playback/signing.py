"""Signed stream URLs, which the video machines check without asking anybody."""

import hashlib
import hmac
from urllib.parse import urlencode

from django.conf import settings

SECONDS = 6 * 3600


def stream_url(host: str, channel: str, user_id: int, *, devices: int) -> str:
    query = {
        "user": user_id,
        "devices": devices,
        "expires": int(settings.SITE_NOW.timestamp()) + SECONDS,
    }
    path = f"/live/{channel}/index.m3u8?{urlencode(query)}"
    key = settings.SECRET_KEY.encode()
    signature = hmac.new(key, f"{host}{path}".encode(), hashlib.sha256).hexdigest()
    return f"https://{host}{path}&signature={signature}"
