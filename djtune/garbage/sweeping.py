"""A sweep from its first look to its recommendation, stage by stage."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.experiments import store, watching
from djtune.experiments.evidence import Comparison
from djtune.experiments.host import read_machine
from djtune.experiments.instructions import Counted
from djtune.experiments.stages import Display, Stage, tolerant
from djtune.garbage import assemble, gather, plan, rules, sweep, usage, verify
from djtune.garbage.goals import MemoryLimit
from djtune.garbage.prefork import PreforkResult, compare
from djtune.garbage.recommend import Question as Asked
from djtune.garbage.recommend import recommend
from djtune.garbage.recording import Recording
from djtune.garbage.result import (
    Ceiling,
    GcSweepResult,
    Goal,
    Setting,
    Simulation,
    Verification,
)
from djtune.garbage.snippet import snippets
from djtune.model.policy import GcPolicy, parse
from djtune.workloads.survey import Question


class Request(Struct, frozen=True):
    """What the user asked ``djtune gc-sweep`` for."""

    question: Question
    seconds: float
    quick: bool
    audit_only: bool
    settings: list[GcPolicy]
    goal: Goal
    limit: MemoryLimit
    prefork: int | None = None
    instructions: bool = False
    experiment: Path | None = None


class Sweeping:
    """What has been found so far; each stage adds to it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.gathered = gather.Gathered()
        self.machine = read_machine()
        self.times = plan.times(request.seconds, quick=request.quick)
        self.recording: Recording | None = None
        self.simulation: Simulation | None = None
        self.verifying: gather.Verifying | None = None
        self.prefork: PreforkResult | None = None
        self.instructions: list[Counted] = []
        self.verify_seconds = 0.0
        self.unsimulated = ""
        """Why nothing is simulated on this Python."""
        self.complete = False

    def plan(self) -> str:
        """What is going to happen, and how long that takes."""
        if self.request.audit_only:
            return "Plan: look at every route, and count what its requests leave to the collector."
        seconds = self.request.seconds
        rest = (
            "and simulate every other setting; nothing is verified."
            if self.request.quick
            else "simulate every other setting, and run the best of them side by side."
        )
        took = seconds * (1 - plan.VERIFYING) if self.request.quick else seconds
        return (
            "Plan: look at every route (seconds; on a very large app, minutes), audit what its "
            f"requests leave, time the current setting, {rest} About {took:.0f} s from then on."
            + (" gunicorn's workers take a few minutes more." if self.request.prefork else "")
            + (" Counting instructions takes minutes more." if self.request.instructions else "")
        )

    def stages(self) -> Iterator[Stage]:
        """The stages in turn; which come depends on what those before them found."""
        begun = time.monotonic()
        yield Stage("looking at the routes and at what they leave", self._look)
        if not self.request.audit_only:
            yield Stage("timing the current setting", self._current, self.times.current)
            # Where that kills the app, nothing is left to compare with; what is known is kept.
            if not self.gathered.current.failure:
                yield from self._other_settings()
                yield from self._extras()
        self.complete = not self._has_failed()
        self.gathered.seconds = time.monotonic() - begun

    def _has_failed(self) -> bool:
        gathered = self.gathered
        measured = (gathered.current, gathered.larger, gathered.blocks)
        prefork = self.prefork is not None and self.prefork.failure
        return bool(
            gathered.failures
            or gathered.blocks.failures
            or prefork
            or any(each.failure for each in measured)
        )

    def _other_settings(self) -> Iterator[Stage]:
        """Simulate all, where that can be done; then run the best for real."""
        if self._leave_alone():
            return
        if self._can_simulate():
            yield tolerant("following the allocations", self._trace, self.gathered.failures)
            yield tolerant(
                "timing large collections", self._larger, self.gathered.failures, self.times.larger
            )
            if self.gathered.traced is not None:
                yield Stage("simulating every setting", self._simulate, 1.0)
        if not self.request.quick and not self._leave_alone():
            yield tolerant(
                "verifying the best settings",
                self._verify,
                self.gathered.failures,
                self.times.verify,
            )

    def _extras(self) -> Iterator[Stage]:
        if self.request.instructions:
            yield tolerant("counting instructions", self._count, self.gathered.failures, 1.0)
        if self.request.prefork is not None:
            yield tolerant("running gunicorn", self._prefork, self.gathered.failures, 1.0)

    def _can_simulate(self) -> bool:
        try:
            rules.simulated_rules(self.gathered.facts["python"])
        except DjtuneError as error:
            self.unsimulated = f"nothing is simulated: {error.message}; {error.hint}"
            return False
        return True

    def _leave_alone(self) -> bool:
        """Whether there is nothing to win, and the user has named nothing to try all the same."""
        found = self._ceiling()
        alone = found is not None and found.leave_alone and not self._over_limit()
        return alone and not self.request.settings

    def _over_limit(self) -> bool:
        """Whether the current setting holds more than the user allows."""
        peak = usage.mean_of(self.gathered.current.trials, usage.peak_rss).value
        return peak is not None and peak > self.request.limit.allowed(peak)

    def _ceiling(self) -> Ceiling | None:
        """What collections cost now; over a whole cycle where trials were too short for one."""
        found = assemble.found_ceiling(self.gathered)
        if found is None or found.reached_full:
            return found
        audited = assemble.found_audit(self.gathered)
        found.certain = audited is not None and audited.garbage_free
        if self.simulation is None:
            return found
        cpu = usage.mean_of(self.gathered.current.trials, usage.cpu_per_request).value
        seen = usage.mean_of(self.gathered.current.trials, usage.gc_per_request).value
        current = self._simulated()[verify.CURRENT].simulated
        if cpu and seen is not None and current.reached_full:
            taken = current.gc_ns_per_request / 1e9
            found.whole_cycle = taken / (cpu - seen + taken)
            found.certain = True
        return found

    def _look(self, _: Display) -> None:
        alone = self.request.audit_only
        seconds = self.request.seconds if alone else self.times.audit
        gather.look(self.request.question, self.gathered, seconds)

    def _current(self, display: Display) -> None:
        gather.measure_current(
            self.request.question, self.gathered, self.times.current, display.advance
        )

    def _trace(self, _: Display) -> None:
        gather.trace(self.request.question, self.gathered, self.times.trace)

    def _larger(self, display: Display) -> None:
        gather.measure_larger(
            self.request.question, self.gathered, self.times.larger, display.advance
        )

    def _simulate(self, display: Display) -> None:
        self.recording = sweep.recorded(self.gathered)
        self.simulation = sweep.sweep(
            self.recording,
            self.request.limit,
            self._start_bytes(),
            self.request.settings,
            display.advance,
        )

    def _start_bytes(self) -> float:
        """What was resident at the current setting's start: the mean of its trials."""
        found = [trial.memory.start for trial in self.gathered.current.trials if trial.memory]
        return sum(found) / max(1, len(found))

    def _chosen(self) -> list[Setting]:
        if self.simulation is None:
            return []
        return sweep.closest(self.simulation, self.request.goal)

    def _verify(self, display: Display) -> None:
        candidates = self._candidates()
        self.verifying = gather.Verifying(
            candidates=candidates,
            blocks=plan.blocks(
                self.times.verify,
                len(candidates) + 2,
                self.gathered.start_seconds,
                self._wanted_seconds(candidates),
            ),
            seconds=self.times.verify,
            file=self.request.experiment,
        )

        def watch(comparisons: Sequence[Comparison]) -> None:
            shown = [each for each in comparisons if each.tier != "counters"]
            display.show(watching.rows(shown))

        begun = time.monotonic()
        try:
            gather.verify(
                self.request.question, self.gathered, self.verifying, display.advance, watch
            )
        finally:
            self.verify_seconds = time.monotonic() - begun

    def _candidates(self) -> list[verify.Candidate]:
        """What is run for real beside the current setting: each setting once."""
        named = [("guide", plan.GUIDE), *(("asked for", each) for each in self.request.settings)]
        named += [("simulated", policy) for policy in self._kept() or self._best(len(named))]
        found: dict[GcPolicy, verify.Candidate] = {}
        for role, policy in named:
            found.setdefault(policy, verify.Candidate(str(policy), policy, role))  # type: ignore[arg-type]
        found.pop(GcPolicy(), None)
        return list(found.values())

    def _best(self, others: int) -> list[GcPolicy]:
        """The best of the simulation, as many as there is time for beside ``others``."""
        number = plan.verified(self.times.verify, others, self.gathered.start_seconds)
        return [each.policy for each in self._chosen()[:number]]

    def check_experiment(self) -> None:
        """Raise :class:`DjtuneError` where the experiment's file has no place for what to try."""
        kept = self._kept()
        for policy in self.request.settings:
            if kept and policy not in kept:
                raise DjtuneError(
                    f"--experiment {self.request.experiment}: {policy} is no part of it, and "
                    "settings cannot be added",
                    hint="name another file",
                )

    def _kept(self) -> list[GcPolicy]:
        """The settings of the experiment that goes on: another simulation may choose others."""
        names = store.variants(self.request.experiment) if self.request.experiment else []
        try:
            return [parse(name) for name in names if name not in (verify.CURRENT, verify.AGAIN)]
        except ValueError:  # not a sweep's file: reading its blocks says so
            return []

    def _wanted_seconds(self, candidates: list[verify.Candidate]) -> float:
        """How long a trial has to serve for a full collection, where that is within reach."""
        trials = self.gathered.current.trials
        served = sum(len(trial.samples) for trial in trials)
        wall = sum(sample.wall for trial in trials for sample in trial.samples) / 1e9
        if not served or self.simulation is None:
            return 0.0
        names = {verify.CURRENT, *(candidate.name for candidate in candidates)}
        needed = [
            setting.simulated.requests_to_full * wall / served
            for setting in self.simulation.settings
            if setting.name in names and setting.simulated.requests_to_full
        ]
        affordable = self.times.verify / (len(candidates) + 2) / plan.FEWEST_BLOCKS
        return max((seconds for seconds in needed if seconds < affordable), default=0.0)

    def _count(self, display: Display) -> None:
        policies = [candidate.policy for candidate in self._candidates()]
        self.instructions = gather.instructions(
            self.request.question, self.gathered, policies, display.advance
        )

    def _prefork(self, display: Display) -> None:
        assert self.request.prefork is not None
        blocks = gather.prefork(
            self.request.question, self.gathered, self.request.prefork, display.advance
        )
        if blocks.blocks:
            self.prefork = compare(blocks.blocks, blocks.failure)

    def has_something(self) -> bool:
        """Whether a result would say anything."""
        return bool(self.gathered.audited or self.gathered.current.trials)

    def result(self) -> GcSweepResult:
        """Everything that is known by now, and what follows from it."""
        verification = self._verification()
        result = assemble.assemble(
            self.gathered,
            self.machine,
            goal=self.request.goal,
            limit=self.request.limit,
            ceiling=self._ceiling(),
            simulation=self.simulation,
            verification=verification,
        )
        if self.unsimulated:
            result.warnings.append(self.unsimulated)
        result.prefork = self.prefork
        result.instructions = self.instructions
        result.seed = self.request.question.seed
        result.complete = self.complete
        if not self.request.audit_only and result.ceiling is not None:
            result.recommendation = recommend(
                Asked(
                    goal=self.request.goal,
                    limit=self.request.limit,
                    ceiling=result.ceiling,
                    audit=result.audit,
                    chosen=self._chosen(),
                    verification=verification,
                    simulated=self._simulated(),
                    current=result.current,
                    over_limit=self._over_limit(),
                )
            )
            self._add_snippets(result)
        return result

    def _add_snippets(self, result: GcSweepResult) -> None:
        """The code for what is recommended, and for freezing before the fork where that pays."""
        recommendation = result.recommendation
        freeze = self.prefork is not None and self.prefork.pays
        if recommendation is None or (recommendation.policy is None and not freeze):
            return
        recommendation.snippets = snippets(
            recommendation.policy or GcPolicy(),
            result.app.python,
            recommendation.title,
            freeze_in_parent=freeze,
            free_threaded=self.recording is not None and self.recording.free_threaded,
        )

    def _simulated(self) -> dict[str, Setting]:
        if self.simulation is None:
            return {}
        return {setting.name: setting for setting in self.simulation.settings}

    def _verification(self) -> Verification | None:
        blocks = self.gathered.blocks
        if self.verifying is None or not blocks.complete:
            return None
        predicted = {}
        for candidate in [
            verify.Candidate(verify.CURRENT, GcPolicy(), "current"),
            *self.verifying.candidates,
        ]:
            trials = [
                block.trials[candidate.name]
                for block in blocks.complete
                if candidate.name in block.trials
            ]
            found = self.recording and sweep.predicted(self.recording, candidate.policy, trials)
            if found:
                predicted[candidate.name] = found
        return verify.verification(
            blocks, self.verifying.candidates, predicted, self.verify_seconds
        )

    def places(self) -> dict[str, str]:
        """Routes → file and line of their views."""
        return dict(assemble.places(self.gathered))
