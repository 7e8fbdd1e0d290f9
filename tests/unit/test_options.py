"""The common options, where their values come from, and how a result leaves."""

from pathlib import Path

import click
import msgspec
import pytest
from helpers import djtune
from rich.console import Console

from djtune import cli
from djtune.model.budget import Verdict
from djtune.model.metrics import Metric
from djtune.options import Options, Run, common_options
from djtune.reports.blocks import Command, Finding, Note, Report


class Result(msgspec.Struct):
    figure: int = 7
    budgets: list[Verdict] = []
    complete: bool = True
    schema_version: int = 1


REPORT = Report(
    "Title", [Note("the figures"), Finding("slow", severity="medium"), Command("run me next")]
)
METRICS = {"GET a/": {"p95": Metric(0.2, 0.19, 0.21, n=100), "queries": Metric(12)}}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list:
    """Stand a command into the table's ``profile`` that hands over a result; keep its Run."""
    runs: list = []

    @click.command("profile")
    @click.option("--duration", type=float, default=60)
    @click.option("--workload", type=click.Path(path_type=Path))
    @click.option("--cut-short", is_flag=True)
    @click.option("--no-figures", is_flag=True)
    @common_options(metrics={"p95": "time", "queries": "count"})
    def profile(run, duration, workload, cut_short, no_figures):
        runs.append(run)
        run.duration, run.workload = duration, workload
        run.note("a note")
        run.warn("a warning")
        with run.progress("measuring", total=3) as advance:
            advance(2, description="still measuring")
        metrics = None if no_figures else METRICS
        return run.finish(Result(), REPORT, metrics=metrics, complete=not cut_short)

    load = cli.load_command
    monkeypatch.setattr(cli, "load_command", lambda n: profile if n == "profile" else load(n))
    return runs


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.mark.usefixtures("seen")
class TestTheResult:
    def test_stdout_has_the_result_and_stderr_the_rest(self):
        done = djtune("profile")
        assert "the figures" in done.stdout
        assert "a note" not in done.stdout
        assert "a note" in done.stderr
        assert "measuring" not in done.stderr  # a bar is for terminals

    def test_json_is_the_result_itself(self):
        assert djtune("profile", "--format", "json").json["figure"] == 7

    def test_quiet_keeps_warnings_alone(self):
        assert djtune("profile", "--quiet").stderr == "warning: a warning\n"

    def test_json_says_when_the_result_was_cut_short(self):
        assert djtune("profile", "--format", "json").json["complete"] is True
        assert djtune("profile", "--format", "json", "--cut-short").json["complete"] is False

    def test_github_gets_a_summary_too(self, tmp_path):
        summary = tmp_path / "summary.md"
        djtune("profile", "--format", "github", env={"GITHUB_STEP_SUMMARY": str(summary)})
        assert "the figures" in summary.read_text()

    def test_output_goes_to_a_file(self, tmp_path):
        done = djtune("profile", "--format", "json", "--output", "out.json", cwd=tmp_path)
        assert done.stdout == ""
        assert msgspec.json.decode((tmp_path / "out.json").read_bytes())["figure"] == 7

    def test_html_is_written_beside_the_result(self, tmp_path):
        done = djtune("profile", "--html", "out.html", cwd=tmp_path)
        assert "the figures" in done.stdout
        assert (tmp_path / "out.html").read_text().lstrip().lower().startswith("<!doctype html>")

    def test_github_has_its_own_form(self):
        assert djtune("profile", "--format", "github").stdout != djtune("profile").stdout

    @pytest.mark.parametrize("option", ["--output", "--html"])
    @pytest.mark.parametrize(
        ("path", "said"),
        [(".", "is a folder"), ("nowhere/x", "there is no folder"), ("--quiet", "needs a file")],
    )
    def test_a_file_that_cannot_be_written_is_refused_before_measuring(
        self, option, path, said, seen
    ):
        done = djtune("profile", option, path)
        assert done.exit_code == 2
        assert said in done.stderr
        assert seen == []

    def test_one_file_cannot_hold_both(self, tmp_path):
        done = djtune("profile", "--output", "x", "--html", tmp_path / "x", cwd=tmp_path)
        assert done.exit_code == 2
        assert done.stderr.startswith("error: --output and --html name the same file")


class TestExitStatus:
    @pytest.mark.parametrize(
        ("args", "status"),
        [
            ([], 0),
            (["--budget", "p95<1s"], 0),
            (["--budget", "p95<100ms"], 1),
            (["--budget", "queries<12"], 1),
            (["--budget", "p95<200ms"], 0),
            (["--budget", "p95<200ms", "--strict"], 3),
            (["--budget", "p95<200ms", "--budget", "queries<12", "--strict"], 1),
            (["--fail-on", "high"], 0),
            (["--fail-on", "medium"], 1),
            (["--fail-on", "low"], 1),
            (["--cut-short"], 3),
            (["--no-figures", "--budget", "queries<12", "--strict"], 0),
            (["--cut-short", "--budget", "queries<12"], 3),
        ],
    )
    def test_is_what_the_figures_say(self, seen, args, status):
        assert djtune("profile", *args).exit_code == status

    def test_a_breach_is_a_line_a_section_and_a_part_of_the_json(self, seen):
        done = djtune("profile", "--budget", "GET /a*: queries<12")
        assert "breached: GET /a*: queries<12 · GET a/ has 12" in done.stderr
        assert "Budgets" in done.stdout
        result = djtune("profile", "--budget", "queries<12", "--format", "json").json
        assert result["budgets"][0]["outcome"] == "breached"

    def test_the_verdicts_stand_before_the_command_to_run_next(self, seen):
        stdout = djtune("profile", "--budget", "queries<12").stdout
        assert stdout.index("the figures") < stdout.index("Budgets") < stdout.index("run me next")

    def test_a_breach_is_an_annotation_on_github(self, seen):
        stdout = djtune("profile", "--budget", "queries<12", "--format", "github").stdout
        assert "::error title=Budgets::" in stdout

    def test_what_cannot_be_told_is_a_warning(self, seen):
        stderr = djtune("profile", "--budget", "p95<200ms").stderr
        assert "warning: can't tell: p95<200ms · GET a/ has 200 ms [190" in stderr

    def test_a_mistyped_budget_is_refused_before_measuring(self, seen):
        done = djtune("profile", "--budget", "p59<1s")
        assert done.exit_code == 2
        assert "did you mean 'p95'?" in done.stderr
        assert seen == []

    def test_a_command_without_figures_takes_no_budget(self):
        done = djtune("workload", "init", "--budget", "p95<1s")
        assert done.exit_code == 2
        assert "no figures that a budget could limit" in done.stderr


class TestDefaultsInPyproject:
    def call(self, project: Path, text: str, *args: str, cwd: Path | None = None):
        (project / "pyproject.toml").write_text(text)
        return djtune("profile", *args, cwd=cwd or project)

    def test_common_options_and_those_of_a_command(self, project, seen):
        text = '[tool.djtune]\nquiet = true\nallow-host = ["a", "b"]\nbudget = "queries<99"\n'
        text += '[tool.djtune.profile]\nduration = 5\nfail-on = "high"\n'
        assert self.call(project, text).exit_code == 0
        (run,) = seen
        assert run.options.quiet is True
        assert run.options.allow_host == ("a", "b")
        assert run.options.budget == ("queries<99",)
        assert run.options.fail_on == "high"
        assert run.duration == 5

    def test_the_command_line_is_stronger(self, project, seen):
        self.call(project, '[tool.djtune]\nformat = "json"\n', "--format", "table")
        assert seen[0].options.format == "table"

    def test_the_commands_own_section_is_stronger_than_the_common_one(self, project, seen):
        text = '[tool.djtune]\nformat = "table"\n[tool.djtune.profile]\nformat = "json"\n'
        assert self.call(project, text).json["figure"] == 7

    def test_the_environment_is_stronger_for_the_settings(self, project, seen, monkeypatch):
        text = '[tool.djtune]\nsettings = "from.file"\n'
        self.call(project, text)
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "from.environment")
        self.call(project, text)
        assert [run.options.settings for run in seen] == ["from.file", "from.environment"]

    def test_is_found_from_a_folder_below_and_its_paths_start_from_the_file(self, project, seen):
        below = project / "a" / "b"
        below.mkdir(parents=True)
        text = '[tool.djtune]\npythonpath = "a"\npython = ".venv/bin/python"\n'
        text += '[tool.djtune.profile]\nworkload = "peak.yaml"\n'
        self.call(project, text, cwd=below)
        assert seen[0].options.pythonpath == (str((project / "a").resolve()),)
        assert seen[0].options.python == str(project / ".venv/bin/python")
        assert seen[0].workload == project / "peak.yaml"

    def test_an_interpreter_by_name_stays_a_name(self, project, seen):
        self.call(project, '[tool.djtune]\npython = "python3.12"\n')
        assert seen[0].options.python == "python3.12"

    def test_budgets_for_all_commands_pass_by_those_that_measure_nothing(self, project):
        (project / "pyproject.toml").write_text('[tool.djtune]\nbudget = ["p95<1s"]\n')
        done = djtune("workload", "check", "missing.yaml", cwd=project)
        assert "missing.yaml" in done.stderr
        assert "budget" not in done.stderr

    def test_a_section_of_another_command_is_let_be(self, project, seen):
        self.call(project, "[tool.djtune.workload.init]\nforce = true\n")
        assert len(seen) == 1

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[tool.djtune]\n\nfail_one = 1\n", "pyproject.toml:3: [tool.djtune] has no key"),
            ("[tool.djtune]\nstrikt = true\n", "did you mean 'strict'?"),
            ("[tool.djtune]\nduration = 5\n", "has no key 'duration'"),
            (
                "[tool.djtune]\nquiet = true\n[tool.djtune.profile]\nquit = true\n",
                "pyproject.toml:4: [tool.djtune.profile] has no key 'quit'",
            ),
            ("[tool.djtune.profil]\nquiet = true\n", "pyproject.toml:1: [tool.djtune] has no key"),
            ("[tool]\ndjtune = 3\n", "[tool.djtune] must be a table"),
            ("[tool.djtune]\nprofile = 3\n", "[tool.djtune.profile] must be a table"),
            ("[tool.djtune\n", "not valid TOML"),
            ('[tool.djtune]\nformat = "xml"\n', "'xml' is not one of"),
        ],
    )
    def test_a_mistake_is_named_with_its_place(self, project, seen, text, said):
        done = self.call(project, text)
        assert done.exit_code == 2
        assert said in done.stderr
        assert seen == []

    def test_the_allowed_keys_are_listed(self, project, seen):
        stderr = self.call(project, "[tool.djtune.profile]\nx = 1\n").stderr
        assert "allowed: allow-host, budget, cut-short, debug, duration" in stderr

    def test_a_file_without_our_table_need_not_be_read(self, project, seen):
        assert self.call(project, "[broken\n").exit_code == 0

    def test_a_wrong_value_from_the_file_says_where_it_stands(self, project, seen):
        done = self.call(project, '[tool.djtune.profile]\nduration = "long"\n')
        assert done.exit_code == 2
        assert "pyproject.toml" in done.stderr


class TestOnATerminal:
    def test_progress_is_shown_unless_quiet(self, seen):
        # FORCE_COLOR makes rich take any stream for a terminal.
        shown = djtune("profile", env={"FORCE_COLOR": "1"})
        assert "still measuring" in shown.stderr
        assert "measuring" not in shown.stdout
        assert "measuring" not in djtune("profile", "--quiet", env={"FORCE_COLOR": "1"}).stderr

    def test_sentences_are_wrapped_between_words(self, capsys):
        run = Run(Options())
        run.console = Console(stderr=True, width=20, force_terminal=True, color_system=None)
        run.note("the first words and the second ones")
        lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
        assert lines == ["the first words and", "the second ones"]


class TestInALog:
    def test_a_sentence_is_one_line(self, capsys):
        Run(Options()).note(sentence := "words " * 40)
        assert capsys.readouterr().err.rstrip("\n") == sentence


class TestColour:
    def test_none_where_it_is_refused(self, seen, monkeypatch):
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert "\x1b[" in djtune("profile").stdout
        for args, env in ((["--no-color"], {}), ([], {"NO_COLOR": "1"})):
            done = djtune("profile", *args, env=env)
            assert "\x1b[3" not in done.stdout + done.stderr
