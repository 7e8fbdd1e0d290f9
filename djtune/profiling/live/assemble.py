"""From the stacks of a running server to its views: pure functions on plain data."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from msgspec import Struct, field

from djtune.errors import DjtuneError, ExitCode
from djtune.model.entries import Entry
from djtune.profiling.live.places import HANDOVER, Place, Views, is_application, locate
from djtune.profiling.live.result import Counted, Hot, LiveProcess, LiveResult, LiveView
from djtune.profiling.live.shares import share_interval
from djtune.servers.sampler import Frame, Recording

KEPT = 10
"""Functions and lines that are kept of each view."""
GREENLETS = ("gevent/hub.py", "eventlet/hubs/")
ASYNC_HANDLER = "django/core/handlers/asgi.py"
FAILED_SHARE = 0.1


class Window(Struct):
    """A recording of one process, one of several."""

    pid: int
    recording: Recording
    cpu_seconds: float | None = None
    """CPU time that the process used meanwhile; ``None`` where it could not be read."""


class Recorded(Struct):
    """Everything that was recorded; filled window by window, so that an end loses nothing."""

    pid: int
    rate: int
    counted: Counted
    paused: bool = False
    windows: list[Window] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    routes_known: bool = False
    roots: list[str] = field(default_factory=list)
    """Folders that paths are shown from."""
    warnings: list[str] = field(default_factory=list)
    complete: bool = False


class _Seen(Struct):
    """What was counted of one place."""

    place: Place
    windows: Counter[int] = field(default_factory=Counter)
    functions: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: Counter[tuple[str, str]] = field(default_factory=Counter)


class _Tally(Struct):
    """All samples, by where they belong."""

    seen: dict[Place, _Seen] = field(default_factory=dict)
    inside: Counter[int] = field(default_factory=Counter)
    """Samples inside requests, by window."""
    outside: Counter[tuple[str, str]] = field(default_factory=Counter)
    handed_over: int = 0


def assemble(recorded: Recorded) -> LiveResult:
    """Everything that the report says, from everything that was recorded."""
    tally = _count(recorded)
    sizes = [tally.inside[number] for number in range(len(recorded.windows))]
    views = [_view(seen, sizes, recorded.roots) for seen in tally.seen.values()]
    return LiveResult(
        pid=recorded.pid,
        counted=recorded.counted,
        paused=recorded.paused,
        rate=recorded.rate,
        seconds=sum(window.recording.seconds for window in recorded.windows),
        processes=_processes(recorded.windows, sizes),
        views=sorted(views, key=lambda view: -view.samples),
        samples=sum(sizes),
        outside=tally.outside.total(),
        handed_over=tally.handed_over,
        outside_functions=_hot(tally.outside),
        routes_known=recorded.routes_known,
        warnings=[*recorded.warnings, *_warnings(recorded)],
        complete=recorded.complete,
    )


def require_requests(result: LiveResult) -> None:
    """Raise :class:`DjtuneError` where no request was seen: there is nothing to report."""
    if result.samples:
        return
    seen = f"{result.outside} samples, all of threads in no request"
    if result.outside_functions:
        most = result.outside_functions[0]
        seen += f", most of them in {most.name} ({most.where})"
    raise DjtuneError(
        f"no request was seen in {result.seconds:.0f} s: {seen}",
        hint="record while the server answers requests, or for longer (--duration)",
        exit_code=ExitCode.INCOMPLETE,
    )


class Sighting(Struct):
    """One stack, and how often one window saw it."""

    window: int
    count: int
    frames: list[Frame]
    """The root first."""
    place: Place | None
    """``None`` where it is in no request."""
    inside: Sequence[Frame]
    """The frames of the place alone."""


def sightings(recorded: Recorded) -> Iterator[Sighting]:
    """Say of every stack where it belongs."""
    views = Views(recorded.entries)
    for number, window in enumerate(recorded.windows):
        for stack, count in window.recording.stacks.items():
            frames = [Frame.parse(text) for text in stack]
            place, inside = locate(frames, views) or (None, frames)
            yield Sighting(number, count, frames, place, inside)


def _count(recorded: Recorded) -> _Tally:
    tally = _Tally()
    for sighting in sightings(recorded):
        _add(tally, sighting, recorded.roots)
    return tally


def _add(tally: _Tally, sighting: Sighting, roots: Sequence[str]) -> None:
    leaf, count, window = sighting.frames[-1], sighting.count, sighting.window
    function = (leaf.name, shortened(leaf.file, roots))
    if sighting.place is None:
        tally.outside[function] += count
        return
    if sighting.place is HANDOVER:
        tally.handed_over += count
        return
    tally.inside[window] += count
    seen = tally.seen.setdefault(sighting.place, _Seen(sighting.place))
    seen.windows[window] += count
    seen.functions[function] += count
    line = next((one for one in reversed(sighting.inside) if is_application(one.file)), None)
    if line is not None:
        seen.lines[line.name, f"{shortened(line.file, roots)}:{line.line}"] += count


def _view(seen: _Seen, sizes: Sequence[int], roots: Sequence[str]) -> LiveView:
    place = seen.place
    counts = [seen.windows[number] for number in range(len(sizes))]
    return LiveView(
        kind=place.kind,
        view=place.name,
        where=shortened(place.where, roots),
        routes=list(place.routes),
        samples=sum(counts),
        share=share_interval(counts, sizes),
        functions=_hot(seen.functions),
        lines=_hot(seen.lines),
    )


def _hot(counted: Counter[tuple[str, str]]) -> list[Hot]:
    total = counted.total()
    return [
        Hot(name, where, count, count / total) for (name, where), count in counted.most_common(KEPT)
    ]


def shortened(file: str, roots: Sequence[str] = ()) -> str:
    """Return a path as it is shown: from the package on, or from the first root that it is in."""
    path = PurePosixPath(file)
    for marker in ("site-packages", "dist-packages"):
        if marker in path.parts:
            return "/".join(path.parts[path.parts.index(marker) + 1 :])
    for position, part in enumerate(path.parts):
        if part.startswith("python3.") and path.parts[position - 1] in ("lib", "lib64"):
            return "/".join(path.parts[position + 1 :])
    for root in roots:
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return file


def _processes(windows: Sequence[Window], inside: Sequence[int]) -> list[LiveProcess]:
    numbers: dict[int, list[int]] = {}
    for number, window in enumerate(windows):
        numbers.setdefault(window.pid, []).append(number)
    return [
        _process(pid, [windows[n] for n in mine], sum(inside[n] for n in mine))
        for pid, mine in numbers.items()
    ]


def _process(pid: int, windows: Sequence[Window], inside: int) -> LiveProcess:
    recordings = [window.recording for window in windows]
    seconds = sum(recording.seconds for recording in recordings)
    moments = sum(recording.seconds * recording.rate for recording in recordings)
    cpu = [window.cpu_seconds for window in windows if window.cpu_seconds is not None]
    return LiveProcess(
        pid=pid,
        windows=len(windows),
        seconds=seconds,
        samples=sum(recording.samples for recording in recordings),
        requests=inside / moments if moments else 0.0,
        cpu=sum(cpu) / seconds if len(cpu) == len(windows) and seconds else None,
        errors=sum(recording.errors for recording in recordings),
        behind=max(recording.behind for recording in recordings),
    )


def _warnings(recorded: Recorded) -> list[str]:
    """What bends the figures, told from the stacks themselves."""
    recordings = [window.recording for window in recorded.windows]
    files = _files(recordings)
    said = []
    if any(part in file for file in files for part in GREENLETS):
        said.append(
            "greenlets (gevent, eventlet): only the one that runs is seen; their waits are in no"
            " figure"
        )
    if any(ASYNC_HANDLER in file for file in files):
        said.append(
            "the server runs an event loop: a coroutine that awaits is on no stack, so the waits"
            " of async views are in no figure"
        )
    samples = sum(recording.samples for recording in recordings)
    errors = sum(recording.errors for recording in recordings)
    if errors > FAILED_SHARE * (samples + errors):
        said.append(f"{errors} attempts to read the stacks failed, against {samples} that did not")
    behind = max((recording.behind for recording in recordings), default=0.0)
    if behind:
        said.append(f"the sampler was up to {behind:.1f} s late: a lower --rate loses no samples")
    return said


def _files(recordings: Iterable[Recording]) -> set[str]:
    texts = {text for recording in recordings for stack in recording.stacks for text in stack}
    return {Frame.parse(text).file for text in texts}
