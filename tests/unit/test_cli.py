"""The program as its users meet it: help, failures, exit codes, signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from helpers import PLAIN, djtune

from djtune import cli
from djtune.errors import DjtuneError, ExitCode
from djtune.options import common_options


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch):
    """Put a command into the table that does what the test says."""

    def install(action, *, decorate=common_options):
        command = click.command("schema")(decorate(action))
        load = cli.load_command
        monkeypatch.setattr(
            cli, "load_command", lambda name: command if name == "schema" else load(name)
        )

    return install


def raising(error: BaseException):
    def action(run):
        raise error

    return action


class TestHelp:
    def test_lists_the_commands_under_what_a_person_wants_to_know(self):
        done = djtune("--help")
        assert done.exit_code == 0
        for name, entry in cli.COMMANDS.items():
            section = done.stdout.partition(f"\n{entry.group}\n")[2].partition("\n\n")[0]
            assert f"  {name}" in section
            assert entry.help in section

    def test_imports_no_command(self):
        code = "import sys; from djtune.cli import main; main(['--help'])\n"
        code += "assert not [m for m in sys.modules if m.startswith('djtune.commands.')]\n"
        code += "assert 'rich' not in sys.modules and 'django' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

    def test_is_shown_on_stderr_where_no_command_is_named(self):
        done = djtune()
        assert (done.exit_code, done.stdout) == (ExitCode.USAGE, "")
        assert "Usage: djtune" in done.stderr

    def test_common_options_stand_apart_from_the_commands_own(self):
        own, _, common = djtune("workload", "init", "--help").stdout.partition("Common options:")
        assert "--force" in own
        assert "--settings" in common

    def test_version(self):
        assert djtune("--version").stdout.startswith("djtune, version ")


class TestExitCodes:
    def test_an_error_is_one_line_and_the_way_out(self, stand_in):
        stand_in(raising(DjtuneError("no server", hint="start one", exit_code=ExitCode.INCOMPLETE)))
        done = djtune("schema")
        assert done.exit_code == 3
        assert done.stderr == "error: no server\n  start one\n"
        assert done.stdout == ""

    def test_the_detail_of_an_error_is_for_debugging(self, stand_in):
        stand_in(raising(DjtuneError("no server", detail="Traceback of the app")))
        assert "Traceback" not in djtune("schema").stderr
        assert "Traceback of the app" in djtune("schema", "--debug").stderr

    def test_an_unexpected_exception_is_a_bug(self, stand_in):
        stand_in(raising(RuntimeError("a\nb")))
        done = djtune("schema")
        assert done.exit_code == 70
        assert done.stderr.splitlines() == [
            "error: a bug in djtune: RuntimeError: a b",
            "  run it again with --debug for the traceback",
        ]

    def test_debug_shows_the_traceback_of_a_bug(self, stand_in):
        stand_in(raising(RuntimeError("a")))
        assert "Traceback (most recent call last)" in djtune("schema", "--debug").stderr

    def test_an_end_of_file_that_nothing_expected_is_a_bug_too(self, stand_in):
        stand_in(raising(EOFError("pipe closed")))
        assert djtune("schema").exit_code == 70

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
    def test_ctrl_c_is_130_and_not_the_1_of_click(self, stand_in, error):
        stand_in(raising(error))
        assert djtune("schema").exit_code == 130

    def test_what_the_command_returns_is_the_status(self, stand_in):
        stand_in(lambda run: ExitCode.BREACHED)
        assert djtune("schema").exit_code == 1

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["profil"], "Did you mean 'profile'?"),
            (["schema"], "Missing argument 'COMMAND'"),
            (["schema", "profile", "--colour"], "No such option"),
            (["schema", "nothing"], "there is no command 'nothing'"),
            (["workload", "init", "--format", "xml"], "'xml' is not one of"),
        ],
    )
    def test_wrong_usage_is_2_in_one_line_and_a_hint(self, args, said):
        done = djtune(*args)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 2

    def test_windows_is_refused_in_one_line(self, monkeypatch):
        monkeypatch.setattr(sys, "platform", "win32")
        done = djtune("--help")
        assert done.exit_code == 2
        assert done.stderr.startswith("error: djtune does not run on Windows\n")


SLEEPER = """
import sys, time, click
from djtune import cli
@click.command()
def sleeper():
    try:
        click.echo("started")
        time.sleep(60)
    finally:
        click.echo("cleaned up")
cli.load_command = lambda name: sleeper
sys.exit(cli.main(["schema"]))
"""


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_an_interruption_cleans_up_and_exits_130(self, number):
        with subprocess.Popen(
            [sys.executable, "-c", SLEEPER],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout.readline() == "started\n"
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=30)
        assert process.returncode == 130
        assert stdout == "cleaned up\n"
        assert stderr.strip() == "interrupted"

    def test_handlers_are_put_back(self):
        before = signal.getsignal(signal.SIGTERM)
        djtune("--version")
        assert signal.getsignal(signal.SIGTERM) is before

    def test_a_reader_that_goes_away_is_no_error(self):
        code = "import time, click\nfrom djtune import cli\n"
        code += "def action():\n    time.sleep(0.2)\n    click.echo('x' * 200_000)\n"
        code += "cli.load_command = lambda name: click.Command('x', callback=action)\n"
        code += "raise SystemExit(cli.main(['schema']))"
        read, write = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE
        )
        os.close(write)
        os.close(read)
        _, stderr = process.communicate(timeout=30)
        assert (process.returncode, stderr) == (0, b"")


class TestSchema:
    def test_describes_the_result(self):
        document = djtune("schema", "profile").json
        assert "schema_version" in document["$defs"]["ProfileResult"]["properties"]

    def test_names_the_commands_that_have_one(self):
        done = djtune("schema", "site")
        assert done.exit_code == 2
        assert "profile" in done.stderr


class TestCompletion:
    @pytest.mark.parametrize("shell", ["zsh", "fish"])
    def test_prints_the_script_of_the_shell(self, shell):
        assert "_DJTUNE_COMPLETE" in djtune("completion", shell).stdout

    @pytest.mark.parametrize(
        ("words", "offered"),
        [("djtune prof", "profile"), ("djtune workload in", "init")],
    )
    def test_the_script_is_answered_with_what_can_follow(self, words, offered):
        env = {**os.environ, "_DJTUNE_COMPLETE": "bash_complete", "COMP_WORDS": words}
        env["COMP_CWORD"] = str(len(words.split()) - 1)
        done = subprocess.run(
            [sys.executable, "-m", "djtune.cli"], env=env, capture_output=True, text=True
        )
        assert done.stdout.strip() == f"plain,{offered}"


class TestManagePy:
    def manage(self, *args: str, cwd: Path = PLAIN) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(PLAIN / "manage.py"), *args],
            cwd=cwd,
            env={**os.environ, "PLAIN_WITH_DJTUNE": "1"},
            capture_output=True,
            text=True,
        )

    def test_is_the_same_program(self):
        assert "Where does the time go?" in self.manage("djtune", "--help").stdout
        assert "Where does the time go?" in self.manage("help", "djtune").stdout

    def test_exits_with_the_programs_status_and_no_traceback(self):
        done = self.manage("djtune", "profil")
        assert done.returncode == 2
        assert done.stderr.startswith("error: No such command 'profil'")

    def test_works_on_its_own_project_from_any_folder(self, tmp_path):
        done = self.manage("djtune", "workload", "init", "--output", "made.yaml", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "hello/" in (tmp_path / "made.yaml").read_text()

    def test_the_app_imports_neither_click_nor_rich_until_a_command_runs(self):
        code = "import sys, django; django.setup()\n"
        code += "from django.core.management import load_command_class\n"
        code += "load_command_class('djtune', 'djtune')\n"
        code += "assert not {'click', 'rich', 'msgspec'} & set(sys.modules)"
        env = {**os.environ, "PLAIN_WITH_DJTUNE": "1", "DJANGO_SETTINGS_MODULE": "plain.settings"}
        subprocess.run([sys.executable, "-c", code], cwd=PLAIN, env=env, check=True)
