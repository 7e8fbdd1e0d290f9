"""Mail, tasks and error reports stay in the process while requests are replayed."""

import contextlib
import importlib
import os
import sys


def hold_back_by_environment() -> None:
    """Before the settings are read: what libraries take from the environment above all else."""
    os.environ.update(
        # Celery reads these before its own settings.
        CELERY_BROKER_URL="memory://",
        CELERY_BROKER_WRITE_URL="memory://",
        CELERY_RESULT_BACKEND="cache+memory://",
        OTEL_SDK_DISABLED="true",
        SENTRY_DSN="",
    )


def hold_back_by_settings() -> None:
    """After set-up: Django's own mail and tasks, and a Sentry client that is already running."""
    from django.conf import settings

    locmem = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_BACKEND = locmem
    for mailer in (getattr(settings, "MAILERS", None) or {}).values():
        mailer["BACKEND"] = locmem
        mailer["OPTIONS"] = {}
    _keep_django_tasks()
    _bind_celery_to_memory()
    if "sentry_sdk" in sys.modules:
        sys.modules["sentry_sdk"].init(dsn=None)


def _keep_django_tasks() -> None:
    """Tasks of Django 6.0 on, or of its backport; those that run at once do so in the request."""
    import django

    if "django_tasks" in sys.modules:
        package = "django_tasks"
    elif django.VERSION >= (6, 0):
        package = "django.tasks"
    else:
        return
    tasks = importlib.import_module(package)
    for alias, backend in tasks.task_backends.settings.items():
        if not backend["BACKEND"].endswith((".ImmediateBackend", ".DummyBackend")):
            backend["BACKEND"] = f"{package}.backends.dummy.DummyBackend"
            with contextlib.suppress(AttributeError):
                # Made already, by a task's definition.
                del tasks.task_backends[alias]


def _bind_celery_to_memory() -> None:
    """Celery apps that were configured in code rather than by the environment."""
    if "celery" not in sys.modules:
        return
    from celery import _state  # type: ignore[import-untyped,unused-ignore]

    for app in _state._get_active_apps():
        app.conf.update(
            broker_url="memory://",
            broker_read_url="memory://",
            broker_write_url="memory://",
            result_backend="cache+memory://",
        )


def forget_mail() -> int:
    """Empty the outbox of the last request; return how many mails it held."""
    mail = sys.modules.get("django.core.mail")
    outbox = getattr(mail, "outbox", None)
    if not outbox:
        return 0
    sent = len(outbox)
    outbox.clear()
    return sent
