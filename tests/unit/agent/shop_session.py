"""Talks to ``shop_driver.py``, which runs the agent inside ``tests/projects/shop``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[2]


class AgentSaid(Exception):
    """A :class:`djtune_agent.errors.AgentError` of the driver's process."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} ({hint})")
        self.message = message
        self.hint = hint


class ShopSession:
    def __init__(self, **env: str) -> None:
        self._env = {
            **os.environ,
            "SHOP_DATABASE": ":memory:",
            "DJANGO_SETTINGS_MODULE": "conf.settings",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SHOP_KEY": "k-123",
            **env,
        }

    def __enter__(self) -> "ShopSession":
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("shop_driver.py"))],
            cwd=TESTS / "projects" / "shop",
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=20)

    def __getattr__(self, call: str) -> Any:
        def ask(**args: Any) -> Any:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps({"call": call, "args": args}) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
            if "said" in answer:
                raise AgentSaid(**answer["said"])
            return answer["result"]

        return ask
