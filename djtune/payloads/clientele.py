"""Looks at the clients: their source, a journey of theirs in a browser, their contracts."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path as File

from msgspec import Struct, field

from djtune.payloads.clients import Asked, BrowserRun, Contract, Endpoint, FieldRead, SourceScan
from djtune.payloads.endpoints import Responses, known_as
from djtune.payloads.paths import Path
from djtune.payloads.source.text import SourceText

Route = tuple[str, str]
"""Method and route."""
Resolve = Callable[[Sequence[str]], Mapping[str, str]]
"""Paths of requests → their routes, those that have one."""


class Folder(Struct):
    """A client's source."""

    folder: str
    scan: SourceScan
    ran: int = 0
    """Files that the journey's pages loaded: it tells more of them than their text."""

    @property
    def left(self) -> int:
        """Files that the scan speaks for."""
        return sum(self.scan.files.values()) - self.ran


class Clientele(Struct):
    """What is known of the clients; filled step by step."""

    folders: list[Folder] = field(default_factory=list)
    script: str = ""
    """The journey's file; empty where none is made."""
    run: BrowserRun | None = None
    scripts: SourceScan = field(default_factory=SourceScan)
    """What the scripts of the journey's pages name."""
    texts: dict[str, SourceText] = field(default_factory=dict)
    """Address → text of these scripts, to find places in."""
    asked: dict[Route, list[Asked]] = field(default_factory=dict)
    reads: dict[Route, dict[Path, FieldRead]] = field(default_factory=dict)
    tried: dict[Route, set[Path]] = field(default_factory=dict)
    """Fields without which the journey was made again."""
    visible: dict[Route, set[Path]] = field(default_factory=dict)
    """Those of them whose absence the user sees."""
    page_loads: int = 0
    unstable: list[str] = field(default_factory=list)
    """What differs between two journeys with every field there: nothing was told from it."""
    untried: str = ""
    """Why the proposed fields could not be confirmed."""
    contracts: dict[Route, list[Contract]] = field(default_factory=dict)
    unrouted: list[str] = field(default_factory=list)
    """Addresses of contracts and journeys that are no route of the app."""
    failures: list[str] = field(default_factory=list)


def scan_folders(
    folders: Sequence[File], into: Clientele, advance: Callable[[float], None]
) -> None:
    """Scan clients' source; raises :class:`DjtuneError` where there is none in a folder.

    ``advance`` is told the part of a folder that was scanned since the last time.
    """
    from djtune.payloads.source.scan import scan_folder

    for folder in folders:
        scan = scan_folder(folder, lambda _, of: advance(1 / of))
        into.folders.append(Folder(str(folder), scan))


def take_run(
    run: BrowserRun,
    into: Clientele,
    responses: Mapping[Route, Responses],
    resolve: Resolve,
) -> None:
    """Sort what a journey did by route, and scan the scripts that its pages loaded."""
    from djtune.payloads.source.scan import merge, scan_text

    into.run = run
    routes = resolve(sorted({each.path for each in run.asked} | {each.path for each in run.reads}))
    for asked in run.asked:
        if asked.path in routes:
            into.asked.setdefault((asked.method, routes[asked.path]), []).append(asked)
        else:
            into.unrouted.append(f"{asked.method} {asked.path}")
    for read in run.reads:
        if read.path in routes:
            route = (read.method, routes[read.path])
            maps = responses[route].maps if route in responses else set()
            _add(into.reads.setdefault(route, {}), known_as(read.json_path, maps), read)
    for address, text in run.scripts.items():
        into.texts[address] = SourceText(address, text)
        merge(into.scripts, scan_text(text, "javascript", address))
    _leave_out_scripts_that_ran(into)


def _add(reads: dict[Path, FieldRead], path: Path, read: FieldRead) -> None:
    known = reads.get(path)
    if known is None:
        reads[path] = FieldRead(read.method, read.path, path)
        known = reads[path]
    known.picked += read.picked
    known.enumerated += read.enumerated
    known.steps += [step for step in read.steps if step not in known.steps]
    known.sites += [site for site in read.sites if site not in known.sites]


def _leave_out_scripts_that_ran(into: Clientele) -> None:
    """Of files that a page has loaded the journey tells more than their text does."""
    for folder in into.folders:
        folder.ran = len(folder.scan.digests & into.scripts.digests)
        names = folder.scan.names
        files = {named.place.file for found in names.values() for named in found}
        ran = {
            file for file in files if _digest(File(folder.folder) / file) in into.scripts.digests
        }
        folder.scan.names = {
            name: [named for named in found if named.place.file not in ran]
            for name, found in names.items()
        }
        folder.scan.composed = [one for one in folder.scan.composed if one.place.file not in ran]


def _digest(file: File) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def take_contracts(
    contracts: Sequence[Contract], into: Clientele, routes: Collection[Route], resolve: Resolve
) -> None:
    """Sort contracts by the route that they are about."""
    templates = {template_of(route): route for _, route in routes}
    resolved = resolve(sorted({each.path for each in contracts}))
    for contract in contracts:
        route = templates.get(template_of(contract.path)) or resolved.get(contract.path)
        if route is None:
            into.unrouted.append(f"{contract.method} {contract.path}")
        else:
            into.contracts.setdefault((contract.method, route), []).append(contract)


def template_of(route: str) -> str:
    """A route or an OpenAPI path with ``{}`` for each of its parameters."""
    plain = re.sub(r"<[^>]*>|\{[^}]*\}", "{}", route)
    return "/" + plain.strip("/^$")


def endpoints(
    paths: Mapping[Route, Collection[Path]], asked: Mapping[Route, Sequence[Asked]]
) -> dict[Endpoint, list[Path]]:
    """The proposed fields by what a browser asks for, of the routes that it asked for."""
    found: dict[Endpoint, list[Path]] = {}
    for route, fields in paths.items():
        seen = sorted({each.path for each in asked.get(route, ())})
        if seen and fields:
            pattern = "|".join(map(re.escape, seen))
            found[Endpoint(route[0], pattern)] = sorted(fields)
    return found


def take_ablation(
    proposed: Mapping[Route, Collection[Path]],
    visible: Mapping[Endpoint, Collection[Path]],
    into: Clientele,
) -> None:
    """Keep what the journey without the ``proposed`` fields showed."""
    patterns: dict[tuple[str, str], Collection[Path]] = defaultdict(list)
    for endpoint, fields in visible.items():
        patterns[endpoint.method, endpoint.pattern] = fields
    for route, fields in proposed.items():
        for endpoint in endpoints({route: fields}, into.asked):
            into.tried[route] = set(fields)
            into.visible[route] = set(patterns[endpoint.method, endpoint.pattern])
