"""Finding the user's project: its folder, its settings, its interpreter."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from djtune.errors import DjtuneError
from djtune.interpreter import ask, find_python
from djtune.managepy import SetUp, learn_from
from djtune.project import find_app, find_manage

MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
COMPUTED = "import os\nstage = 'dev'\n"
COMPUTED += "os.environ.setdefault('DJANGO_SETTINGS_MODULE', f'shop.{stage}')\n"
CHOSEN = MANAGE.replace("settings", "dev") + "if 'test' in os.sys.argv:\n    "
CHOSEN += "os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.test'\n"
HANDS_OVER = "from django.core.management import execute_from_command_line\n"
HANDS_OVER += "execute_from_command_line(['manage.py'])\nraise ValueError('went on')\n"
NOTHING: dict[str, str] = {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a repository, so that nothing above it is looked at."""
    (tmp_path / ".git").mkdir()
    return tmp_path


def put(file: Path, text: str = MANAGE) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def interpreter(file: Path, python: str = "3.11", django: str = "5.2") -> Path:
    """A program that answers as an interpreter of these versions would."""
    versions = {"python": python.split("."), "django": django.split(".") if django else []}
    listed = {name: f"[{', '.join(parts)}]" for name, parts in versions.items()}
    answer = f'{{"python": {listed["python"]}, "django": {listed["django"] if django else "null"}}}'
    put(file, f"#!/bin/sh\necho '{answer}'\n").chmod(0o755)
    return file


class TestManagePy:
    @pytest.mark.parametrize("start", [".", "shop", "shop/deep/er"])
    def test_is_found_here_and_upward(self, root, start):
        manage = put(root / "manage.py")
        (root / start).mkdir(parents=True, exist_ok=True)
        assert find_manage(root / start) == manage

    def test_is_found_one_folder_below(self, root):
        manage = put(root / "backend" / "manage.py")
        put(root / ".hidden" / "manage.py")
        put(root / "venv" / "manage.py")
        assert find_manage(root) == manage

    def test_the_nearest_upward_is_stronger_than_one_below(self, root):
        put(root / "examples" / "manage.py")
        manage = put(root / "manage.py")
        assert find_manage(root) == manage

    def test_several_below_are_named(self, root):
        put(root / "one" / "manage.py")
        put(root / "two" / "manage.py")
        with pytest.raises(DjtuneError, match=r"several projects below .*: one, two"):
            find_manage(root)

    def test_outside_the_repository_is_not_looked_at(self, root):
        put(root / "manage.py")
        (root / "inner" / ".git").mkdir(parents=True)
        assert find_manage(root / "inner") is None


class TestSettings:
    @pytest.mark.parametrize(
        "text",
        [
            MANAGE,
            'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n',
            'from os import environ\nenviron.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")',
            "import os\nDEFAULT = 'shop.settings'\n"
            "def main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', DEFAULT)\n",
            "if True:\n    " + MANAGE.replace("\n", "\n    ") + "pass\n" + MANAGE,
        ],
    )
    def test_are_read_out_of_a_plain_manage_py_without_running_it(self, root, text):
        manage = put(root / "manage.py", text + "\nraise SystemExit('was run')\n")
        assert learn_from(manage, "/no/such/interpreter") == SetUp(settings="shop.settings")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("print('hello')\n", "does not set DJANGO_SETTINGS_MODULE"),
            ("raise ValueError\n" + COMPUTED, "works .* out as it runs"),
            ("raise ValueError\n" + CHOSEN, "chooses between shop.dev and shop.test"),
        ],
    )
    def test_where_it_does_not_name_them_it_says_why(self, root, text, said):
        with pytest.raises(DjtuneError, match=said) as caught:
            learn_from(put(root / "manage.py", text), sys.executable)
        assert "--settings MODULE" in caught.value.hint

    def test_one_for_an_older_python_is_refused(self, root):
        with pytest.raises(DjtuneError, match="cannot be read"):
            learn_from(put(root / "manage.py", "print 'Python 2'\n"), sys.executable)

    @pytest.mark.parametrize("text", [COMPUTED, CHOSEN])
    def test_computed_ones_are_those_it_has_when_it_calls_django(self, root, text):
        manage = put(root / "manage.py", "print('noise')\n" + text + HANDS_OVER)
        assert learn_from(manage, sys.executable).settings == "shop.dev"

    def test_what_else_it_sets_up_is_taken_over(self, root):
        text = "import sys\nfrom pathlib import Path\n" + MANAGE
        text += "os.environ['SHOP_REGION'] = 'north'\n"
        text += "sys.path.append(str(Path(__file__).parent / 'apps'))\n"
        put(root / "manage.py", text + HANDS_OVER)
        app = find_app(root, pythonpath=["/mine"], environ=NOTHING)
        assert app.settings == "shop.settings"
        assert app.env == {"SHOP_REGION": "north"}
        assert app.pythonpath == ["/mine", str(root / "apps")]

    def test_it_sees_the_settings_that_were_chosen(self, root):
        text = MANAGE + "os.environ['SHOP_SEEN'] = os.environ['DJANGO_SETTINGS_MODULE']\n"
        put(root / "manage.py", text + HANDS_OVER)
        app = find_app(root, settings="shop.other", environ=NOTHING)
        assert (app.settings, app.env) == ("shop.other", {"SHOP_SEEN": "shop.other"})

    def test_one_that_fails_is_only_read(self, root):
        put(root / "manage.py", "import no_such_helper\n" + MANAGE)
        assert find_app(root, environ=NOTHING).settings == "shop.settings"

    @pytest.mark.parametrize(
        ("option", "variable", "expected"),
        [
            ("by.option", "by.variable", "by.option"),
            (None, "by.variable", "by.variable"),
            (None, None, "shop.settings"),
        ],
    )
    def test_the_option_is_stronger_than_the_environment_and_that_than_manage_py(
        self, root, option, variable, expected
    ):
        put(root / "manage.py")
        environ = {"DJANGO_SETTINGS_MODULE": variable} if variable else {}
        assert find_app(root, settings=option, environ=environ).settings == expected

    def test_without_manage_py_named_settings_do(self, root):
        app = find_app(root, settings="shop.settings", environ=NOTHING)
        assert (app.directory, app.settings) == (str(root), "shop.settings")

    def test_without_either_it_says_where_it_looked(self, root):
        with pytest.raises(DjtuneError, match=r"no manage\.py in .*, above it or one folder below"):
            find_app(root, environ=NOTHING)


class TestInterpreter:
    def test_djtunes_own_is_the_last_resort(self, root):
        assert find_python(root, None, environ=NOTHING) == sys.executable

    def test_the_active_virtualenv_comes_before_one_beside_the_project(self, root):
        active = interpreter(root / "active" / "bin" / "python")
        beside = interpreter(root / ".venv" / "bin" / "python")
        environ = {"VIRTUAL_ENV": str(root / "active")}
        assert find_python(root, None, environ=environ) == str(active)
        assert find_python(root, None, environ=NOTHING) == str(beside)

    def test_one_without_django_is_passed_over(self, root):
        interpreter(root / "active" / "bin" / "python", django="")
        beside = interpreter(root / "venv" / "bin" / "python")
        (root / "shop").mkdir()
        environ = {"VIRTUAL_ENV": str(root / "active")}
        assert find_python(root / "shop", None, environ=environ) == str(beside)

    def test_the_option_is_stronger_than_all(self, root):
        interpreter(root / ".venv" / "bin" / "python")
        other = interpreter(root / "other" / "bin" / "python")
        assert find_python(root, str(other), environ=NOTHING) == str(other)
        assert find_python(root, str(root / "other"), environ=NOTHING) == str(other)

    def test_the_option_may_be_a_command_on_path(self, root, monkeypatch):
        other = interpreter(root / "bin" / "python9.9")
        monkeypatch.setenv("PATH", f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}")
        assert find_python(root, "python9.9", environ=NOTHING) == str(other)

    def test_a_virtualenvs_link_is_not_followed(self, root):
        venv.create(root / "linked", symlinks=True, system_site_packages=True)
        link = root / "linked" / "bin" / "python"
        answer = ask(str(link), root, [str(Path(sys.prefix) / "lib")])
        assert answer is not None
        assert answer.path == str(link)

    def test_pythonpath_counts(self, root):
        venv.create(root / "bare", symlinks=True)
        put(root / "vendored" / "django" / "__init__.py", "VERSION = (5, 2, 1, 'final', 0)\n")
        bare = str(root / "bare" / "bin" / "python")
        with pytest.raises(DjtuneError, match="Django is not installed in"):
            find_python(root, bare, environ=NOTHING)
        assert find_python(root, bare, [str(root / "vendored")], NOTHING) == bare

    def test_modules_beside_the_project_do_not_disturb_the_question(self, root):
        put(root / "json.py", "raise SystemExit(1)\n")
        assert ask(sys.executable, root) is not None

    @pytest.mark.parametrize(
        ("python", "said"),
        [
            ("nowhere/python", "does not exist"),
            ("python-of-nobody", "no such command on PATH"),
            (".", "a folder without bin/python"),
            ("/bin/sh", "is not a Python interpreter"),
            ("not-executable", "is not a Python interpreter"),
        ],
    )
    def test_a_wrong_one_is_named(self, root, monkeypatch, python, said):
        monkeypatch.chdir(root)
        put(root / "not-executable", "text")
        with pytest.raises(DjtuneError, match=said):
            find_python(root, python, environ=NOTHING)

    @pytest.mark.parametrize(
        ("python", "django", "said"),
        [
            ("3.9", "4.2", "is Python 3.9; djtune measures apps on Python 3.10 or later"),
            ("2.7", "", "is Python 2.7"),
            ("3.12", "5.1", "has Django 5.1; djtune supports Django 5.2 or later"),
            ("3.12", "", "Django is not installed in"),
        ],
    )
    def test_an_unsupported_one_is_refused(self, root, python, django, said):
        old = interpreter(root / "old", python, django)
        with pytest.raises(DjtuneError, match=said):
            find_python(root, str(old), environ=NOTHING)

    @pytest.mark.parametrize("django", ["5.2", "6.0", "6.1", "7.0"])
    def test_a_later_django_is_let_in(self, root, django):
        assert find_python(root, str(interpreter(root / "new", "3.14", django)), environ=NOTHING)

    def test_where_none_has_django_it_names_those_it_asked(self, root):
        bare = interpreter(root / ".venv" / "bin" / "python", django="")
        code = "import sys; from pathlib import Path; from djtune.errors import DjtuneError\n"
        code += "from djtune.interpreter import find_python\n"
        code += f"sys.executable = {str(bare)!r}\n"
        code += f"try: find_python(Path({str(root)!r}), None, environ={{}})\n"
        code += "except DjtuneError as error: print(error.message)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout == f"Django is installed in none of {bare}\n"
