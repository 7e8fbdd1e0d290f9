"""The result of a sweep as report blocks: what to do first, then why."""

from djtune.experiments.instructions import Counted
from djtune.garbage import present_audit
from djtune.garbage.present_ceiling import ceiling_blocks
from djtune.garbage.present_prefork import prefork_blocks
from djtune.garbage.present_simulation import simulation_blocks
from djtune.garbage.present_verification import verification_blocks
from djtune.garbage.result import GcSweepResult, Recommendation
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Block,
    Cell,
    Column,
    Command,
    Finding,
    Heading,
    Note,
    Report,
    Table,
    Tone,
)
from djtune.reports.conditions import machine_note, unmeasured_table


def present(
    result: GcSweepResult, next_command: str = "", why: str = "", *, checked: bool = False
) -> Report:
    """The report: what bends the figures, what to do, and the evidence from first to last.

    ``checked``: the counts were compared with those of an earlier run.
    """
    blocks: list[Block] = [Note(f"Beware: {warning}", tone="warn") for warning in result.warnings]
    if result.recommendation is not None:
        blocks += _recommendation(result.recommendation)
    if result.regressions:
        blocks.append(Heading("Worse than before", anchor="regressions"))
        blocks += [Note(line, tone="bad") for line in result.regressions]
    elif checked and result.complete:
        blocks.append(Note("No request leaves more garbage than before.", tone="good"))
    if result.ceiling is not None:
        blocks += ceiling_blocks(result.ceiling)
    if result.audit is not None:
        blocks += present_audit.blocks(result.audit)
    if result.simulation is not None:
        blocks += simulation_blocks(result.simulation, result.verification)
    if result.verification is not None:
        blocks += verification_blocks(result.verification)
    if result.instructions:
        blocks += _instructions(result.instructions)
    if result.prefork is not None:
        blocks += prefork_blocks(result.prefork)
    if result.unmeasured:
        blocks.append(Heading("Not measured", anchor="unmeasured"))
        blocks.append(unmeasured_table(result.unmeasured))
    blocks += _method(result)
    if next_command:
        blocks.append(Command(next_command, why))
    return Report(title="The garbage collector", subtitle=_subtitle(result), blocks=blocks)


def _subtitle(result: GcSweepResult) -> str:
    app = result.app
    told = f"Django {app.django} on Python {app.python}, {app.interface.upper()}"
    if result.current is None:
        return told
    own = result.current.thresholds == result.default
    setting = ",".join(map(str, result.current.thresholds))
    state = "" if result.current.enabled else ", automatic collections off"
    frozen = f", {result.current.frozen:,} objects frozen" if result.current.frozen else ""
    whose = "Python's default" if own else "set by the app"
    return f"{told}; thresholds {setting} ({whose}){state}{frozen}"


def _recommendation(recommendation: Recommendation) -> list[Block]:
    refused = [Note(f"Not recommended: {line}.") for line in recommendation.refused]
    if recommendation.policy is None and not recommendation.snippets:
        return [
            Heading("What to do", anchor="recommendation"),
            Note(f"{recommendation.title}.", tone=_tone(recommendation)),
            *(Note(_sentence(line), tone="plain") for line in recommendation.why),
            *refused,
        ]
    place, patch = next(iter(recommendation.snippets.items()), ("", ""))
    return [
        Heading("What to do", anchor="recommendation"),
        Finding(
            title=recommendation.title
            + (", but freeze before the fork" if recommendation.policy is None else ""),
            evidence=recommendation.why,
            remedy=f"paste this into {place}; --format json has other places" if place else "",
            patch=patch,
            confidence="measured" if recommendation.measured else "an estimate, not verified",
            severity="info",
        ),
        *refused,
    ]


def _tone(recommendation: Recommendation) -> Tone:
    if recommendation.over_limit:
        return "warn"
    return "good" if recommendation.measured else "plain"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _instructions(counted: list[Counted]) -> list[Block]:
    return [
        Heading("Instructions", level=2, anchor="instructions"),
        Table(
            [
                Column("setting"),
                Column("instructions a request", "right"),
                Column("counted by"),
                Column("n", "right", help="requests"),
            ],
            [
                [
                    Cell(each.policy),
                    Cell(fmt.count(float(f"{each.per_request:.0f}"))),
                    Cell(each.tool),
                    Cell(f"{each.requests}"),
                ]
                for each in counted
            ],
        ),
    ]


def _method(result: GcSweepResult) -> list[Block]:
    blocks: list[Block] = [Heading("How it was measured", anchor="method")]
    if result.noise is not None:
        blocks.append(machine_note(result.machine, result.noise))
    blocks.append(
        Note(
            f"Weights: {result.weights_from}; requests are made in that mix. Collections are timed "
            "one by one, on the CPU clock of the thread that they interrupt. Each trial begins "
            "after one round of all journeys and a full collection."
        )
    )
    return blocks
