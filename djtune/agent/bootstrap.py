"""Started as a script by the project's interpreter: loads the agent and hands over to it.

The agent is loaded under the name ``djtune_agent`` from its own folder, so that neither djtune
nor anything installed beside it comes onto the project's path.
"""

import ctypes
import importlib.util
import os
import signal
import sys


def load_agent() -> None:
    """Make ``djtune_agent`` importable without touching ``sys.path``."""
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    spec = importlib.util.spec_from_file_location(
        "djtune_agent",
        os.path.join(folder, "__init__.py"),  # noqa: PTH118
        submodule_search_locations=[folder],
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["djtune_agent"] = module
    spec.loader.exec_module(module)


def die_with_parent() -> None:
    """On Linux, end this process when the CLI is killed outright."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main() -> None:
    """Serve calls on the two pipes named on the command line."""
    die_with_parent()
    sys.path[0] = os.getcwd()  # noqa: PTH109
    load_agent()
    from djtune_agent import worker  # type: ignore[import-not-found]

    worker.serve(int(sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    main()
