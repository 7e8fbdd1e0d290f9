from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from lab.spells import sleep


class SlowCache(LocMemCache):
    """A cache behind a slow network."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__("slow", params)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        sleep()
        return super().get(*args, **kwargs)
