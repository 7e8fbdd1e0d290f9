"""Joins what every source says of every field of an endpoint."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field

from djtune.payloads.clientele import Clientele, Folder, Route
from djtune.payloads.clients import Named, SourceScan
from djtune.payloads.endpoints import Responses
from djtune.payloads.evidence import browser, contracts, source, values
from djtune.payloads.evidence.verdicts import verdict
from djtune.payloads.paths import ANY, EACH, Path, is_below, text_of, topmost
from djtune.payloads.result import Evidence, Verdict
from djtune.payloads.source.addresses import mentions
from djtune.payloads.source.spelling import named
from djtune.payloads.values import ValueFact


class Judged(Struct):
    """One field with all that is known of its use."""

    path: Path
    evidence: list[Evidence] = field(default_factory=list)
    verdict: Verdict = "unknown"
    in_passing: bool = False
    """A journey read it only together with all others: worth a try without it."""


def judge(
    route: Route, responses: Responses, facts: Sequence[ValueFact], clients: Clientele
) -> dict[Path, Judged]:
    """Every field of an endpoint with its evidence and what that comes to."""
    mentioned = [route in clients.asked or mentions(f.scan, route[1]) for f in clients.folders]
    by_path: dict[Path, list[ValueFact]] = {}
    for fact in facts:
        by_path.setdefault(fact.path, []).append(fact)
    perhaps_data = _perhaps_data(responses.nodes)
    executed = _executed(clients)
    judged = {}
    for path in responses.fields():
        made = Judged(path)
        made.evidence += _at_run_time(route, path, clients, executed, made)
        made.evidence += _in_source(path, perhaps_data, clients, mentioned)
        made.evidence += contracts.evidence(path, clients.contracts.get(route, ()))
        made.evidence += values.evidence(responses.nodes[path], by_path.get(path, ()))
        made.evidence += _without(route, path, clients)
        made.verdict = verdict(made.evidence)
        judged[path] = made
    return judged


def _at_run_time(
    route: Route, path: Path, clients: Clientele, executed: browser.Executed, made: Judged
) -> Iterator[Evidence]:
    asked = clients.asked.get(route, ())
    if clients.run is None or not asked:
        return
    steps = clients.run.steps
    if not any(each.watched for each in asked):
        yield Evidence("browser", "says nothing", "its reads could not be recorded")
        return
    reads = clients.reads.get(route, {})
    seen = browser.evidence(path, reads, steps, present=_present(path, reads))
    yield seen
    if seen.stance in ("unused", "says nothing"):
        made.in_passing = seen.stance == "says nothing"
        yield browser.named_in_scripts(_named(clients.scripts, path), executed)


def _present(path: Path, reads: Mapping[Path, object]) -> bool:
    return any(at == path or is_below(at, path) for at in reads)


def _executed(clients: Clientele) -> browser.Executed:
    """Whether the code at a place ran and read, by the browser's own coverage.

    Code that may run without reading has read only where the journey's reads say so.
    """
    reads = (read for found in clients.reads.values() for read in found.values())
    sites = {(site.file, site.line, site.column) for read in reads for site in read.sites}

    def executed(named: Named) -> bool:
        place = named.place
        text = clients.texts.get(place.file)
        if text is None or clients.run is None:
            return False
        if named.perhaps and (place.file, place.line, place.column) not in sites:
            return False
        at, state = text.offset(place), False
        for begin, end, ran in clients.run.ran.get(place.file, ()):
            if begin <= at < end:
                state = ran
        return state

    return executed


def _named(scan: SourceScan, path: Path) -> list[Named]:
    return named(scan, browser.name_of(path))


def _in_source(
    path: Path, perhaps_data: Collection[Path], clients: Clientele, mentioned: Sequence[bool]
) -> Iterator[Evidence]:
    holders = [holder for holder in _holders(path) if holder not in perhaps_data]
    for folder, asks in zip(clients.folders, mentioned, strict=True):
        if folder.left:
            coverage = _coverage(folder)
            names = _named(folder.scan, path)
            unnamed = (holder for holder in holders if not _named(folder.scan, holder))
            if asks and (holder := next(unnamed, None)):
                text = f"{text_of(holder)}, which holds it, is named nowhere"
                yield Evidence("client source", "unused", text, coverage)
            elif asks and not names and path in perhaps_data:
                text = "named nowhere, but its key may be data: all beside it are made alike"
                yield Evidence("client source", "says nothing", text, coverage)
            else:
                elsewhere = any(mentioned)
                yield source.evidence(names, coverage, mentioned=asks, elsewhere=elsewhere)


def _holders(path: Path) -> list[Path]:
    """The fields around ``path``, the outermost first: nothing leads inside of an unnamed one."""
    return [path[:end] for end in range(1, len(path)) if path[end - 1] not in (EACH, ANY)]


def _perhaps_data(nodes: Collection[Path]) -> set[Path]:
    """The keys that are perhaps those of a small map, which a client goes through unnamed.

    So are keys that hold fields where all beside them hold the same ones.
    """
    below: dict[Path, set[Path]] = {path: set() for path in nodes}
    beside: dict[Path, list[Path]] = {path: [] for path in nodes}
    for path in nodes:
        if path:
            beside[path[:-1]].append(path)
        for end in range(1, len(path)):
            below[path[:end]].add(path[end:])
    return {
        path
        for paths in beside.values()
        for path in paths
        if below[path] and all(below[other] == below[path] for other in paths)
    }


def _coverage(folder: Folder) -> str:
    """How much of a client was looked at, and where it could mean any field."""
    files = f"{folder.folder}: {folder.left:,} {'file' if folder.left == 1 else 'files'}"
    files += " besides the scripts that ran" if folder.ran else ""
    blind = len(folder.scan.blind)
    keys = "computed key" if blind == 1 else "computed keys"
    unread = len(folder.scan.unreadable)
    told = [files, *([f"{blind:,} {keys}"] if blind else [])]
    return ", ".join([*told, *([f"{unread:,} not readable"] if unread else [])])


def _without(route: Route, path: Path, clients: Clientele) -> Iterator[Evidence]:
    """What the journey showed that was made without some fields."""
    tried = clients.tried.get(route, set())
    if not any(path == each or is_below(path, each) for each in tried):
        return
    visible = clients.visible.get(route, set())
    if any(path == each or is_below(path, each) or is_below(each, path) for each in visible):
        yield Evidence("ablation", "used", "the page differs without it")
    elif clients.unstable:
        text = "the journey looks the same without it, as far as two with it look the same"
        yield Evidence("ablation", "says nothing", text)
    else:
        yield Evidence("ablation", "unused", "the journey looks the same without it")


def candidates(judged: Mapping[Path, Judged]) -> list[Path]:
    """The fields worth a journey without them: unused, or read in passing alone."""
    chosen = {path for path, each in judged.items() if each.verdict == "unused" or _worth(each)}
    return _whole(judged, chosen)


def proposed(judged: Mapping[Path, Judged]) -> list[Path]:
    """The fields to drop by all evidence."""
    return _whole(judged, {path for path, each in judged.items() if each.verdict == "unused"})


def _worth(judged: Judged) -> bool:
    """Read in passing, and nothing else speaks for it: the journey without it will tell."""
    stances = {each.stance for each in judged.evidence}
    return judged.in_passing and not stances & {"used", "perhaps used", "not observable"}


def _whole(judged: Collection[Path], chosen: Collection[Path]) -> list[Path]:
    """The topmost of the ``chosen`` fields; what holds others goes only if all of these do."""
    whole = [
        path for path in chosen if all(below in chosen for below in judged if is_below(below, path))
    ]
    return topmost(whole)
