"""Each view leaves a trace, and answers 500 where it could not."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.mail import EmailMessage, get_connection, send_mail
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from office.models import Note

_pool = ThreadPoolExecutor(max_workers=1)


def write(alias: str = "default") -> None:
    before = Note.objects.using(alias).count()
    Note.objects.using(alias).create(text="written")
    assert Note.objects.using(alias).count() == before + 1


def written(request: HttpRequest) -> HttpResponse:
    write()
    return HttpResponse("written")


async def written_async(request: HttpRequest) -> HttpResponse:
    await Note.objects.acreate(text="written")
    assert await Note.objects.acount() == 1
    return HttpResponse("written")


async def written_in_free_thread(request: HttpRequest) -> HttpResponse:
    await sync_to_async(write, thread_sensitive=False)()
    return HttpResponse("written")


async def written_in_to_thread(request: HttpRequest) -> HttpResponse:
    await asyncio.to_thread(write)
    return HttpResponse("written")


def written_in_own_thread(request: HttpRequest) -> HttpResponse:
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(write).result()
    return HttpResponse("written")


def written_in_pool(request: HttpRequest) -> HttpResponse:
    """A thread that outlives the request, and closes its connection as the docs advise."""

    def write_and_close() -> None:
        write()
        connection.close()

    _pool.submit(write_and_close).result()
    _pool.submit(write).result()
    return HttpResponse("written")


def written_late(request: HttpRequest) -> HttpResponse:
    """A thread that writes when the request is long over."""

    def later() -> None:
        time.sleep(0.3)
        write()
        (settings.DATA / "late").touch()

    threading.Thread(target=later).start()
    return HttpResponse("will be written")


def written_durably(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(durable=True):
        write()
    return HttpResponse("written")


def written_on_other(request: HttpRequest) -> HttpResponse:
    write("other")
    return HttpResponse("written")


def written_after_closing(request: HttpRequest) -> HttpResponse:
    write()
    connection.close()
    assert Note.objects.count() == 1
    write()
    connection.close()
    return HttpResponse("written")


def written_then_failed(request: HttpRequest) -> HttpResponse:
    write()
    raise ValueError("failed")


def written_then_exited(request: HttpRequest) -> HttpResponse:
    write()
    sys.exit(3)


async def written_async_then_exited(request: HttpRequest) -> HttpResponse:
    await Note.objects.acreate(text="written")
    sys.exit(3)


def written_then_broken_off(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        with transaction.atomic():
            write()
            yield b"as far as here"
            raise TimeoutError("upstream")

    return StreamingHttpResponse(parts())


def written_then_exited_in_the_body(request: HttpRequest) -> StreamingHttpResponse:
    """A body that the response owns and closes, as a server lets it."""

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"as far as here"
            write()
            sys.exit(3)

        def close(self) -> None:
            (settings.DATA / "closed").touch()

    return StreamingHttpResponse(Body())


def mailed(request: HttpRequest) -> HttpResponse:
    assert send_mail("Hello", "…", "from@office.example", ["to@office.example"]) == 1
    return HttpResponse("mailed")


def mailed_by_smtp(request: HttpRequest) -> HttpResponse:
    """Past the settings, to a mail server on this machine."""
    smtp = get_connection("django.core.mail.backends.smtp.EmailBackend", timeout=5)
    EmailMessage("Hello", "…", "from@office.example", ["to@office.example"], connection=smtp).send()
    return HttpResponse("mailed")


def task_by_settings(request: HttpRequest) -> HttpResponse:
    from office.celery_apps import greet

    greet.delay()
    return HttpResponse("queued")


def task_in_code(request: HttpRequest) -> HttpResponse:
    from office.celery_apps import greet_in_code

    greet_in_code.delay()
    return HttpResponse("queued")


def task_of_django(request: HttpRequest) -> HttpResponse:
    from office.tasks import greet

    greet.enqueue()
    return HttpResponse("queued")


def connected(request: HttpRequest) -> HttpResponse:
    socket.create_connection(("192.0.2.1", 80), timeout=30).close()
    return HttpResponse("connected")


def connected_quietly(request: HttpRequest) -> HttpResponse:
    """A view that takes the failure in its stride."""
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=30).close()
    except OSError:
        return HttpResponse("did without")
    return HttpResponse("connected")


async def connected_async(request: HttpRequest) -> HttpResponse:
    _, writer = await asyncio.open_connection("192.0.2.1", 80)
    writer.close()
    return HttpResponse("connected")


def looked_up(request: HttpRequest) -> HttpResponse:
    socket.getaddrinfo("upstream.example", 80)
    return HttpResponse("looked up")


def datagram(request: HttpRequest) -> HttpResponse:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"count:1|c", ("192.0.2.1", 8125))
    return HttpResponse("sent")


def message(request: HttpRequest) -> HttpResponse:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendmsg([b"count:1|c"], [], 0, ("192.0.2.1", 8125))
    return HttpResponse("sent")


def to_loopback(request: HttpRequest) -> HttpResponse:
    socket.create_connection(("localhost", int(os.environ["OFFICE_PORT"])), timeout=5).close()
    return HttpResponse("connected")


def printed(request: HttpRequest) -> HttpResponse:
    print('{"result": "corrupted"}', flush=True)  # noqa: T201
    print('{"result": "corrupted"}', file=sys.stderr, flush=True)  # noqa: T201
    os.write(1, b'{"result": "corrupted"}\n' * 5000)
    return HttpResponse("printed")


def child(request: HttpRequest) -> HttpResponse:
    started = subprocess.Popen(["sleep", "600"])
    with Path(settings.DATA / "children").open("a") as file:
        file.write(f"{started.pid}\n")
    return HttpResponse("started")


def killed(request: HttpRequest) -> HttpResponse:
    os.kill(os.getpid(), signal.SIGKILL)
    return HttpResponse("never sent")


@login_required
def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username())


VIEWS: dict[str, Callable[..., Any]] = {
    "written/": written,
    "written-async/": written_async,
    "written-in-free-thread/": written_in_free_thread,
    "written-in-to-thread/": written_in_to_thread,
    "written-in-own-thread/": written_in_own_thread,
    "written-in-pool/": written_in_pool,
    "written-late/": written_late,
    "written-durably/": written_durably,
    "written-on-other/": written_on_other,
    "written-after-closing/": written_after_closing,
    "written-then-failed/": written_then_failed,
    "written-then-exited/": written_then_exited,
    "written-async-then-exited/": written_async_then_exited,
    "written-then-broken-off/": written_then_broken_off,
    "written-then-exited-in-the-body/": written_then_exited_in_the_body,
    "mailed/": mailed,
    "mailed-by-smtp/": mailed_by_smtp,
    "task-by-settings/": task_by_settings,
    "task-in-code/": task_in_code,
    "task-of-django/": task_of_django,
    "connected/": connected,
    "connected-quietly/": connected_quietly,
    "connected-async/": connected_async,
    "looked-up/": looked_up,
    "datagram/": datagram,
    "message/": message,
    "to-loopback/": to_loopback,
    "printed/": printed,
    "child/": child,
    "killed/": killed,
    "who/": who,
}
