"""Two Celery apps: one configured by Django's settings, one in code."""

import os

from celery import Celery

PORT = os.environ.get("OFFICE_PORT", "0")

by_settings = Celery("by_settings", set_as_current=False)
by_settings.config_from_object("django.conf:settings", namespace="CELERY")

in_code = Celery("in_code", set_as_current=False)
in_code.conf.update(
    broker_url=f"redis://127.0.0.1:{PORT}/0",
    broker_write_url=f"redis://127.0.0.1:{PORT}/1",
    result_backend=f"redis://127.0.0.1:{PORT}/2",
    task_publish_retry=False,
)


@by_settings.task
def greet() -> str:
    return "hello"


@in_code.task
def greet_in_code() -> str:
    return "hello"
