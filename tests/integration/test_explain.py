"""Plans of real databases: what is found, what is not proposed, and what never leaves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_helpers import databases
from site_helpers import environment

from djtune.profiling.plans import read_plan
from djtune.servers.postgres import SUPERUSER
from sample_site import ROOT

LAB = Path(__file__).with_name("explain_lab.py")


def answers(folder, **extra):
    done = subprocess.run(
        [sys.executable, str(LAB)],
        cwd=ROOT,
        env=environment(SITE_DATA=str(folder), **extra),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def vendor(request):
    return request.param


@pytest.fixture(scope="module")
def lab(vendor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    if vendor == "sqlite":
        return answers(folder)
    with databases("site") as host:
        return answers(folder, DATABASE_URL=f"postgres://{SUPERUSER}@/site?host={host}")


def reading(lab, case):
    """The reading of a case's one statement."""
    (data,) = lab["plans"][case]
    return read_plan(data)


def proposed(lab, case):
    return [each.code for each in reading(lab, case).missing]


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("composite", ["crid", "title"]),
        ("foreign key alone", ["channel", "starts_at"]),
        ("order", ["-starts_at", "id"]),
        ("sub-select", ["crid"]),
        ("table expression", ["crid"]),
        ("server-side cursor", ["crid"]),
        ("join", ["channel", "crid"]),
    ],
)
def test_a_missing_index_is_found(lab, case, fields):
    assert proposed(lab, case) == [f"models.Index(fields={json.dumps(fields)})"]


def test_it_is_placed_in_the_model_s_source(lab):
    (missing,) = reading(lab, "foreign key alone").missing
    lines = (ROOT / missing.file).read_text().splitlines()
    assert lines[missing.line - 1] == "class Programme(models.Model):"
    assert lines[missing.field_line - 1].strip() == "starts_at = models.DateTimeField()"


def test_an_index_on_the_foreign_key_alone_is_told_to_be_too_little(lab):
    assert (
        reading(lab, "foreign key alone")
        .problems[0]
        .startswith(
            "finds about 500 of the 5,000 rows of epg_programme by an index on channel_id alone,"
            " then looks at each for starts_at < ?"
        )
    )


def test_once_the_index_is_there_nothing_is_left_to_say(lab):
    (data,) = lab["settled"]
    found = read_plan(data)
    assert "(channel_id, starts_at)" in " ".join(found.steps)
    assert (found.problems, found.missing, found.notes) == ([], [], [])


@pytest.mark.parametrize("case", ["few rows by the foreign key", "primary key"])
def test_where_an_index_leads_to_few_rows_nothing_is_proposed(lab, case):
    found = reading(lab, case)
    assert (found.problems, found.missing, found.notes) == ([], [], [])


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("small table", "no index is worth it"),
        ("open pattern", "no plain index serves a pattern that begins with a wildcard"),
        ("json", "an expression of credits is compared"),
        ("or", "no index is guessed"),
        ("union", "no index is proposed"),
    ],
)
def test_where_nothing_is_proposed_it_says_why(lab, case, why):
    found = reading(lab, case)
    assert found.missing == []
    assert why in " ".join(found.notes)


def test_a_correlated_sub_select_is_read_with_its_own_table(lab):
    found = reading(lab, "exists")
    assert "starts_at < ?" in found.problems[0]
    assert found.missing[0].model == "epg.Programme"


def test_no_parameter_gets_out_of_the_app(lab, vendor):
    if vendor == "postgresql":
        assert all(secret in lab["raw"] for secret in lab["secrets"])
    for case, plans in lab["plans"].items():
        (data,) = plans
        assert not data["reason"], case
        said = json.dumps(data) + repr(read_plan(data))
        assert [secret for secret in lab["secrets"] if secret in said] == [], case


def test_only_a_single_select_is_explained(lab):
    assert lab["insert"] is None
    assert lab["two"]["reason"] == "it may be several statements"
    assert lab["genres"] == 1


def test_a_plan_that_fails_says_so_and_the_transaction_goes_on(lab):
    """The lab writes and reads after each of them."""
    error = {"sqlite": "OperationalError", "postgresql": "ProgrammingError"}[
        lab["unknown"]["vendor"]
    ]
    assert lab["unknown"]["reason"] == f"no plan: {error}"
    assert [secret for secret in lab["secrets"] if secret in json.dumps(lab["unknown"])] == []
    assert lab["percent"]["nodes"][0]["operation"] == "scan"


def test_postgresql_is_given_little_time_and_its_settings_back(lab, vendor):
    if vendor != "postgresql":
        pytest.skip("SQLite has no such settings")
    assert lab["slow"]["reason"] == "no plan: OperationalError"
    assert lab["settings"] == ["0", "off"]


def test_a_transaction_that_the_app_broke_is_left_alone(lab, vendor):
    if vendor == "postgresql":
        assert lab["after an error"]["reason"] == "no plan: InternalError"
    else:
        assert lab["after an error"]["reason"] == ""
