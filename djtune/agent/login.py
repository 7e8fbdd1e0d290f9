"""Signs users in inside the replayed request's own transaction, so that nothing of it stays."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from .errors import AgentError

_LEAVE_NOTHING = (
    "django.contrib.sessions.backends.db",
    "django.contrib.sessions.backends.signed_cookies",
)
_kept_sessions: list[Any] = []


def headers_for(login: str, user_pk: Any) -> dict[str, str]:
    """The headers that make a request come from the user.

    ``session`` makes a session row, ``token`` a rest_framework.authtoken one; both are rolled
    back with the request. ``force`` needs none: the request carries the user itself.
    """
    if user_pk is None or login in ("none", "force"):
        return {}
    if login == "session":
        return {"Cookie": _session_cookie(user_pk)}
    if login == "token":
        return {"Authorization": f"Token {_token(user_pk)}"}
    raise AgentError(f"unknown login {login!r}", "use session, token, force or none")


def forced_user(login: str, user_pk: Any) -> Any:
    """The user that the request is to carry itself; None where it is signed in otherwise."""
    return load_user(user_pk) if login == "force" and user_pk is not None else None


def _session_cookie(user_pk: Any) -> str:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    user = load_user(user_pk)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = user._meta.pk.value_to_string(user)
    session[BACKEND_SESSION_KEY] = _backend()
    if hasattr(user, "get_session_auth_hash"):
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    if settings.SESSION_ENGINE not in _LEAVE_NOTHING:
        _kept_sessions.append(session)
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def _backend() -> str:
    """The first authentication backend that can load a user, as Django's own sign-in takes it."""
    from django.conf import settings
    from django.contrib.auth import load_backend

    backends: list[str] = list(settings.AUTHENTICATION_BACKENDS)
    able = (path for path in backends if hasattr(load_backend(path), "get_user"))
    return next(able, backends[0])


def forget_sessions() -> None:
    """Delete what a rollback does not undo: sessions that a cache or a file holds.

    To be called on the thread that serves the request, before the rollback.
    """
    while _kept_sessions:
        with contextlib.suppress(Exception):
            _kept_sessions.pop().delete()


def _token(user_pk: Any) -> str:
    if "rest_framework.authtoken.models" not in sys.modules:
        raise AgentError(
            "login: token needs rest_framework.authtoken in INSTALLED_APPS", "use login: session"
        )
    model = sys.modules["rest_framework.authtoken.models"].Token
    return str(model.objects.get_or_create(user_id=user_pk)[0].key)


def load_user(user_pk: Any) -> Any:
    """The user with this primary key."""
    from django.contrib.auth import get_user_model

    return get_user_model()._default_manager.get(pk=user_pk)


def find_user(name: str) -> Any:
    """Primary key of the user whose username, e-mail or id is ``name``.

    Raises :class:`AgentError` when there is none.
    """
    from django.contrib.auth import get_user_model
    from django.core.exceptions import ValidationError

    model = get_user_model()
    email = str(getattr(model, "EMAIL_FIELD", None) or "pk")
    for field in dict.fromkeys([str(model.USERNAME_FIELD), email, "pk"]):
        try:
            user = model._default_manager.filter(**{field: name}).first()
        except (ValueError, TypeError, ValidationError):
            continue
        if user is not None:
            return user.pk
    raise AgentError(
        f"there is no user {name!r}", f"--as takes a {model.USERNAME_FIELD}, an e-mail or an id"
    )
