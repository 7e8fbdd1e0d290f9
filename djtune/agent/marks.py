"""How marker frames are called; see :mod:`.markers` for what they are."""

MARKER_FILE = "<djtune>"
"""What a marker's frame has for a file."""
STANDING_STILL = "standing still"
"""The marker of a thread in which a request waits for itself in another one."""


def marker_name(method: str, route: str) -> str:
    """``GET /api/shows/``; without what separates the frames in collapsed stacks."""
    path = "/" + route.removeprefix("^").removesuffix("$").lstrip("/")
    return f"{method} {' '.join(path.split())}".replace(";", ",")
