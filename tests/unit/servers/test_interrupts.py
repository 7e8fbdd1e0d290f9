"""Interruptions wait until a process has been started or ended."""

import os
import signal
import threading

import pytest

from djtune.servers.interrupts import deferred_interrupts


def test_an_interruption_waits_for_the_end_of_the_block() -> None:
    done: list[str] = []

    def interrupted() -> None:
        with deferred_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the rest of the block")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done


def test_many_interruptions_are_one() -> None:
    def interrupted() -> None:
        with deferred_interrupts():
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with deferred_interrupts():
        pass


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_an_exception_of_the_block_is_not_lost() -> None:
    with pytest.raises(ValueError, match="broken"), deferred_interrupts():
        raise ValueError("broken")


def test_other_threads_hold_nothing_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def run() -> None:
        with deferred_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]
