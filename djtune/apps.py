"""The Django app: with ``"djtune"`` in INSTALLED_APPS, ``manage.py djtune`` is the program."""

from django.apps import AppConfig


class DjtuneConfig(AppConfig):
    """Nothing but a name: it must cost a running service nothing."""

    name = "djtune"
    verbose_name = "djtune"
