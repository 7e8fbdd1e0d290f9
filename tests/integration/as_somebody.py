"""Runs djtune as an ordinary user. It is imported first: that user may not read the interpreter."""

import importlib
import os
import sys

NEEDED = (
    "pwd",
    "tomllib",
    "rich.console",
    "djtune.cli",
    "djtune.project",
    "djtune.commands.profile",
    "djtune.commands.profile_live",
    "djtune.profiling.flames.drawing",
    "djtune.profiling.live.gather",
    "djtune.profiling.live.present",
    "djtune.reports.folder",
    "djtune.reports.terminal",
)
SOMEBODY = 65534

if __name__ == "__main__":
    for name in NEEDED:
        importlib.import_module(name)
    os.setgroups([])
    os.setgid(SOMEBODY)
    os.setuid(SOMEBODY)
    from djtune.cli import main

    sys.exit(main(sys.argv[1:]))
