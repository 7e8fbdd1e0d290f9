"""Does a log give its weights back, and how fast? A million lines that gunicorn wrote.

Serves the sample site with gunicorn, asks it for a known mix, and repeats the log that gunicorn
wrote (in the format that djtune recommends) to a million lines. ``djtune workload from-log`` must
then give exactly the known counts for every method, route and status. The reading alone is timed
on the same lines, and on the same requests as JSON, in CPU time: a busy machine disturbs it least.

Needs the ``site`` extra. Run it from the repository::

    python -m benchmarks.logs [--lines 1000000] [--asked 3000]
"""

import argparse
import json
import os
import random
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import repeat
from pathlib import Path

from djtune.servers.tether import tethered
from djtune.workloads.logs.findings import GUNICORN_FORMAT
from djtune.workloads.logs.reading import Asked, read
from djtune.workloads.logs.traffic import Traffic
from sample_site import ROOT

Counts = Counter[tuple[str, str, int]]
DJTUNE = [sys.executable, "-m", "djtune.cli"]
MIX = {
    ("GET", "/api/health/"): ("api/health/", 200, 30),
    ("GET", "/"): ("", 200, 4),
    ("HEAD", "/"): ("", 200, 1),
    ("GET", "/hls/eins-1/playlist.m3u8"): ("hls/<slug:channel>/playlist.m3u8", 200, 25),
    ("GET", "/hls/arena-1/playlist.m3u8"): ("hls/<slug:channel>/playlist.m3u8", 200, 20),
    ("GET", "/hls/nobody/playlist.m3u8"): ("hls/<slug:channel>/playlist.m3u8", 404, 2),
    ("GET", "/api/epg/"): ("api/epg/", 401, 8),
    ("POST", "/api/auth/"): ("api/auth/", 400, 2),
    ("GET", "/old/guide/"): ("old/guide/", 301, 3),
    ("GET", "/web/shows/"): ("web/shows/", 200, 5),
}
"""Method and path → route, status, weight."""
FILLER = "api/health/"
"""The route whose line fills the log up to the number that was asked for."""
NO_ROUTE = ("/wp-login.php", "/.env")


def main() -> None:
    """Print whether the weights are exact, and how fast the reading was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=3000, help="requests that gunicorn serves")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "access.log"
        served, unknown = serve(folder, log, options.asked)
        repeated = folder / "million.log"
        counts, lost = repeat_log(log, repeated, options.lines, served, unknown)
        check(folder, repeated, counts, lost)
        as_json = folder / "million.jsonl"
        to_json(repeated, as_json)
        print(f"\n{'reading alone':24} {'MB':>6} {'CPU s':>6} {'MB/CPU s':>9} {'s for 1 GB':>11}")
        for file in (repeated, as_json):
            speed(file)


def serve(folder: Path, log: Path, asked: int) -> tuple[list[tuple[str, str, int]], int]:
    """Ask gunicorn; what it was asked for in order, and how often it had no route."""
    env = {**os.environ, "SITE_DATA": str(folder), "PYTHONPATH": str(ROOT.parent)}
    subprocess.run([*DJTUNE, "site", "seed", "--data", str(folder)], check=True, env=env)
    arguments = ["--access-logfile", str(log), "--access-logformat", GUNICORN_FORMAT]
    draw = random.Random(1)
    chosen = draw.choices(list(MIX), [weight for *_, weight in MIX.values()], k=asked)
    chosen += [("GET", path) for path in NO_ROUTE]
    draw.shuffle(chosen)
    with site(env | {"GUNICORN_CMD_ARGS": shlex.join(arguments)}) as port:
        while "/api/health/" not in log.read_text():
            time.sleep(0.05)
        log.write_text("")  # what was asked until it was ready does not count
        for method, path in chosen:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(method, f"{path}?n={draw.randrange(10**6)}")
            connection.getresponse().read()
            connection.close()
    known = [(method, *MIX[method, path][:2]) for method, path in chosen if path not in NO_ROUTE]
    return known, len(NO_ROUTE)


@contextmanager
def site(env: dict[str, str]) -> Iterator[int]:
    """``djtune site run`` on a free port."""
    command = [*DJTUNE, "site", "run", "--port", "0", "--workers", "1"]
    with (
        tempfile.TemporaryFile() as said,
        tethered([*command, "--data", env["SITE_DATA"]], env=env, stderr=said) as server,
    ):
        while not (found := re.search(rb"http://127\.0\.0\.1:(\d+)/ ", _content(said.fileno()))):
            if server.poll() is not None:
                raise SystemExit(_content(said.fileno()).decode())
            time.sleep(0.1)
        yield int(found[1])


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, 1 << 16, 0)


def repeat_log(
    log: Path, to: Path, lines: int, served: list[tuple[str, str, int]], unknown: int
) -> tuple[Counts, int]:
    """Write the log's lines over and over; how many there are of each, by what was asked for."""
    written = log.read_text().splitlines(keepends=True)
    assert len(written) == len(served) + unknown, "gunicorn wrote another number of lines"
    routed = [line for line in written if not any(path in line for path in NO_ROUTE)]
    (filler,) = {key for key in served if key[1] == FILLER}
    filling = next(line for line in routed if f"/{FILLER}" in line)
    times, rest = divmod(lines - unknown, len(served))
    with to.open("w") as file:
        file.writelines(line for line in written if line not in set(routed))
        for _ in range(times):
            file.writelines(routed)
        file.writelines(repeat(filling, rest))
    counts = Counts({key: n * times for key, n in Counter(served).items()})
    counts[filler] += rest
    return counts, unknown


def check(folder: Path, log: Path, counts: Counts, unknown: int) -> None:
    """Hold the result of the command against what is known."""
    command = [*DJTUNE, "workload", "from-log", str(log), "--output", str(folder / "peak.yaml")]
    env = {**os.environ, "SITE_DATA": str(folder), "PYTHONPATH": str(ROOT.parent)}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [*command, "--format", "json"], cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True
    )
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(done.stdout)
    found = {
        (one["method"], one["route"], int(status)): n
        for one in result["routes"]
        for status, n in one["observed"]["statuses"].items()
    }
    print(f"{'method and route':44} {'status':>6} {'asked':>9} {'found':>9}")
    for key in sorted(counts.keys() | found.keys()):
        method, route, status = key
        print(f"{method + ' /' + route:44} {status:6} {counts[key]:9,} {found.get(key, 0):9,}")
    print(f"{'no route':44} {'':6} {unknown:9,} {result['others']['unknown']:9,}")
    exact = found == counts and result["others"]["unknown"] == unknown
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"\n{'exact' if exact else 'NOT EXACT'}: {result['requests']:,} lines, "
        f"{log.stat().st_size / 1e6:.0f} MB, the whole command {wall:.1f} s, {cpu:.1f} s of CPU, "
        f"{after.ru_maxrss / 1024:.0f} MB at most"
    )
    if not exact:
        raise SystemExit(1)


_LINE = re.compile(
    r'(\S+) \S+ \S+ \[([^]]+)\] "([^"]*)" (\d+) (\d+) "([^"]*)" "([^"]*)" ([\d.]+)\n'
)


def to_json(log: Path, to: Path) -> None:
    """The same requests as nginx writes them with ``escape=json``."""
    keys = "remote_addr time_local request status body_bytes_sent http_referer http_user_agent"
    with log.open() as lines, to.open("w") as file:
        for line in lines:
            match = _LINE.fullmatch(line)
            assert match is not None
            fields = dict(zip([*keys.split(), "request_time"], match.groups(), strict=True))
            file.write(json.dumps(fields) + "\n")


def speed(log: Path) -> None:
    """Read and count, paths looked up in a dict."""
    routes = {path: route for (_, path), (route, *_) in MIX.items()}
    traffic = Traffic(lambda paths: [("route", routes.get(path, "none")) for path in paths])
    begun = time.process_time()
    for batch in read([str(log)], Asked(), [], lambda _: None):
        traffic.add(batch)
    seconds, size = time.process_time() - begun, log.stat().st_size / 1e6
    rates = f"{size / seconds:9.0f} {1000 * seconds / size:11.0f}"
    print(f"{log.name:24} {size:6.0f} {seconds:6.1f} {rates}")


if __name__ == "__main__":
    main()
