import gc

from django.apps import AppConfig
from django.conf import settings


class StreamingConfig(AppConfig):
    name = "streaming"

    def ready(self) -> None:
        if settings.SWITCHES.gc:
            gc.set_threshold(*settings.SWITCHES.gc)
