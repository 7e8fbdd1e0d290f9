"""From one recording of all routes to a flame graph for each: pure functions on plain data.

A stack belongs to the route whose marker is on it (:mod:`djtune.agent.markers`). Two threads may
carry one request's marker at the same moment; the innermost marker says which of them tells what it
does. How long it takes is told by the main thread alone, which every request keeps from its
beginning to its end, so that neither threads side by side nor the way from one to the next bend the
shares.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from msgspec import Struct

from djtune.agent.marks import MARKER_FILE, STANDING_STILL
from djtune.reports.blocks import Flame, FlameFrame, Origin, Segment
from djtune.servers.sampler import Frame, Recording, Stack

INLINE_LEAST, INLINE_FRAMES = 0.005, 400
"""What a graph inside the report shows: frames of at least this share, and so many at most."""
FILE_LEAST, FILE_FRAMES = 0.0005, 5000
"""The same for a graph in a file of its own."""
TOP = 10
"""Functions that are listed with the time in themselves."""
LONGEST_NAME = 80
BETWEEN = "on the way between threads"
"""The box for moments at which one thread had handed a request on and the next had not begun."""

Stacks = Mapping[Stack, float]


class Split(Struct):
    """A recording, route by route."""

    routes: dict[str, dict[Stack, int]]
    """Marker → stacks from below the marker, djtune's own frames taken out."""
    samples: dict[str, int]
    """Marker → moments at which a request of it was served."""
    unmarked: int
    """Samples outside of any request: the replay's own work, and threads that wait for work."""
    standing_still: int
    """Samples of a thread whose request goes on in another one meanwhile."""


class Places(Struct):
    """Folders in the target's file system that say whose code a file is."""

    app: list[str]
    django: list[str]
    libraries: list[str]
    python: list[str]
    djtune: list[str]


class Function(Struct, frozen=True):
    """A function as graphs show it."""

    name: str
    where: str = ""
    """File and first line, from the project's or the library's folder."""
    origin: Origin = "other"


def split(
    recording: Recording, markers: Iterable[str], agent: Sequence[str], *, idle: bool = True
) -> Split:
    """Sort the stacks by their innermost marker.

    ``agent`` names the folders of djtune's own code in the target. Without ``idle`` threads in the
    recording the main thread cannot tell how long requests took: samples are what was seen.
    """
    routes: dict[str, dict[Stack, int]] = {marker: {} for marker in markers}
    samples = dict.fromkeys(routes, 0)
    ours = tuple(agent)
    unmarked = standing_still = 0
    for stack, count in recording.stacks.items():
        marks = _marks(stack)
        if not marks or (marker := Frame.parse(stack[marks[0]]).name) not in routes:
            unmarked += count
            continue
        if Frame.parse(stack[0]).file.rpartition("/")[2] != "threading.py":
            samples[marker] += count
        if Frame.parse(stack[marks[-1]]).name == STANDING_STILL:
            standing_still += count
            continue
        inner = stack[marks[-1] + 1 :]
        shown = tuple(text for text in inner if not Frame.parse(text).file.startswith(ours))
        routes[marker][shown] = routes[marker].get(shown, 0) + count
    for marker, stacks in routes.items():
        seen = sum(stacks.values())
        if not idle:
            samples[marker] = seen
        elif seen < samples[marker]:
            stacks[BETWEEN,] = samples[marker] - seen
    return Split(routes, samples, unmarked, standing_still)


def _marks(stack: Stack) -> list[int]:
    """Where markers are on the stack, the outermost first."""
    return [
        place
        for place, text in enumerate(stack)
        if f"({MARKER_FILE}" in text and Frame.parse(text).file == MARKER_FILE
    ]


class Reader:
    """Reads frames, each text once."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[str, Function] = {}

    def __call__(self, text: str) -> Function:
        """The function of a frame."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = read_function(Frame.parse(text), self._places)
        return known


def read_function(frame: Frame, places: Places) -> Function:
    """Tell whose code a frame is, and shorten its file's name."""
    origin, root = _origin(frame.file, places)
    where = frame.file.removeprefix(root).lstrip("/") if root else frame.file
    if frame.line and where:
        where = f"{where}:{frame.line}"
    return Function(frame.name.replace(".<locals>", ""), where, origin)


_FOUND_IN: tuple[tuple[str, Origin], ...] = (
    ("django", "django"),
    ("libraries", "library"),
    ("app", "app"),
    ("python", "python"),
)
"""The order matters: libraries may lie inside the interpreter's folder, or inside the project's."""


def _origin(file: str, places: Places) -> tuple[Origin, str]:
    """Whose code a file is, and the folder from which it is named."""
    if not file:
        return "other", ""
    if re.search(r"\.(so|dylib|c|cc|cpp|h|rs|pyx)\b", file):
        return "native", str(PurePath(file).parent) if "/" in file else ""
    if file.startswith("<"):
        return "python" if file.startswith("<frozen") else "other", ""
    for name, origin in _FOUND_IN:
        for folder in getattr(places, name):
            if file.startswith(folder + "/"):
                return origin, folder.removesuffix("/django") if origin == "django" else folder
    if "/site-packages/" in file:
        return "library", file.partition("/site-packages/")[0] + "/site-packages"
    return "app", ""


@dataclass(slots=True)
class Node:
    """A box: a function on one path from the root."""

    function: Function
    value: float = 0.0
    own: float = 0.0
    children: dict[Function, "Node"] = field(default_factory=dict)


def grow(name: str, stacks: Stacks, read: Reader) -> Node:
    """The tree of the stacks, folded by function."""
    root = Node(Function(name))
    for stack, count in stacks.items():
        node = root
        node.value += count
        for text in stack:
            function = read(text)
            node = node.children.setdefault(function, Node(function))
            node.value += count
        node.own += count
    return root


def merge(name: str, trees: Mapping[str, Node], weights: Mapping[str, float]) -> Node:
    """One tree of all routes, each scaled so that the routes weigh as ``weights`` says.

    The values of all together are those of the samples; a route without samples is not in it.
    """
    sampled = {key: tree for key, tree in trees.items() if tree.value and weights.get(key, 0) > 0}
    total = sum(tree.value for tree in sampled.values())
    weight = sum(weights[key] for key in sampled)
    root = Node(Function(name))
    for key, tree in sampled.items():
        scale = weights[key] / weight * total / tree.value
        root.children[tree.function] = _scaled(tree, scale)
        root.value += tree.value * scale
    return root


def _scaled(node: Node, scale: float) -> Node:
    children = {function: _scaled(child, scale) for function, child in node.children.items()}
    return Node(node.function, node.value * scale, node.own * scale, children)


def frames(root: Node, *, least: float, most: int) -> list[FlameFrame]:
    """The boxes in order from the root down, the widest child first.

    Boxes below ``least`` of the root are left out, and the narrowest beyond ``most``.
    """
    values = sorted((node.value for node in _walk(root)), reverse=True)
    threshold = least * root.value
    if len(values) > most:
        threshold = max(threshold, values[most])
    found: list[FlameFrame] = []
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        found.append(_frame(node.function, depth, node.value, node.own))
        kept = [child for child in node.children.values() if child.value >= threshold]
        kept.sort(key=lambda child: (child.value, child.function.name))
        waiting += [(child, depth + 1) for child in kept]
    return found


def _frame(function: Function, depth: int, value: float, own: float) -> FlameFrame:
    rounded = round(value, 2), round(own, 2)
    return FlameFrame(function.name, *rounded, depth, function.where, function.origin)


def _walk(root: Node) -> Iterable[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children.values())


def hottest(root: Node) -> list[FlameFrame]:
    """The functions with the most time in themselves, over the whole graph.

    Their ``value`` is the time in and below them, a recursion counted once.
    """
    own: Counter[Function] = Counter()
    total: Counter[Function] = Counter()
    waiting: list[tuple[Node, frozenset[Function]]] = [
        (child, frozenset()) for child in root.children.values()
    ]
    while waiting:
        node, above = waiting.pop()
        own[node.function] += node.own  # type: ignore[assignment]
        if node.function not in above:
            total[node.function] += node.value  # type: ignore[assignment]
            above |= {node.function}
        waiting += [(child, above) for child in node.children.values()]
    ranked = sorted(own.items(), key=lambda item: (-item[1], item[0].name))[:TOP]
    return [_frame(function, 0, total[function], value) for function, value in ranked if value > 0]


def origins(root: Node) -> list[Segment]:
    """Whose code the time was spent in itself, in samples, the most first."""
    own: defaultdict[Origin, float] = defaultdict(float)
    for node in _walk(root):
        own[node.function.origin] += node.own
    ranked = sorted(own.items(), key=lambda item: -item[1])
    return [Segment(origin, value) for origin, value in ranked if value > 0]


def flame(root: Node, *, inline: bool, title: str = "", caption: str = "", file: str = "") -> Flame:
    """The block of a graph; ``inline`` is one inside a report, with less detail."""
    least, most = (INLINE_LEAST, INLINE_FRAMES) if inline else (FILE_LEAST, FILE_FRAMES)
    return Flame(
        frames=frames(root, least=least, most=most),
        top=hottest(root),
        origins=origins(root),
        title=title,
        caption=caption,
        file=file,
    )


def file_names(markers: Iterable[str]) -> dict[str, str]:
    """Marker → the name of its page: ``GET /api/shows/<int:pk>/`` → ``GET-api-shows-pk.html``.

    Names are unlike each other, whatever the case, and unlike ``all.html``.
    """
    taken = {"all"}
    names: dict[str, str] = {}
    for marker in markers:
        stem = _stem(marker)
        name, number = stem, 2
        while name.casefold() in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name.casefold())
        names[marker] = f"{name}.html"
    return names


_PARAMETER = re.compile(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\)[^()]*)*\)|<(?:\w+:)?(\w+)>")


def _stem(marker: str) -> str:
    method, _, path = marker.partition(" ")
    named = _PARAMETER.sub(lambda match: f"-{match[1] or match[2]}-", path)
    words = re.findall(r"[A-Za-z0-9_]+", named) or ["root"]
    return "-".join([re.sub(r"\W", "", method) or "ANY", *words])[:LONGEST_NAME].rstrip("-")
