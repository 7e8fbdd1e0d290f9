"""``djtune profile`` finds the sample site's faults that are its to find, each at its line."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from helpers import djtune
from site_helpers import djtune_site

from djtune.model.findings import FindingData
from djtune.profiling.result import ProfileResult

SITE = Path(__file__).parents[2] / "sample_site"
FAULTS = {
    line.split("|")[1].strip(): line.split("|")[3].strip().strip("`")
    for line in (SITE / "FAULTS.md").read_text().splitlines()
    if re.match(r"\| F\d\d ", line)
}
"""Fault → file:line."""


def profiled(size: str, folder: Path, *options: str) -> ProfileResult:
    assert djtune_site("seed", "--size", size, "--data", str(folder)).returncode == 0
    outcome = djtune(
        *("profile", "--settings", "streaming.settings", "--workload", "workload.yaml"),
        *("--duration", "6", "--trials", "2", "--format", "json", *options),
        cwd=SITE,
        env={"SITE_DATA": str(folder)},
    )
    assert outcome.exit_code == 0, outcome.stderr
    return msgspec.json.decode(outcome.stdout, type=ProfileResult)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ProfileResult:
    return profiled("small", tmp_path_factory.mktemp("faults"))


def of_kind(result: ProfileResult, kind: str) -> list[FindingData]:
    return [finding for finding in result.findings if finding.kind == kind]


def at(findings: list[FindingData], where: str) -> FindingData:
    (found,) = [finding for finding in findings if finding.where == where]
    return found


def test_the_serializer_field(result: ProfileResult) -> None:
    found = at(of_kind(result, "n+1"), FAULTS["F01"])
    assert "airings.channel" in found.title
    assert 'select_related("channel")' in found.remedy
    assert "epg/guide.py" in found.remedy


def test_the_template_line(result: ProfileResult) -> None:
    found = at(of_kind(result, "n+1"), FAULTS["F02"])
    assert "24 queries" in found.title
    assert "12 instead of 24" in " ".join(found.evidence)
    assert 'select_related("genre")' in found.remedy


def test_no_other_n_plus_one(result: ProfileResult) -> None:
    assert {f.where for f in of_kind(result, "n+1")} == {FAULTS["F01"], FAULTS["F02"]}


def test_the_duplicate(result: ProfileResult) -> None:
    found = at(of_kind(result, "duplicate"), FAULTS["F03"])
    assert "api/stream/" in " ".join(found.evidence)


def test_what_a_journey_asks_again(result: ProfileResult) -> None:
    found = of_kind(result, "asked-again")
    assert FAULTS["F16"] in " ".join(line for finding in found for line in finding.evidence)


def test_the_lazy_relations(result: ProfileResult) -> None:
    (found,) = [
        finding
        for finding in of_kind(result, "lazy")
        if FAULTS["F17"] in " ".join(finding.evidence)
    ]
    relations = '"profile__region", "profile__isp", "profile__last_channel"'
    assert f"select_related({relations})" in found.remedy
    added = "".join(line[1:].strip() for line in found.patch.splitlines() if line[0] == "+")
    assert f"User.objects.select_related({relations.replace(', ', ',')},).get(" in added


def test_the_waits_in_a_row(result: ProfileResult) -> None:
    assert "2 times, one after the other" in at(of_kind(result, "waits"), FAULTS["F18"]).title


def test_every_patch_applies(result: ProfileResult, tmp_path: Path) -> None:
    patches = [f.patch for f in result.findings if f.patch.startswith("--- ")]
    assert patches
    for patch in patches:
        file = patch.splitlines()[0].removeprefix("--- a/")
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text((SITE / file).read_text())
        subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
        subprocess.run([sys.executable, "-m", "py_compile", file], cwd=tmp_path, check=True)


def test_prices_do_not_exceed_the_time_of_sql_and_orm(result: ProfileResult) -> None:
    for route in result.routes:
        phases = route.phases
        spent = phases.sql_execute + phases.sql_fetch + phases.orm
        assert sum(group.seconds for group in route.query_groups) == pytest.approx(spent)


def test_no_parameter_leaves_the_worker(result: ProfileResult) -> None:
    patterns = [group.pattern for route in result.routes for group in route.query_groups]
    assert not any(re.search(r"= '|= \d|%s", pattern) for pattern in patterns)


@pytest.mark.slow
def test_the_missing_index(tmp_path: Path) -> None:
    result = profiled("medium", tmp_path, "--explain")
    found = at(of_kind(result, "missing-index"), FAULTS["F04"])
    assert 'models.Index(fields=["channel", "starts_at"])' in found.patch


def test_plans_are_asked_for_on_request_alone(result: ProfileResult) -> None:
    assert of_kind(result, "missing-index") == []
    assert all(group.plan is None for route in result.routes for group in route.query_groups)
