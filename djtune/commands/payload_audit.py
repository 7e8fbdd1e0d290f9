"""``djtune payload-audit``: which response fields nobody uses, and what dropping them saves."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from djtune.commands.asking import GIVEN_ALWAYS, Asked, asking_options, given_options
from djtune.commands.staged import go_through
from djtune.model.budget import Kind
from djtune.options import Command, common_options
from djtune.payloads.result import PayloadAuditResult

if TYPE_CHECKING:
    from djtune.payloads.auditing import Auditing
    from djtune.run import Run

RESULT = PayloadAuditResult
METRICS: dict[str, Kind] = {
    "bytes": "bytes",
    "gzip": "bytes",
    "unused": "share",
    "whitespace": "share",
}
DURATION = 45.0
CLIENTS = {"client_source", "browser", "contract"}
GIVEN_AGAIN = {*GIVEN_ALWAYS, *CLIENTS, "har", "own_host"}


@click.command(
    name="payload-audit",
    cls=Command,
    epilog="""\b
Examples:
  djtune payload-audit                              # a minute: bytes, values, columns
  djtune payload-audit --client-source ../web/src   # what do the clients' sources name?
  djtune payload-audit --browser journey.py --html report.html
  djtune payload-audit --har session.har --contract pacts/app.json
  djtune payload-audit --budget 'GET /api/epg*: bytes<50kB' --budget 'unused<5%'
""",
)
@asking_options
@click.option(
    "--duration",
    metavar="S",
    type=click.FloatRange(min=5),
    default=DURATION,
    show_default=True,
    help="Seconds to ask for responses, look at what is read, and try lighter queries.",
)
@click.option(
    "--har",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take the responses from a HAR file; the app serves no request.",
)
@click.option(
    "--client-source",
    metavar="DIR",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Scan a client's source for the names of fields; may be repeated.",
)
@click.option(
    "--browser",
    metavar="SCRIPT",
    type=click.Path(path_type=Path),
    help="Make this Playwright journey in Chromium, and record what the pages read.",
)
@click.option(
    "--contract",
    metavar="FILE",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A pact, an OpenAPI document, or an access log with ?fields=; may be repeated.",
)
@click.option(
    "--i-own-this-host",
    "own_host",
    metavar="URL",
    default="",
    help="Make the journey on this server, which is yours, not on one that djtune starts.",
)
@click.option(
    "--keep-values",
    is_flag=True,
    help="Write an example value of each field into the result; otherwise none is written.",
)
@common_options(metrics=METRICS)
def payload_audit(
    run: "Run",
    asked: Asked,
    duration: float,
    har: Path | None,
    client_source: tuple[Path, ...],
    browser: Path | None,
    contract: tuple[Path, ...],
    own_host: str,
    keep_values: bool,
) -> int:
    """Find the response fields that nobody uses, and what dropping them would save.

    Where the bytes are, by path and codec; which fields clients read, by their source, a journey
    in a browser, contracts; which columns are loaded and read by nobody; and the code to change.
    """
    from djtune.payloads.assemble import metrics, places
    from djtune.payloads.auditing import Auditing, Request
    from djtune.payloads.present import present

    auditing = Auditing(
        Request(
            question=asked.question(run),
            seconds=duration,
            har=har,
            sources=client_source,
            contracts=contract,
            browser=browser,
            own_host=own_host,
            keep_values=keep_values,
        )
    )
    auditing.check()
    run.note(auditing.plan())
    interrupted = go_through(run, auditing, "seen")
    with run.progress("compressing without the proposed fields"):
        result = auditing.result()
    return run.finish(
        result,
        present(result, *_next_command(auditing, result)),
        metrics=metrics(result),
        places=places(auditing.gathered),
        complete=result.complete,
        interrupted=interrupted,
    )


def _next_command(auditing: "Auditing", result: PayloadAuditResult) -> tuple[str, str]:
    """The one command that would tell most now, and why."""
    question = auditing.request.question
    given = [*question.patterns, *given_options(GIVEN_AGAIN)]
    again = shlex.join(["djtune", "payload-audit", *given])
    if question.sign_in is None and any(entry.why == "login" for entry in result.unmeasured):
        return f"{again} --as USER", "some routes need somebody who is signed in"
    if result.journey is None:
        return f"{again} --browser journey.py", "which fields a client reads as it runs"
    if not result.sources and any(endpoint.proposed for endpoint in result.endpoints):
        return f"{again} --client-source DIR", "whether another client names the proposed fields"
    return shlex.join(["djtune", "profile", *question.patterns]), "where the time goes"
