"""Started as a script by the project's interpreter: loads the agent and hands over to it.

The agent is loaded under the name ``djtune_agent`` from its own folder, so that neither djtune
nor anything installed beside it comes onto the project's path.
"""

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


def end_with(lifeline: int, *, leaving: tuple[int, ...]) -> None:
    """Leave a small process behind that ends this process group once ``lifeline`` is closed.

    It ends what the app has started too, however the CLI came to its end, and whatever this
    process is busy with.
    """
    if child := os.fork():
        os.waitpid(child, 0)
        os.close(lifeline)
        return
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    for fd in leaving:
        os.close(fd)
    while os.read(lifeline, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Serve calls on the pipes named on the command line: calls, replies, lifeline."""
    calls, replies, lifeline = (int(argument) for argument in sys.argv[1:4])
    end_with(lifeline, leaving=(calls, replies))
    sys.path[0] = os.getcwd()  # noqa: PTH109
    load_agent()
    from djtune_agent import worker  # type: ignore[import-not-found]

    worker.serve(calls, replies)


if __name__ == "__main__":
    main()
