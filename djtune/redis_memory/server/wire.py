"""Commands packed by hand and replies parsed by hiredis, on a socket that redis-py has opened.

redis-py knows how to connect (TLS, users, unix sockets) and takes about 5 µs for each command
after that; packing whole batches takes a fifth.
"""

import contextlib
import socket
import time
from collections.abc import Sequence
from typing import Any

import hiredis

from djtune.errors import DjtuneError, ExitCode

Argument = bytes | str | int
Command = tuple[Argument, ...]
Reply = Any
"""``bytes``, ``int``, ``None``, a list of replies, or a :class:`Refusal`."""

_READ_AT_ONCE = 1 << 16
_MORE: Any = object()


class Refusal(Exception):
    """What a server answered instead of a reply: a value among the replies, never raised."""


class ServerLostError(DjtuneError):
    """The server went away in the middle of a visit; what was gathered until then still counts."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"{address} was lost in the middle of the visit: {why}",
            hint="see whether it restarted or failed over, and run djtune again",
            exit_code=ExitCode.INCOMPLETE,
        )


def packed(commands: Sequence[Command]) -> bytes:
    """The bytes of ``commands`` in Redis's protocol (RESP arrays of bulk strings)."""
    pieces: list[bytes] = []
    for command in commands:
        pieces.append(b"*%d\r\n" % len(command))
        for argument in command:
            data = argument if isinstance(argument, bytes) else str(argument).encode()
            pieces.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(pieces)


class Wire:
    """One connection; commands go out in a batch, and their replies come back in order."""

    def __init__(self, connection: Any, address: str) -> None:
        """Take over redis-py's connected ``connection``; ``address`` is shown in errors."""
        self.address = address
        self.commands = 0
        self.received = 0
        """Bytes."""
        self.latency = 0.0
        """Seconds from sending the last batch until its last reply had come in."""
        self.usable = True
        """Whether the last batch was answered in full: otherwise replies would be mixed up."""
        self.database: int = int(connection.db or 0)
        """Selected when it was opened."""
        self._sent = 0.0
        self._connection = connection
        self._socket: socket.socket = connection._sock
        self._reader = hiredis.Reader(replyError=Refusal, notEnoughData=_MORE)

    def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """The reply to each of ``commands``; errors of the server's are values (:class:`Refusal`).

        Raises :class:`ServerLostError` when the connection breaks or the server falls silent.
        """
        if not self.usable:
            raise ServerLostError(self.address, "the last answer was cut short")
        self.usable = False
        data = packed(commands)
        try:
            self._sent = time.perf_counter()
            self._send(data)
            replies = self._replies(len(commands))
        except TimeoutError:
            raise ServerLostError(self.address, "no answer in time") from None
        except (OSError, hiredis.HiredisError) as error:
            raise ServerLostError(self.address, str(error) or type(error).__name__) from None
        self.usable = True
        self.commands += len(commands)
        return replies

    def _send(self, data: bytes) -> None:
        """Send; a server that has hung up may have left a last word, which is read next."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def _replies(self, count: int) -> list[Reply]:
        replies: list[Reply] = []
        while len(replies) < count:
            data = self._socket.recv(_READ_AT_ONCE)
            self.latency = time.perf_counter() - self._sent
            if not data:
                raise OSError("the server closed the connection")
            self.received += len(data)
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _MORE:
                replies.append(reply)
        return replies

    def be_patient(self, seconds: float) -> None:
        """Wait that long for a server that falls silent."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """Hang up."""
        self.usable = False
        self._connection.disconnect()
