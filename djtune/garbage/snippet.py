"""The code to paste for a policy, which acts on the Python that it was measured on."""

from djtune.garbage.rules import rules_for
from djtune.model.policy import GcPolicy

READY = "AppConfig.ready"
GUNICORN = "gunicorn.conf.py"
INDENT = "    "
FREE_THREADED = 'sysconfig.get_config_var("Py_GIL_DISABLED")'
IMPORTS_FOR_VIEWS = [
    "from importlib import import_module",
    "",
    "from django.conf import settings",
]
LOAD_VIEWS = "import_module(settings.ROOT_URLCONF)  # the views too: else they load with a request"


def snippets(
    policy: GcPolicy,
    python: str,
    measured: str = "",
    *,
    freeze_in_parent: bool = False,
    free_threaded: bool = False,
    app: str = "yourapp",
) -> dict[str, str]:
    """Where to paste → the code; one place suffices. Empty for a policy that changes nothing.

    ``python`` is the version that was measured on (``3.13.0``), ``measured`` says in a few words
    what came out. ``freeze_in_parent``: freezing before gunicorn forks was measured to save
    memory. ``app`` is the package whose ``apps.py`` is shown.

    Thresholds are guarded by version, for they mean something else on another; freezing is not.
    """
    freeze = policy.freeze or freeze_in_parent
    setting = _setting(policy)
    if not (freeze or setting):
        return {}
    body = [" ".join(f"# djtune on CPython {python}: {measured or policy}".split())]
    if freeze:
        body += ["gc.collect()", "gc.freeze()"]
    if setting:
        body += [*_guard(python, free_threaded), f"{INDENT}{setting}"]
    imports = _imports(body)
    return {
        READY: _app_config(app, imports, body, freeze),
        GUNICORN: _gunicorn(imports, body, freeze, freeze_in_parent),
    }


def _setting(policy: GcPolicy) -> str:
    if not policy.enabled:
        return "gc.set_threshold(0)  # as gc.disable(), which a library's gc.enable() would undo"
    if policy.thresholds is not None:
        return f"gc.set_threshold({', '.join(map(str, policy.thresholds))})"
    return ""


def _guard(python: str, free_threaded: bool) -> list[str]:
    """An ``if`` that holds where Python collects as ``python`` does, and on its minor alone.

    3.14.0 to 3.14.4 collect in increments and ignore the third threshold. A free-threaded build
    has one generation.
    """
    comment = "# Measure again on another version: a threshold means something else there."
    major, minor = map(int, python.split(".")[:2])
    if rules_for(python).kind == "incremental":
        same = "(3, 14) <= sys.version_info < (3, 14, 5)"
    elif (major, minor) == (3, 14):
        same = "(3, 14, 5) <= sys.version_info < (3, 15)"
    else:
        same = f"sys.version_info[:2] == ({major}, {minor})"
    if (major, minor) < (3, 13):
        return [comment, f"if {same}:"]
    build = f"{'' if free_threaded else 'not '}{FREE_THREADED}"
    return [comment, f"same = {same}", f"if same and {build}:"]


def _imports(body: list[str]) -> list[str]:
    used = [name for name in ("sys", "sysconfig") if any(f"{name}." in line for line in body)]
    return [f"import {name}" for name in ("gc", *used)]


def _app_config(app: str, imports: list[str], body: list[str], freeze: bool) -> str:
    name = "".join(word.title() for word in app.rpartition(".")[2].split("_"))
    last = "; last in INSTALLED_APPS, so that the others are frozen too" if freeze else ""
    return _text(
        f"# {app.replace('.', '/')}/apps.py{last}",
        *imports,
        "",
        "from django.apps import AppConfig",
        "",
        "",
        f"class {name}Config(AppConfig):",
        f'{INDENT}name = "{app}"',
        "",
        *_function("ready(self)", body, INDENT),
    )


def _gunicorn(imports: list[str], body: list[str], freeze: bool, in_parent: bool) -> str:
    """In the parent before it forks, or in each worker once it has loaded the app.

    ``post_fork`` would be too early for the latter: without ``preload_app`` there is no app yet.
    """
    hook = "when_ready(server)" if in_parent else "post_worker_init(worker)"
    if freeze:
        body = [body[0], LOAD_VIEWS, *body[1:]]
        imports = [*imports, *IMPORTS_FOR_VIEWS]
    return _text(
        "# gunicorn.conf.py",
        *imports,
        *(["", "preload_app = True"] if in_parent else []),
        "",
        "",
        *_function(hook, body),
    )


def _function(signature: str, body: list[str], indent: str = "") -> list[str]:
    return [f"{indent}def {signature}:", *(f"{indent}{INDENT}{line}" for line in body)]


def _text(*lines: str) -> str:
    return "\n".join(lines) + "\n"
