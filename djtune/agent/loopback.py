"""Serves the project on 127.0.0.1 to a browser of djtune's, over copies of its databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from . import login, serving
from .copies import Copies, clean_up_afterwards
from .errors import AgentError

HOST = "127.0.0.1"
_PLAIN_STORAGE = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
_OVER_PLAIN_HTTP: dict[str, Any] = {
    "SECURE_SSL_REDIRECT": False,
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_SECURE": False,
    "SESSION_COOKIE_DOMAIN": None,
    "CSRF_COOKIE_DOMAIN": None,
}
_stop: list[Callable[[], None]] = []
_copies: list[Copies] = []


def serve_on_loopback(user: str = "") -> dict[str, Any]:
    """Copy the databases and serve the project from threads until :func:`stop_serving`.

    What is written can be taken back by :func:`restore_copies`. Returns ``port``, ``databases``
    (alias, how, why) and, where ``user`` names one, the ``cookie`` (name and value) that signs it
    in. Raises :class:`AgentError` where a database can be neither copied nor kept from being
    written.
    """
    copies = Copies()
    clean_up: Callable[[], None] = copies.take_away
    try:
        copies.make()
        cookie = _sign_in(user) if user else None
        copies.keep()
        clean_up = clean_up_afterwards(copies.take_away)
        server = _start()
    except BaseException:
        clean_up()
        raise

    def stop() -> None:
        login.forget_sessions()
        server.shutdown()
        clean_up()

    _stop.append(stop)
    _copies.append(copies)
    return {"port": server.server_port, "databases": copies.facts, "cookie": cookie}


def restore_copies() -> dict[str, Any]:
    """Take back what visitors have written; none may be there now."""
    for copies in _copies:
        copies.restore()
    return {}


def stop_serving() -> dict[str, Any]:
    """Stop, take the copies away, and tell the hosts that the app was refused."""
    while _stop:
        _stop.pop()()
    return {"refused": serving.refused_hosts(serving.BACKGROUND)}


def _sign_in(user: str) -> list[str]:
    from django.db import Error

    try:
        cookie = login.headers_for("session", login.find_user(user))["Cookie"]
    except Error as error:
        raise AgentError(
            f"{user!r} could not be signed in: {type(error).__name__}",
            "its session is written to the database, which may be read only",
        ) from error
    return cookie.split("=", 1)


def _start() -> Any:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.servers.basehttp import (
        ThreadedWSGIServer,
        WSGIRequestHandler,
        get_internal_wsgi_application,
    )

    class Quiet(WSGIRequestHandler):
        """Addresses hold values: nothing of them is printed."""

        def log_message(self, *_: Any) -> None:
            pass

    _adapt_settings()
    try:
        application = get_internal_wsgi_application()
    except ImproperlyConfigured as error:
        raise AgentError(str(error)) from error
    server = ThreadedWSGIServer((HOST, 0), Quiet)
    server.set_app(_with_static_files(application))
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    return server


def _adapt_settings() -> None:
    """Settings that production needs and plain HTTP on loopback cannot have."""
    from django.conf import settings
    from django.test.utils import override_settings

    changed = dict(_OVER_PLAIN_HTTP, ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, HOST])
    if _has_static_files():
        # Hashed names exist only where collectstatic has run.
        changed["STORAGES"] = {**settings.STORAGES, "staticfiles": _PLAIN_STORAGE}
        if urlsplit(settings.STATIC_URL).netloc:
            changed["STATIC_URL"] = "/static/"
    override_settings(**changed).enable()


def _has_static_files() -> bool:
    from django.apps import apps

    return bool(apps.is_installed("django.contrib.staticfiles"))


def _with_static_files(application: Any) -> Any:
    if not _has_static_files():
        return application
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    return StaticFilesHandler(application)
