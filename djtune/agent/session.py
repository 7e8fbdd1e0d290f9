"""One worker's replay of a workload: who is asked what, and how each answer is classed."""

from __future__ import annotations

import json
import random
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import effects, limit, login, serving
from .errors import AgentError
from .exchange import Exchange, Target
from .player import Player, Request
from .templates import WorkloadError
from .transactions import Rollback, unproven_aliases
from .views import is_installed, shortened

_AGENT = str(Path(__file__).parent)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Session:
    """A workload being replayed against the app, one request at a time, all rolled back."""

    def __init__(
        self, workload: dict[str, Any], seed: int, interface: str, sign_in: dict[str, Any] | None
    ) -> None:
        self.rollback = Rollback()
        self.rollback.install()
        self.rollback.begin()
        self.rollback.end()
        self.workload = workload
        self.sign_in = _resolve_sign_in(sign_in)
        try:
            self.player = Player(workload, seed)
            self.player.prepare()
        except WorkloadError as error:
            raise AgentError(str(error), getattr(error, "hint", "")) from error
        self.driver = self._make_driver(interface)
        self.forced: set[int] = set((sign_in or {}).get("forced", ()))
        """Steps whose user is signed in past the app's own authentication."""
        self.unforceable: set[int] = set()
        self.failures: dict[int, str] = {}
        """Step → where it failed last."""
        self.endless: set[int] = set()
        """Steps whose answer did not end in time."""
        self._step = serving.BACKGROUND
        _remember_exceptions(self)

    def _make_driver(self, interface: str) -> Any:
        from . import asgi, wsgi

        module = asgi if interface == "asgi" else wsgi
        return module.Driver(Target.from_settings(), self.rollback)

    def prove_rollback(self) -> dict[str, str]:
        """Alias → why writes could not be shown to be rolled back there; empty when all were."""
        return unproven_aliases(self.rollback)

    def serve(self, request: Request, *, timed: bool = True, detail: Any = None) -> Exchange:
        """Serve one request, as the user of ``--as`` where the workload names none."""
        if self.sign_in is not None and request.user_pk is None:
            request.user_pk = self.sign_in["pk"]
            request.login = self._login_for(request.step)
        exchange = self._serve(request, timed, detail)
        if classify(exchange, request) == "login" and self._can_force(request.step):
            return self._forced(request, timed, detail) or exchange
        return exchange

    def _serve(self, request: Request, timed: bool, detail: Any) -> Exchange:
        self._step = request.step
        if detail is not None:
            detail.start_step(request.step)
        serving.start(request.step)
        try:
            return self.driver.serve(request, timed=timed, detail=detail)  # type: ignore[no-any-return]
        except AgentError:
            raise
        except limit.NotDoneError:
            self.endless.add(request.step)
            self.failures[request.step] = f"its answer did not end within {limit.SECONDS:.0f} s"
            return Exchange()
        except (Exception, SystemExit) as error:
            # A body that breaks off, a view that exits: the worker and the others go on.
            self.note_exception(error)
            return Exchange()
        finally:
            serving.stop()
            effects.forget_mail()

    def _forced(self, request: Request, timed: bool, detail: Any) -> Exchange | None:
        """Try past authentication what a session did not suffice for; None if that fails too."""
        self.forced.add(request.step)
        request.login = "force"
        exchange = self._serve(request, timed, detail)
        if classify(exchange, request) == "ok":
            return exchange
        self.forced.remove(request.step)
        self.unforceable.add(request.step)
        return None

    def _login_for(self, step: int) -> str:
        """How the user of ``--as`` is signed in for a step; ``auto`` is a session at first."""
        assert self.sign_in is not None
        if step in self.forced:
            return "force"
        chosen = str(self.sign_in["login"])
        return "session" if chosen == "auto" else chosen

    def _can_force(self, step: int) -> bool:
        """Whether a step that a session did not suffice for may be tried past authentication."""
        return (
            self.sign_in is not None
            and self.sign_in["login"] == "auto"
            and step not in self.forced
            and step not in self.unforceable
        )

    def note_exception(self, error: BaseException) -> None:
        """Keep where a view failed; its message may hold personal data and stays here."""
        self.failures[self._step] = type(error).__name__ + _place(error)


def _place(error: BaseException) -> str:
    """Where an error was raised: the innermost line of the project's, else of a library's."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_AGENT)
    ]
    own = [frame for frame in frames if not shortened(frame.filename).startswith("/")]
    for frame in reversed([frame for frame in own if not is_installed(frame.filename)] or frames):
        return f" at {shortened(frame.filename)}:{frame.lineno}"
    return ""


def _resolve_sign_in(sign_in: dict[str, Any] | None) -> dict[str, Any] | None:
    if not sign_in:
        return None
    return {**sign_in, "pk": login.find_user(sign_in["user"])}


def _remember_exceptions(session: Session) -> None:
    from django.core.signals import got_request_exception

    def remember(**_: Any) -> None:
        import sys

        error = sys.exc_info()[1]
        if error is not None:
            session.note_exception(error)

    got_request_exception.connect(remember, weak=False)


def captured(exchange: Exchange, paths: dict[str, str]) -> dict[str, str]:
    """The values that later steps of the journey need, out of a JSON response."""
    if not paths:
        return {}
    try:
        document = json.loads(exchange.body)
    except ValueError:
        return {}
    found = {}
    for name, path in paths.items():
        value = document
        for part in path.split("."):
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, TypeError, ValueError):
                break
        else:
            found[name] = str(value)
    return found


def classify(exchange: Exchange, request: Request) -> str:
    """What an answer is: ``ok``, ``login``, ``throttled``, ``redirect``, ``missing``, ``refused``
    or ``error``. Only ``ok`` is a measurement of the endpoint.
    """
    status = exchange.status
    if serving.refused_hosts(request.step):
        return "refused"
    if 300 <= status < 400 and _leads_to_login(exchange):
        return "login"
    if status in request.expect:
        return "ok"
    if status in (401, 403):
        return "login"
    if status == 429:
        return "throttled"
    if 300 <= status < 400:
        return "redirect"
    if status in (404, 410):
        return "missing"
    return "error"


def _leads_to_login(exchange: Exchange) -> bool:
    from django.conf import settings
    from django.shortcuts import resolve_url

    path = urlsplit(exchange.header("Location")).path
    try:
        login_path = urlsplit(resolve_url(settings.LOGIN_URL)).path
    except Exception:
        login_path = "/accounts/login/"
    return path == login_path or "login" in path.rstrip("/").rsplit("/", 1)[-1]


FIRST_ROUNDS = 2


def journey_order(
    counts: list[int], seed: int, rounds: int = FIRST_ROUNDS
) -> tuple[list[int], list[int]]:
    """Journey indexes, each as often as ``counts`` says.

    First come ``rounds`` that make every journey, cold and once warm, so that a trial that runs
    out of time has seen them all; then the rest. Both are in random order.
    """
    dice = random.Random(seed)
    first: list[int] = []
    for number in range(rounds):
        made = [journey for journey, count in enumerate(counts) if count > number]
        first += dice.sample(made, len(made))
    rest = [journey for journey, count in enumerate(counts) for _ in range(count - rounds)]
    dice.shuffle(rest)
    return first, rest
