"""The program that stands between djtune and a server: it ends the one when the other does.

Started as a script by :mod:`djtune.servers.tether`, with a pipe from djtune as standard input.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading


def guard(folder: str, patience: float, command: list[str]) -> int:
    """Run ``command`` until it ends or standard input does; return its exit status."""
    # Nothing is open here but what the command is to inherit.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)

    def end(*_: object) -> None:
        child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()

    def end_with_input() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        end()

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
    threading.Thread(target=end_with_input, daemon=True).start()
    status = child.wait()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    exit_status = guard(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
    # What the command itself started, and left behind when it was killed, is in this group.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    os._exit(exit_status)
