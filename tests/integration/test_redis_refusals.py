"""Servers that let nobody in, or not everybody everywhere: one line, and the way out."""

import random
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from redis_helpers import (
    IDLE,
    each_server,
    every_type,
    first_server,
    free_port,
    make_idle,
    server,
    tls_files,
    until,
)

from djtune.errors import DjtuneError, ExitCode
from djtune.redis_memory.server.connecting import connected
from djtune.redis_memory.server.names import names
from djtune.redis_memory.server.pace import Budget
from djtune.redis_memory.server.questions import measure
from djtune.redis_memory.server.server import Key, Server
from djtune.redis_memory.server.wire import Command, Reply, Wire

FAST = Budget(milliseconds_per_second=1000)
SECRET = "s3cret/%"
IN_URL = "s3cret%2F%25"


def failure(url: str, **options: Any) -> DjtuneError:
    with pytest.raises(DjtuneError) as caught, connected(url, [], FAST, **options):
        pass
    error = caught.value
    assert error.exit_code is ExitCode.USAGE
    assert error.hint
    assert "\n" not in error.message
    assert SECRET not in repr(vars(error))
    assert IN_URL not in repr(vars(error))
    return error


def with_user(url: str, user: str, password: str = "") -> str:
    return url.replace("://", f"://{user}:{password}@")


def keys(visit: Server) -> list[Key]:
    found = names(visit, None, random.Random(1))
    return [(some.node, some.database, name) for some in found for name in some.names]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://127.0.0.1:1/0", "nobody answers"),
        ("redis://no.such.host.invalid:6379", "no host of that name"),
        ("unix:///no/such/socket", "no socket"),
        ("memcached://127.0.0.1", "no scheme that is known"),
        ("localhost:6379", "no scheme that is known"),
        ("redis+sentinel://127.0.0.1:26379/0", "sentinel"),
        ("redis://127.0.0.1:port", "cannot be read"),
        ("redis://127.0.0.1:1/0?nonsense=1", "nonsense"),
    ],
)
def test_a_wrong_url_is_told_in_one_line(url: str, says: str) -> None:
    assert says in failure(url.replace("://", f"://me:{IN_URL}@", 1)).message


@each_server()
def test_passwords_are_asked_for_and_never_shown(binary: str) -> None:
    with server(binary=binary) as (url, client):
        assert "has no password" in failure(with_user(url, "", IN_URL)).message
        client.config_set("requirepass", SECRET)
        assert "asks for a password" in failure(url).message
        assert "does not accept" in failure(with_user(url, "", "wrong")).message
        with connected(with_user(url, "", IN_URL), [], FAST) as visit:
            assert IN_URL not in visit.facts.address


@each_server()
def test_users_who_may_not_list_names_are_told_what_they_lack(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.execute_command("ACL", "SETUSER", "me", "on", ">pw", "~*", "+@all", "-scan")
        error = failure(with_user(url, "me", "pw"))
        assert "may not run SCAN" in error.message
        client.execute_command("ACL", "SETUSER", "me", "+scan", "-info")
        assert "may not run INFO" in failure(with_user(url, "me", "pw")).message


@each_server()
def test_a_refusal_is_understood_whatever_the_user_is_called(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.execute_command("ACL", "SETUSER", "monkey", "on", ">pw", "~*", "+@all", "-client")
        with connected(with_user(url, "monkey", "pw"), [], FAST) as visit:
            assert visit.facts.refused == ["CLIENT NO-TOUCH"]
            assert not visit.no_touch


@each_server()
def test_the_rights_that_the_hint_names_are_enough(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.set("a", 1)
        client.execute_command("ACL", "SETUSER", "me", "on", ">pw", "-@all")
        hint = failure(with_user(url, "me", "pw")).hint
        rights = hint.partition("<user> ")[2].split()
        if binary.endswith("6.2.16/bin/redis-server"):
            rights = [right.replace("+config|get", "+config") for right in rights]
        client.execute_command("ACL", "SETUSER", "me", *rights)
        with connected(with_user(url, "me", "pw"), [], FAST) as visit:
            assert visit.facts.refused in ([], ["CLIENT NO-TOUCH"])
            assert measure(visit, keys(visit)).rows.size == 1


@each_server()
def test_keys_outside_of_a_users_patterns_are_hidden_and_counted(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.mset({"cache:1": 1, "cache:2": 2, "other": 3})
        client.execute_command("ACL", "SETUSER", "me", "on", ">pw", "~cache:*", "+@all")
        with connected(with_user(url, "me", "pw"), [], FAST) as visit:
            found = measure(visit, keys(visit))
    assert (found.rows.size, found.hidden, found.gone) == (2, 1, 0)


@each_server()
def test_what_is_refused_is_listed_and_left_out(binary: str) -> None:
    with server("--rename-command", "CONFIG", "", binary=binary) as (url, client):
        client.set("a", 1)
        client.execute_command(
            *("ACL", "SETUSER", "me", "on", ">pw", "~*", "+@all", "-object", "-select", "-acl")
        )
        client.select(3)
        client.set("b", 1)
        with connected(with_user(url, "me", "pw"), [], FAST) as visit:
            assert set(visit.facts.refused) - {"CLIENT NO-TOUCH"} == {"CONFIG", "OBJECT"}
            assert visit.facts.policy == "noeviction"
            assert visit.facts.settings == {}
            assert visit.counters().writes is None
            assert visit.facts.databases == {0: 1}
            assert any("database 3" in note for note in visit.facts.notes)
            columns = measure(visit, keys(visit)).columns
            assert np.isfinite(columns.bytes).all()
            assert np.isnan(columns.idle).all()


@each_server()
def test_sizes_are_modelled_where_memory_is_refused(binary: str) -> None:
    with server(binary=binary) as (url, client):
        every_type(client)
        make_idle(client, IDLE)
        client.execute_command("ACL", "SETUSER", "me", "on", ">pw", "~*", "+@all", "-memory")
        mine = with_user(url, "me", "pw")
        with connected(url, [], FAST) as visit:
            no_touch = visit.no_touch
        if not no_touch:
            assert "marks the sampled keys" in failure(mine).message
        with connected(mine, [], FAST, touching=not no_touch) as visit:
            asked = keys(visit)
            found = measure(visit, asked).columns
            assert found.modelled
            assert any("modelled" in note for note in visit.facts.notes)
        truth = [client.memory_usage(name, samples=0) for _, _, name in asked]
        assert found.bytes.sum() == pytest.approx(sum(truth), rel=0.15)
        if no_touch:
            assert min(client.object("idletime", name) for _, _, name in asked) >= IDLE


@pytest.mark.parametrize("size", [40_000, 400_000])
def test_modelled_sizes_bring_few_megabytes_at_a_time(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought: list[int] = []
    ask = Wire.ask

    def noting(wire: Wire, commands: Sequence[Command]) -> list[Reply]:
        before = wire.received
        replies = ask(wire, commands)
        brought.append(wire.received - before)
        return replies

    with server() as (url, client):
        for number in range(24_000_000 // size // 20):
            client.rpush(f"queue:{number}", *[bytes(size)] * 20)
        client.execute_command("ACL", "SETUSER", "me", "on", ">pw", "~*", "+@all", "-memory")
        with connected(with_user(url, "me", "pw"), [], FAST, touching=True) as visit:
            monkeypatch.setattr(Wire, "ask", noting)
            found = measure(visit, keys(visit)).columns
    assert found.bytes == pytest.approx(20 * size, rel=0.02)
    assert max(brought) < 5_000_000


def test_renamed_commands_are_as_good_as_refused() -> None:
    with server("--rename-command", "SCAN", "") as (url, _):
        assert "does not know SCAN" in failure(url).message


def test_a_server_with_its_clients_all_taken_says_so() -> None:
    with server() as (url, client):
        client.config_set("maxclients", 1)
        assert "as many clients as it admits" in failure(url).message


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """Something on loopback that sends ``reply`` to whoever comes, and hangs up."""

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1000)
                connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=[listener])
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no Redis server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no Redis server"),
        (b"", "hung up"),
        (b"-DENIED Redis is running in protected mode because ...\r\n", "protected mode"),
        (b"-LOADING Redis is loading the dataset in memory\r\n" * 5, "still loading"),
    ],
)
def test_what_is_no_server_ready_to_answer_is_told(reply: bytes, says: str) -> None:
    with answering(reply) as url:
        assert says in failure(url).message


@each_server()
def test_tls_is_spoken_and_its_troubles_are_told(binary: str, tmp_path: Path) -> None:
    certificate, key = tls_files(tmp_path)
    port, plain = free_port(), free_port()
    options = ["--tls-port", port, "--port", plain, "--tls-cert-file", certificate]
    options += ["--tls-key-file", key, "--tls-ca-cert-file", certificate]
    try:
        stack = server(*map(str, options), "--tls-auth-clients", "optional", binary=binary)
        _, client = stack.__enter__()
    except DjtuneError:
        pytest.skip("this server was built without TLS")
    try:
        client.set("a", 1)
        secure = f"rediss://localhost:{port}/0"
        assert "not one that this machine trusts" in failure(secure).message
        assert "hung up" in failure(f"redis://localhost:{port}/0").message
        assert (
            "a server without TLS" in failure(f"rediss://localhost:{plain}/0?socket_timeout=1").hint
        )
        with connected(f"{secure}?ssl_ca_certs={certificate}", [], FAST) as visit:
            assert measure(visit, keys(visit)).rows.size == 1
        with connected(f"{secure}?ssl_cert_reqs=CERT_NONE", [], FAST) as visit:
            assert visit.facts.databases == {0: 1}
    finally:
        stack.__exit__(None, None, None)


def test_celerys_spelling_of_a_sockets_url_is_understood() -> None:
    with server(binary=first_server()) as (url, client):
        client.set("a", 1)
        spelled = url.replace("unix://", "redis+socket://") + "?virtual_host=0"
        with connected(spelled, [], FAST) as visit:
            assert visit.facts.databases == {0: 1}


def test_a_replica_tells_sizes_and_no_idle_times(tmp_path: Path) -> None:
    port = free_port()
    fast = ("--repl-diskless-sync-delay", "0")
    with server("--port", str(port), "--bind", "127.0.0.1", *fast) as (_, primary):
        primary.set("a", 1)
        with server("--replicaof", "127.0.0.1", str(port)) as (url, replica):
            until(lambda: replica.dbsize() == 1)
            with connected(url, [], FAST) as visit:
                columns = measure(visit, keys(visit)).columns
                assert any("replica" in note for note in visit.facts.notes)
    assert np.isfinite(columns.bytes).all()
    assert np.isnan(columns.idle).all()
