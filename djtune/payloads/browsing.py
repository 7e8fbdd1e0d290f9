"""A journey in a browser: recorded first, then made again without the proposed fields."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as File

from djtune.errors import DjtuneError
from djtune.payloads import joining
from djtune.payloads.assemble_endpoint import Studied
from djtune.payloads.browser.ablation import needed
from djtune.payloads.browser.player import Player, player, setting_for
from djtune.payloads.clientele import (
    Clientele,
    Resolve,
    Route,
    endpoints,
    take_ablation,
    take_run,
)
from djtune.payloads.endpoints import Responses
from djtune.servers.loopback import serve_on_loopback
from djtune.workloads.survey import Question

Study = Callable[[], Mapping[Route, Studied]]
"""Judges every field anew, by what is known by now."""
Cookie = tuple[str, str]
Restore = Callable[[], None]


def browse(
    script: File,
    question: Question,
    own_host: str,
    responses: Mapping[Route, Responses],
    into: Clientele,
    resolve: Resolve,
    study: Study,
) -> None:
    """Make the journey of ``script``, and then without the fields that it does not need.

    Raises :class:`DjtuneError` where no journey could be begun; one that breaks off on the way
    has errors, and is not made again.
    """
    into.script = script.name
    with _server(question, own_host) as (url, cookie, restore):
        setting = setting_for(script, url, cookie=cookie, reading_only=bool(own_host))
        with player(setting) as made:
            take_run(made.record(), into, responses, resolve)
            try:
                _confirm(made, restore, into, study)
            except DjtuneError as error:
                into.untried = error.message


@contextmanager
def _server(question: Question, own_host: str) -> Iterator[tuple[str, Cookie | None, Restore]]:
    """The user's own server where they named one, else one that djtune starts."""
    if own_host:
        yield own_host.rstrip("/"), None, lambda: None
        return
    user = str(question.sign_in["user"]) if question.sign_in else ""
    with serve_on_loopback(question.app, user=user) as served:
        yield served.url, served.cookie, served.restore


def _confirm(made: Player, restore: Restore, into: Clientele, study: Study) -> None:
    """See whether the pages look the same without the fields that nothing shows to be used."""
    assert into.run is not None
    if into.run.errors:
        raise DjtuneError("it breaks off on the way")
    proposed = {route: joining.candidates(each.judged) for route, each in study().items()}
    remove = endpoints(proposed, into.asked)
    if not remove:
        return
    found = needed(made, remove, restore)
    into.page_loads = found.page_loads
    into.unstable = [f"{each.step!r}: {each.detail}" for each in found.unstable]
    if not found.complete:
        raise DjtuneError(f"it was made {found.page_loads} times, and still differed")
    take_ablation(proposed, found.visible, into)
