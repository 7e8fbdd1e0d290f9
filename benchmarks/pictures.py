"""The pictures in the README and docs, made from a real run.

Needs headless Chromium on PATH. Run it from the repository::

    djtune profile --workload sample_site/workload.yaml --format json --output result.json
    python -m benchmarks.pictures result.json

In ``sample_site/``, where the journey is::

    djtune payload-audit --workload workload.yaml --browser journey.py \\
        --format json --output audit.json
    python -m benchmarks.pictures --payloads audit.json

And for Redis, with a server of its own::

    python -m benchmarks.pictures --redis
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

import msgspec
import redis
from msgspec.structs import replace
from rich.console import Console
from rich.terminal_theme import MONOKAI

from benchmarks.redis_data import load
from djtune import __version__
from djtune.payloads.present import present as present_audit
from djtune.payloads.present_treemap import treemap
from djtune.payloads.result import PayloadAuditResult
from djtune.profiling.present import present
from djtune.profiling.result import ProfileResult
from djtune.redis_memory.present import present as present_visit
from djtune.redis_memory.result import RedisSizeResult
from djtune.reports.blocks import Block, Finding, Heading, Report
from djtune.reports.html import render_html
from djtune.reports.terminal import render_terminal
from djtune.servers.redis import redis_server

IMAGES = Path(__file__).parent.parent / "docs" / "images"
COLUMNS = 132
SECTIONS = 2
"""How many of the report's sections the terminal's picture shows."""


def main() -> None:
    """Write docs/images/profile-*.png and payload-audit.png, for the results given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path, nargs="?", help="of djtune profile --format json")
    parser.add_argument("--payloads", type=Path, help="of djtune payload-audit --format json")
    parser.add_argument("--redis", action="store_true", help="visit a server made for it")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no chromium on PATH")
    IMAGES.mkdir(exist_ok=True)
    if options.payloads is not None:
        audit = msgspec.json.decode(options.payloads.read_bytes(), type=PayloadAuditResult)
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "audit.html"
            page.write_text(render_html(about_fields(audit), version=__version__))
            shoot(chromium, page, "payload-audit.png", 1100, 1560)
    if options.redis:
        redis_picture(chromium)
    if options.result is not None:
        profile_pictures(chromium, options.result)


def redis_picture(chromium: str) -> None:
    """The picture of a visit to a server with a hundred thousand keys of nine kinds."""
    with redis_server("--maxmemory", "200mb", "--maxmemory-policy", "allkeys-lru") as url:
        with redis.Redis.from_url(url) as client:
            load(client, 0.1)
        command = [sys.executable, "-m", "djtune.cli", "redis-size", url, "--time-budget", "5"]
        done = subprocess.run(
            [*command, "--format", "json"], check=True, capture_output=True, timeout=120
        )
    result = msgspec.json.decode(done.stdout, type=RedisSizeResult)
    for server in result.servers:
        server.address = "redis://cache.internal:6379"
        server.findings = [replace(server.findings[0], where=server.address)]
        server.idle = None
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "redis.html"
        page.write_text(render_html(present_visit(result), version=__version__))
        shoot(chromium, page, "redis-size.png", 1320, 2150)


def profile_pictures(chromium: str, file: Path) -> None:
    """The pictures of a profile."""
    result = msgspec.json.decode(file.read_bytes(), type=ProfileResult)
    report = present(result)
    svg = terminal_svg(first_sections(report))
    height = int(svg.split('viewBox="0 0 ')[1].split('"')[0].split()[1].partition(".")[0])
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "terminal.html"
        page.write_text(f"<body style='margin:0'>{svg.replace('<svg ', '<svg width=1600 ', 1)}")
        width = float(svg.split('viewBox="0 0 ')[1].split()[0])
        shoot(chromium, page, "profile-terminal.png", 1600, int(1600 * height / width) + 4)
        page = Path(folder) / "report.html"
        page.write_text(render_html(report, version=__version__))
        shoot(chromium, page, "profile-report.png", 1500, 1500)
        page = Path(folder) / "findings.html"
        page.write_text(render_html(about_queries(report), version=__version__))
        shoot(chromium, page, "profile-findings.png", 1100, 960)


def first_sections(report: Report) -> Report:
    """The report up to the end of its first sections."""
    starts = [i for i, block in enumerate(report.blocks) if isinstance(block, Heading)]
    end = starts[SECTIONS] if len(starts) > SECTIONS else len(report.blocks)
    return msgspec.structs.replace(report, blocks=report.blocks[:end])


def about_queries(report: Report) -> Report:
    """The dearest N+1 and the dearest relations that are loaded one by one."""
    found = [block for block in report.blocks if isinstance(block, Finding)]
    kinds = ("N+1: ", "profile, ")
    shown: list[Block] = [next(f for f in found if f.title.startswith(kind)) for kind in kinds]
    return Report("Where the queries come from", shown, "two findings of djtune profile")


def about_fields(audit: PayloadAuditResult) -> Report:
    """The endpoint with the most bytes: what to drop of it, and where its bytes are."""
    largest = audit.endpoints[0]
    name = f"{largest.method} /{largest.route}"
    report = present_audit(audit)
    findings = [block for block in report.blocks if isinstance(block, Finding)]
    shown: list[Block] = [next(each for each in findings if each.title.startswith(name))]
    shown += [Heading("Where the bytes are", level=2), *treemap(largest)]
    return Report("What responses hold, and who uses it", shown, "of djtune payload-audit")


def terminal_svg(report: Report) -> str:
    """The report as a terminal of :data:`COLUMNS` columns shows it."""
    console = Console(
        record=True, width=COLUMNS, force_terminal=True, color_system="truecolor", file=StringIO()
    )
    render_terminal(report, console)
    return console.export_svg(title="djtune profile", theme=MONOKAI)


def shoot(chromium: str, page: Path, name: str, width: int, height: int) -> None:
    """Take a picture of a page."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--screenshot={IMAGES / name}",
                f"--window-size={width},{height}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


if __name__ == "__main__":
    main()
