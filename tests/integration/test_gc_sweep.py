"""``djtune gc-sweep`` as a user runs it, on small projects."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import PROJECTS, Outcome, djtune

from djtune.errors import ExitCode
from djtune.garbage.result import GcSweepResult

LEAKY = PROJECTS / "leaky"


def sweep(*arguments: str | Path, project: Path = LEAKY, **options: Any) -> Outcome:
    return djtune(
        "gc-sweep",
        "--settings",
        "conf.settings",
        *arguments,
        "--format",
        "json",
        cwd=project,
        **options,
    )


def result(done: Outcome) -> GcSweepResult:
    return msgspec.json.decode(done.stdout, type=GcSweepResult)


@pytest.fixture(scope="module")
def cycles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workload whose requests leave 3,000 sections in a circle each."""
    file = tmp_path_factory.mktemp("workload") / "cycles.yaml"
    step = {"route": "cycle/<int:sections>/", "params": {"sections": 3000}}
    file.write_text(json.dumps({"journeys": [{"name": "report", "steps": [step]}]}))
    return file


class TestAudit:
    def test_names_a_planted_leak_by_type_and_holder(self) -> None:
        audited = result(sweep("--audit", "visits/")).audit
        assert audited is not None
        (growth,) = audited.routes[0].growth
        assert "VISITS" in growth.holder
        assert any("Visit" in name for name in growth.types)

    def test_names_the_apps_own_link_with_its_place(self, cycles: Path) -> None:
        audited = result(sweep("--audit", "--workload", cycles)).audit
        assert audited is not None
        own = [link for link in audited.routes[0].links if link.origin == "app"]
        assert any(link.name == "Section.report" for link in own)
        assert all(link.where.startswith("conf/reports.py:") for link in own)

    def test_times_nothing(self) -> None:
        found = result(sweep("--audit", "visits/"))
        assert (found.ceiling, found.simulation, found.verification) == (None, None, None)


class TestCheck:
    def test_the_same_again_is_no_regression(self, tmp_path: Path) -> None:
        before = self.saved(tmp_path)
        assert sweep("--check", before, "visits/").exit_code == ExitCode.DONE

    def test_more_garbage_than_before_is(self, tmp_path: Path) -> None:
        before = self.saved(tmp_path)
        document = json.loads(before.read_text())
        objects = document["audit"]["routes"][0]["objects"]
        document["audit"]["routes"][0]["objects"] = {name: n - 1 for name, n in objects.items()}
        before.write_text(json.dumps(document))
        done = sweep("--check", before, "visits/")
        assert done.exit_code == ExitCode.BREACHED
        assert "leaves" in done.stderr

    def saved(self, folder: Path) -> Path:
        file = folder / "gc.json"
        file.write_text(sweep("--audit", "visits/").stdout)
        return file


def test_a_workload_without_garbage_is_left_alone_first_and_loudly() -> None:
    done = djtune(
        "gc-sweep", "--settings", "conf.settings", "clean/", "--duration", "20", cwd=LEAKY
    )
    assert done.exit_code == ExitCode.DONE
    first = done.stdout.partition("What to do")[2].splitlines()[1]
    assert "Leave the collector alone" in first


def test_quick_simulates_hundreds_of_settings_and_calls_its_advice_an_estimate(
    cycles: Path,
) -> None:
    found = result(sweep("--quick", "--workload", cycles, "--duration", "20"))
    assert found.simulation is not None
    assert len(found.simulation.settings) > 100
    assert found.verification is None
    assert found.recommendation is not None
    assert not found.recommendation.measured


@pytest.fixture(scope="module")
def verified(cycles: Path) -> GcSweepResult:
    done = sweep("--workload", cycles, "--duration", "40", "--max-rss", "+50%", "--try", "disable")
    assert done.exit_code == ExitCode.DONE, done.stderr
    return result(done)


class TestVerification:
    def test_runs_the_current_setting_the_guides_and_what_was_asked_for(
        self, verified: GcSweepResult
    ) -> None:
        assert verified.verification is not None
        names = [tried.name for tried in verified.verification.tried]
        assert names[0] == "current"
        assert {"10000,100,100", "disable"} < set(names)

    def test_shows_the_tiers_of_evidence_in_order(self, verified: GcSweepResult) -> None:
        assert verified.verification is not None
        order = ["counters", "memory", "CPU time", "wall time"]
        for name in verified.verification.verdicts:
            own = [c.tier for c in verified.verification.comparisons if c.variant == name]
            assert own == sorted(own, key=order.index)

    def test_lays_predicted_beside_measured(self, verified: GcSweepResult) -> None:
        assert verified.verification is not None
        current = verified.verification.tried[0]
        assert current.predicted is not None
        rate = 1000 * current.predicted.collections[0] / current.predicted.requests
        assert rate == pytest.approx(current.collections[0], rel=0.1)

    def test_disable_is_refused_where_requests_leave_garbage(self, verified: GcSweepResult) -> None:
        recommendation = verified.recommendation
        assert recommendation is not None
        assert recommendation.policy is None or recommendation.policy.enabled
        assert verified.audit is not None
        assert not verified.audit.garbage_free

    def test_what_is_recommended_kept_the_memory_limit_as_measured(
        self, verified: GcSweepResult
    ) -> None:
        assert verified.verification is not None
        assert verified.recommendation is not None
        current, *others = verified.verification.tried
        for tried in others:
            if tried.policy == verified.recommendation.policy:
                assert tried.peak_rss.value is not None
                assert current.peak_rss.value is not None
                assert tried.peak_rss.value <= 1.5 * current.peak_rss.value


@pytest.mark.slow
def test_killed_workers_leave_what_was_measured_before(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    settings = tmp_path / "doomed.py"
    settings.write_text("from conf import *\nFATE, SPARED = 'SIGKILL', 14\n")
    done = djtune(
        "gc-sweep",
        "page/",
        "--settings",
        "doomed",
        "--pythonpath",
        tmp_path,
        "--duration",
        "40",
        "--try",
        "5000,10,10",
        "--format",
        "json",
        cwd=PROJECTS / "mortal",
        env={"MORTAL_STARTS": str(starts)},
    )
    assert done.exit_code == ExitCode.INCOMPLETE, done.stderr
    found = result(done)
    assert not found.complete
    assert found.ceiling is not None
    assert found.verification is not None
    assert found.verification.blocks >= 1
    assert "SIGKILL" in f"{found.verification.failures} {found.warnings}"


def test_an_app_that_dies_at_the_current_setting_keeps_its_audit_and_earlier_trials(
    tmp_path: Path,
) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    settings = tmp_path / "frail.py"
    settings.write_text("from conf import *\nFATE, SPARED = 'SIGKILL', 2\n")
    options = ["--settings", "frail", "--pythonpath", tmp_path, "--duration", "40"]
    done = djtune(
        "gc-sweep",
        "page/",
        *options,
        "--format",
        "json",
        cwd=PROJECTS / "mortal",
        env={"MORTAL_STARTS": str(starts)},
    )
    assert done.exit_code == ExitCode.INCOMPLETE, done.stderr
    found = result(done)
    assert found.ceiling is not None
    assert found.ceiling.trials == 1
    assert found.audit is not None
    assert "SIGKILL" in str(found.warnings)
    assert "a-secret" not in done.stdout
