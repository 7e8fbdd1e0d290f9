"""A backend of Django's tasks (6.0 and later) that sends each task over the network."""

import os
import socket
from typing import Any

from django.tasks import task
from django.tasks.backends.base import BaseTaskBackend


class Telegraph(BaseTaskBackend):
    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        with socket.create_connection(("127.0.0.1", int(os.environ["OFFICE_PORT"])), 5) as line:
            line.sendall(b"task")


@task
def greet() -> str:
    return "hello"
