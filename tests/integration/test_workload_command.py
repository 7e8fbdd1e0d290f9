"""``djtune workload`` as it is typed in a project's folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from djtune.workloads.file import load

SHOP = Path(__file__).parents[1] / "projects" / "shop"
SEED = """\
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from catalogue.seed import seed
seed()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "conf.settings"}
    subprocess.run([sys.executable, "-c", SEED], cwd=folder, env=env, check=True)
    return folder


def djtune(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from djtune.cli import main; sys.exit(main())",
            "workload",
            *args,
        ],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_projects_workload_is_written_and_is_good(project: Path) -> None:
    written = djtune(project, "init", "--output", "peak.yaml")
    assert (written.returncode, written.stdout) == (0, ""), written.stderr
    assert "help/<slug:topic>/ needs a recipe for topic" in written.stderr
    assert "next: djtune profile --workload peak.yaml" in written.stderr
    assert len(load(project / "peak.yaml").journeys) > 15

    checked = djtune(project, "check", "peak.yaml")
    assert checked.returncode == 0, checked.stderr
    assert (
        "GET shop/products/<slug:slug>/: GET shop/products/<slug:slug>/  (40 of catalogue.Product)"
        in checked.stdout
    )


def test_a_file_is_not_overwritten_unless_told_to(project: Path) -> None:
    (project / "mine.yaml").write_text("mine")
    refused = djtune(project, "init", "--output", "mine.yaml")
    assert refused.returncode == 2
    assert "mine.yaml exists" in refused.stderr
    assert "--force" in refused.stderr
    assert (project / "mine.yaml").read_text() == "mine"
    assert djtune(project, "init", "--output", "mine.yaml", "--force").returncode == 0
    assert load(project / "mine.yaml").weights_from == "uniform"


def test_a_bad_file_is_one_clear_line(project: Path) -> None:
    (project / "bad.yaml").write_text("journeys:\n  - name: a\n    stpes: []\n")
    refused = djtune(project, "check", "bad.yaml")
    assert refused.returncode == 2
    assert "bad.yaml:3: unknown key 'stpes'" in refused.stderr
    assert "did you mean 'steps'?" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_route_that_the_app_does_not_have_is_named(project: Path) -> None:
    (project / "gone.yaml").write_text(
        "journeys:\n  - name: a\n    steps:\n      - route: shop/products/<slug:slugs>/\n"
    )
    refused = djtune(project, "check", "gone.yaml")
    assert refused.returncode == 2
    assert "journey 'a', step 1: the URLconf has no route" in refused.stderr
    assert "did you mean 'shop/products/<slug:slug>/'?" in refused.stderr
