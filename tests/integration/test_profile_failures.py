"""What ``djtune profile`` says when it cannot measure: one clear line, and never a traceback."""

import os
import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest
from helpers import Outcome, djtune
from profile_helpers import Profiling, profiling, seeded_shop

from djtune.errors import ExitCode
from djtune.profiling.result import ProfileResult


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded_shop(tmp_path_factory.mktemp("failures"))


def refused(outcome: Outcome) -> str:
    """The one line that says why nothing was measured."""
    assert outcome.exit_code == ExitCode.USAGE, outcome.stderr
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    lines = [line for line in outcome.stderr.splitlines() if not line.startswith("Plan: ")]
    line, *hints = lines
    assert len(hints) <= 1, outcome.stderr
    assert all(hint.startswith("  ") for hint in hints)
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def settings_file(shop: Path, name: str, text: str) -> str:
    (shop / "conf" / f"{name}.py").write_text(text)
    return f"conf.{name}"


def test_an_unknown_route(shop: Path) -> None:
    outcome = djtune("profile", "shop/produtcs/", cwd=shop)
    assert refused(outcome) == "no route matches 'shop/produtcs/'"
    assert "did you mean" in outcome.stderr
    assert "shop/products/<slug:slug>/" in outcome.stderr


def test_an_unknown_user(shop: Path) -> None:
    assert "nobody-of-that-name" in refused(
        djtune("profile", "--as", "nobody-of-that-name", cwd=shop)
    )


def test_a_way_to_sign_in_without_a_user(shop: Path) -> None:
    outcome = djtune("profile", "--login", "token", cwd=shop)
    assert refused(outcome) == "--login says how --as signs in"


def test_settings_that_are_not_there(shop: Path) -> None:
    assert "conf.nothing" in refused(djtune("profile", "--settings", "conf.nothing", cwd=shop))


def test_no_project_at_all(tmp_path: Path) -> None:
    assert "manage.py" in refused(djtune("profile", cwd=tmp_path))


def test_settings_that_fail_to_import(shop: Path) -> None:
    name = settings_file(shop, "failing", "import os\nSECRET_KEY = os.environ['NO_SUCH_KEY']\n")
    line = refused(djtune("profile", "--settings", name, cwd=shop))
    assert "conf.failing" in line
    assert "KeyError: 'NO_SUCH_KEY'" in line


def test_a_package_that_is_not_installed(shop: Path) -> None:
    name = settings_file(shop, "wanting", "import no_such_package\n")
    assert "no_such_package" in refused(djtune("profile", "--settings", name, cwd=shop))


def test_a_database_that_is_down(shop: Path) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as listener:  # A port that is taken, by nobody who listens.
        listener.bind(("127.0.0.1", 0))
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": listener.getsockname()[1],
            "NAME": "shop",
            "USER": "shop",
            "PASSWORD": "a-secret",
        }
        text = f"from conf.settings import *\nDATABASES = {{'default': {database!r}}}\n"
        name = settings_file(shop, "down", text)
        outcome = djtune("profile", "--settings", name, cwd=shop)
    assert f"port {database['PORT']} failed: Connection refused" in refused(outcome)
    assert "a-secret" not in outcome.stderr


def test_a_bad_workload_file(shop: Path, tmp_path: Path) -> None:
    workload = tmp_path / "workload.yaml"
    workload.write_text("version: 1\njourneys:\n  - name: front\n    steps:\n      - rout: shop/\n")
    line = refused(djtune("profile", "--workload", workload, cwd=shop))
    assert "workload.yaml" in line
    assert "5" in line
    assert "rout" in line


def test_a_workload_file_that_is_not_there(shop: Path) -> None:
    assert "nothing.yaml" in refused(djtune("profile", "--workload", "nothing.yaml", cwd=shop))


def test_an_interpreter_that_is_none(shop: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert str(python) in refused(djtune("profile", "--python", python, cwd=shop))


def test_an_unsupported_interpreter(shop: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    # An interpreter that is what it is but for the version that it says it has.
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import sys\nsys.version_info = (3, 9, 1, 'final', 0)\n")
    python.write_text(f'#!/bin/sh\nPYTHONPATH={site} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    assert "3.9" in refused(djtune("profile", "--python", python, cwd=shop))


def test_a_budget_on_what_is_not_measured(shop: Path) -> None:
    assert "'quries'" in refused(djtune("profile", "--budget", "quries<3", cwd=shop))


def test_nothing_that_can_be_measured(shop: Path) -> None:
    outcome = djtune("profile", "shop/categories/<slug:category_slug>/products/<int:pk>/", cwd=shop)
    assert "a signed-in user" in refused(outcome)
    assert "--as USER" in outcome.stderr


RUN = ("--duration", "15", "--trials", "3", "--format", "json", "shop/*")


def left_over(run: Profiling) -> list[int]:
    return [worker.pid for worker in run.started if worker.is_running()]


def test_ctrl_c_prints_what_was_measured_and_leaves_no_process(shop: Path) -> None:
    with profiling(shop, *RUN) as run:
        run.wait_for_trial(2)
        run.process.send_signal(signal.SIGINT)
        code, stdout, stderr = run.finish()
        assert left_over(run) == []
    assert code == ExitCode.INTERRUPTED
    result = msgspec.json.decode(stdout, type=ProfileResult)
    assert result.complete is False
    assert "shop/" in {route.route for route in result.routes}
    assert "Traceback" not in stderr


def test_ctrl_c_before_anything_was_measured_says_so(shop: Path) -> None:
    with profiling(shop, *RUN) as run:
        run.wait_for_trial(0)
        run.process.send_signal(signal.SIGINT)
        code, stdout, stderr = run.finish()
        assert left_over(run) == []
    assert (code, stdout) == (ExitCode.INTERRUPTED, "")
    assert stderr.splitlines()[-1] == "interrupted"


def test_a_worker_that_is_killed_costs_its_trial_only(shop: Path) -> None:
    with profiling(shop, *RUN) as run:
        victim = run.wait_for_trial(2)
        os.kill(victim.pid, signal.SIGKILL)
        code, stdout, stderr = run.finish()
    assert code == ExitCode.INCOMPLETE, stderr
    result = msgspec.json.decode(stdout, type=ProfileResult)
    assert result.complete is False
    assert "shop/" in {route.route for route in result.routes}
    assert any("SIGKILL" in warning for warning in result.warnings)
