"""The options by which every measuring command says what is asked for, and by whom."""

import functools
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from click.core import ParameterSource
from msgspec import Struct

from djtune.errors import DjtuneError

if TYPE_CHECKING:
    from djtune.run import Run
    from djtune.workloads.survey import Question


GIVEN_ALWAYS = {
    "workload_file",
    "user",
    "login",
    "interface",
    "unsafe",
    "settings",
    "pythonpath",
    "python",
    "allow_host",
    "live_effects",
}
"""Options that say what is measured, which the next command needs again."""


class Asked(Struct, frozen=True):
    """The values of these options."""

    routes: tuple[str, ...]
    workload_file: Path | None
    user: str | None
    login: str
    interface: str | None
    unsafe: bool
    seed: int

    def question(self, run: "Run") -> "Question":
        """What is to be measured of the run's app.

        Raises :class:`DjtuneError` for options that do not go together, a workload file that
        cannot be read, or an app that cannot be found.
        """
        from djtune.workloads.file import load
        from djtune.workloads.survey import Question

        source = click.get_current_context().get_parameter_source
        if self.user is None and source("login") is ParameterSource.COMMANDLINE:
            raise DjtuneError("--login says how --as signs in", hint="name the user: --as USER")
        return Question(
            app=msgspec.structs.replace(run.app(), interface=self.interface),
            workload=load(self.workload_file) if self.workload_file else None,
            patterns=list(self.routes),
            sign_in={"user": self.user, "login": self.login} if self.user else None,
            unsafe=self.unsafe,
            seed=self.seed,
        )


_OPTIONS = [
    click.argument("routes", nargs=-1, metavar="[ROUTE]..."),
    click.option(
        "--workload",
        "workload_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The journeys to make; by default every route, equally often.",
    ),
    click.option(
        "--as", "user", metavar="USER", help="Sign in as this user: a username, e-mail or id."
    ),
    click.option(
        "--login",
        type=click.Choice(["auto", "session", "token", "force"]),
        default="auto",
        show_default=True,
        help="How --as signs in: by a session, an authtoken, or past the app's authentication;"
        " auto is a session, and force where that does not suffice.",
    ),
    click.option(
        "--interface",
        type=click.Choice(["wsgi", "asgi"]),
        help="How the app is served; by default what its settings say.",
    ),
    click.option(
        "--unsafe",
        is_flag=True,
        help="Make requests other than GET and HEAD too; all are rolled back.",
    ),
    click.option(
        "--seed", type=int, default=1, show_default=True, help="What is drawn, and in what order."
    ),
]


def asking_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, whose function gets them as ``asked``."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        asked = Asked(**{name: kwargs.pop(name) for name in Asked.__struct_fields__})
        return function(*args, asked=asked, **kwargs)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper


def given_options(names: Collection[str] = GIVEN_ALWAYS) -> list[str]:
    """The options of this run that say what is measured, to be given again."""
    context = click.get_current_context()
    given: list[str] = []
    for param in context.command.params:
        name = param.name or ""
        if name not in names or (
            context.get_parameter_source(name) is not ParameterSource.COMMANDLINE
        ):
            continue
        value = context.params[name]
        if value is True:
            given.append(param.opts[0])
        else:
            for one in value if isinstance(value, tuple) else (value,):
                given += [param.opts[0], str(one)]
    return given
