"""What redis-py, the system and Redis itself say when there is no way in, in words of use."""

import re

from djtune.errors import DjtuneError

_IN_URL = "write them into the URL, percent-encoded: redis://user:password@host:6379/0"
_READ_ONLY = "+@read +@connection +info +memory|usage +object +config|get +cluster|slots ~*"
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"without any password configured",
        "{address} has no password, and the URL has one",
        "take it out of the URL",
    ),
    (
        r"WRONGPASS|invalid (username-password|password)|invalid user",
        "{address} does not accept the user and password of the URL",
        _IN_URL,
    ),
    (r"NOAUTH|Authentication required", "{address} asks for a password", _IN_URL),
    (
        r"DENIED|protected mode",
        "{address} is in protected mode: without a password it answers its own machine alone",
        "run djtune there, or come through a tunnel (ssh -L 6379:localhost:6379 host)",
    ),
    (
        r"NOPERM|no permissions|No permission",
        "{address}: this user may not run {command}",
        "let it read: ACL SETUSER <user> " + _READ_ONLY,
    ),
    (
        r"unknown (sub)?command",
        "{address} does not know {command}: it was renamed or switched off",
        "ask whoever runs the server for a user or a replica that has it",
    ),
    (
        r"LOADING|loading the dataset",
        "{address} is still loading its data",
        "run djtune again when it is done: INFO persistence says loading:0",
    ),
    (
        r"max number of clients",
        "{address} has as many clients as it admits",
        "see CONFIG GET maxclients, and who holds connections: CLIENT LIST",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "the certificate of {address} is not one that this machine trusts",
        "name the authority's: ?ssl_ca_certs=FILE (or, to try, ?ssl_cert_reqs=none)",
    ),
    (
        r"CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|certificate required",
        "{address} wants a certificate of the client",
        "name it in the URL: ?ssl_certfile=FILE&ssl_keyfile=FILE",
    ),
    (
        r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNEXPECTED_EOF|\[SSL",
        "{address} does not answer in TLS",
        "try redis:// in place of rediss://",
    ),
    (
        r"Protocol error|InvalidResponse|HTTP/",
        "what answers at {address} is no Redis server",
        "look at the host and the port",
    ),
    (
        r"[Cc]losed by|closed the connection|[Rr]eset by peer|Broken pipe",
        "{address} hung up before it answered",
        "is it a Redis server? With TLS its URL begins with rediss://",
    ),
    (r"refused", "nobody answers at {address}", "is the server running, and is the port right?"),
    (
        r"Name or service|nodename|getaddrinfo|resolution|No address",
        "there is no host of that name: {address}",
        "look at the spelling, and whether the name is known outside of the container",
    ),
    (r"No such file", "there is no socket at {address}", "see `unixsocket` in redis.conf"),
    (
        r"Permission denied",
        "this system user may not open {address}",
        "see `unixsocketperm` in redis.conf",
    ),
    (
        r"[Tt]imed? ?out|unreachable",
        "{address} does not answer in time",
        "is there a firewall between, or a server without TLS (redis://)? ?socket_timeout=SECONDS"
        " waits longer",
    ),
)


def explained(address: str, said: object, command: str = "its commands") -> DjtuneError:
    """The error for users where ``address`` or a library said ``said`` about ``command``.

    ``address`` has no password; nor has what is said, which never repeats it.
    """
    text = str(said) or type(said).__name__
    for pattern, message, hint in _KNOWN:
        if re.search(pattern, text):
            return DjtuneError(
                message.format(address=address, command=command), hint=hint, detail=text
            )
    first = text.splitlines()[0]
    return DjtuneError(f"{address}: {first}", hint="see `redis-cli -u URL INFO server`")
