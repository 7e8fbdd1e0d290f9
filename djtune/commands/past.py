"""What ``djtune profile`` compares with: an earlier run's file, or another checkout, or nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from click.core import ParameterSource

from djtune.errors import DjtuneError
from djtune.experiments.trials import run_trials
from djtune.profiling import gather
from djtune.profiling.comparison import baseline as baselines
from djtune.profiling.comparison import file as files
from djtune.profiling.comparison import findings as comparison_findings
from djtune.profiling.comparison.blocks import compare_with_baseline
from djtune.profiling.result import ProfileResult

if TYPE_CHECKING:
    from djtune.run import Run


class Past:
    """The run to compare with, if there is one."""

    def __init__(self, run: "Run", file: Path | None, checkout: Path | None) -> None:
        """Check what was asked for before anything is measured.

        Raises:
            DjtuneError: both are given, ``--fail-on regression`` has neither, or the file is none
                of ``djtune profile``'s.

        """
        if file and checkout:
            raise DjtuneError("--compare and --baseline-dir are two pasts: choose one")
        if checkout and not checkout.is_dir():
            raise DjtuneError(
                f"--baseline-dir {checkout} is no folder",
                hint="make a checkout: git worktree add FOLDER COMMIT",
            )
        source = click.get_current_context().get_parameter_source("fail_on")
        # In pyproject.toml it holds for every run, those that compare nothing too.
        asked_for = source is not ParameterSource.DEFAULT_MAP
        if run.options.fail_on == "regression" and asked_for and not (file or checkout):
            raise DjtuneError(
                "--fail-on regression has nothing to compare with",
                hint="pass --compare FILE.json or --baseline-dir CHECKOUT",
            )
        self._run = run
        self._file = file
        self._earlier = files.load(file) if file else None
        self._checkout = checkout
        self._baseline: baselines.Baseline | None = None

    def find(self, request: gather.Request) -> None:
        """Find the project in the other checkout.

        Raises:
            DjtuneError: there is none, or none that can be run.

        """
        if self._checkout is None:
            return
        app = self._run.checkout(self._checkout, request.app)
        self._baseline = baselines.Baseline(
            app=msgspec.structs.replace(app, interface=request.app.interface),
            name=str(self._checkout),
            blocks_wanted=request.budget.trials,
        )

    def plan(self, request: gather.Request) -> str:
        """What is timed, for the note before it."""
        trials = request.budget.trials
        if self._baseline is None:
            return f"time them in {trials} fresh {'process' if trials == 1 else 'processes'}"
        return (
            f"time them in {trials} blocks of three fresh processes, in random order: the baseline "
            f"{self._baseline.name} twice and this checkout once, which share the time,"
        )

    def survey(self, request: gather.Request, gathered: gather.Gathered) -> None:
        """Look at the routes of this checkout, and of the baseline."""
        if self._baseline is None:
            gather.survey(request, gathered)
            return
        baselines.survey(self._baseline, request, gathered)

    def shortage(self, request: gather.Request, gathered: gather.Gathered) -> str:
        """Say so where the time does not suffice for all of the trials, or blocks."""
        budget, what, start_seconds = request.budget, "processes", gathered.start_seconds
        trials = budget.affordable_trials(start_seconds)
        if self._baseline is not None:
            what, start_seconds = "blocks of three processes", self._baseline.start_seconds
            trials = baselines.blocks_in(self._baseline, budget.seconds - budget.overhead)
        if trials >= budget.trials:
            return ""
        return (
            f"the app takes {start_seconds:.1f} s to start: {trials} {what} instead of "
            f"{budget.trials}; a longer --duration affords more"
        )

    @property
    def run_trials(self) -> gather.RunTrials:
        """What times the routes."""
        if self._baseline is None:
            return run_trials
        return baselines.timed_in_blocks(self._baseline)

    def compare(
        self, request: gather.Request, gathered: gather.Gathered, result: ProfileResult
    ) -> list[str]:
        """Put the comparison into the result; return a line for each route that got worse."""
        if self._earlier is not None and self._file is not None:
            result.comparison = files.compare_with_file(
                self._earlier, result, self._file.name, request.patterns
            )
        elif self._baseline is not None:
            result.comparison = compare_with_baseline(
                result, gathered, self._baseline, request.patterns
            )
        if result.comparison is None:
            return []
        result.findings = [*comparison_findings.findings(result.comparison), *result.findings]
        return comparison_findings.regressions(result.comparison)
