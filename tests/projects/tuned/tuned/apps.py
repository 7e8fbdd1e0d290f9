import gc
import os

from django.apps import AppConfig


class TunedConfig(AppConfig):
    name = "tuned"

    def ready(self):
        if thresholds := os.environ.get("TUNED_THRESHOLDS"):
            gc.set_threshold(*map(int, thresholds.split(",")))
        if "TUNED_FREEZE" in os.environ:
            gc.collect()
            gc.freeze()
        if "TUNED_DISABLE" in os.environ:
            gc.disable()
