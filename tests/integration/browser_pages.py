"""Pages for a browser: what each does with its rows, and a project that serves them."""

import sys
from pathlib import Path

from helpers import PROJECTS

from djtune.model.app import App

PRELUDE = """
const NAME = import.meta.url.match(/([^/]+)[.]js$/)[1];
const ROWS = `/api/rows/${NAME}/`;
function show(...texts) {
  const list = document.createElement("ul");
  for (const text of texts) {
    const item = document.createElement("li");
    item.textContent = text;
    list.append(item);
  }
  document.body.append(list);
}
const line = (row) => `${row.title} on ${row.channel.name}`;
const done = () => { document.body.id = "done"; };
const load = async () => (await fetch(ROWS)).json();
"""
USED = {"rows", "rows[].title", "rows[].channel", "rows[].channel.name"}
EVERY = {
    *("rows", "next", "rows[].id", "rows[].title", "rows[].start", "rows[].live", "rows[].channel"),
    *("rows[].channel.name", "rows[].channel.logo", "rows[].secret", "rows[].end"),
}

EXACT = {
    "json": "const { rows } = await load(); show(...rows.map(line));",
    "text": """
        const { rows } = JSON.parse(await (await fetch(ROWS)).text());
        show(...rows.map(line));""",
    "bytes": """
        const bytes = await (await fetch(ROWS)).arrayBuffer();
        const { rows } = JSON.parse(new TextDecoder().decode(bytes));
        show(...rows.map(line));""",
    "reader": """
        const reader = (await fetch(ROWS)).body.getReader();
        const chunks = [];
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          chunks.push(part.value);
        }
        const { rows } = JSON.parse(await new Blob(chunks).text());
        show(...rows.map(line));""",
    "cloned-response": """
        const response = await fetch(ROWS);
        await response.clone().text();
        show(...(await response.json()).rows.map(line));""",
    "xhr-json": """
        const rows = await new Promise((resolve) => {
          const request = new XMLHttpRequest();
          request.open("GET", ROWS);
          request.responseType = "json";
          request.onload = () => resolve(request.response.rows);
          request.send();
        });
        show(...rows.map(line));""",
    "xhr-text": """
        const request = new XMLHttpRequest();
        request.open("GET", ROWS, false);
        request.send();
        show(...JSON.parse(request.responseText).rows.map(line));""",
    "destructured": """
        const { rows } = await load();
        show(...rows.map(({ title, channel: { name } }) => `${title} on ${name}`));""",
    "sorted": """
        const { rows } = await load();
        rows.sort((one, other) => other.title.localeCompare(one.title));
        show(...rows.filter((row) => row.title !== "Film 2").map(line));""",
    "frozen": """
        const freeze = (value) => {
          if (value !== null && typeof value === "object") Object.values(value).forEach(freeze);
          return Object.freeze(value);
        };
        const store = freeze(await load());
        show(...store.rows.map(line));
        try { store.rows[0].title = "changed"; } catch (error) { show(error.name); }
        show(line(store.rows[0]));""",
    "assigned": """
        const { rows } = await load();
        for (const row of rows) row.title = row.title.toUpperCase();
        show(...rows.map(line), JSON.stringify(Object.keys(rows[0])));""",
    # What React's development builds do on each render with the props before and after.
    "deep-diff": """
        function diff(before, after, depth = 0) {
          const told = [];
          for (const key in after) {
            const was = before[key];
            const is = after[key];
            const nested = is !== null && typeof is === "object" && typeof was === "object";
            if (nested) told.push(...diff(was, is, depth + 1));
            else if (was !== is) told.push(key);
          }
          return told;
        }
        const first = await load();
        show(...first.rows.map(line));
        const second = await load();
        window.changes = diff(first, second);
        show(...second.rows.map(line));""",
    # What TanStack Query does on each refetch: what is equal keeps its identity.
    "structural-sharing": """
        function share(before, after) {
          if (before === after) return before;
          if (typeof before !== "object" || typeof after !== "object" || !before || !after) {
            return after;
          }
          const copy = Array.isArray(after) ? [] : {};
          let equal = 0;
          const keys = Object.keys(after);
          for (const key of keys) {
            copy[key] = share(before[key], after[key]);
            if (copy[key] === before[key]) equal += 1;
          }
          return equal === keys.length ? before : copy;
        }
        const first = await load();
        show(...first.rows.map(line));
        const kept = share(first, await load());
        if (kept !== first) throw new Error("not shared");
        show(...kept.rows.map(line));""",
    "backwards": """
        const equal = (one, other) => {
          const keys = Object.keys(one);
          for (let at = keys.length; at-- > 0;) {
            const [was, is] = [one[keys[at]], other[keys[at]]];
            if (typeof was === "object" && was ? !equal(was, is) : was !== is) return false;
          }
          return true;
        };
        const first = await load();
        show(...first.rows.map(line), equal(first, await load()));""",
    "stringified": """
        const first = await load();
        localStorage.setItem("rows", JSON.stringify(first));
        show(...first.rows.map(line));""",
}
HIDDEN = {
    "spread": """
        const copies = (await load()).rows.map((row) => ({ ...row, seen: true }));
        show(...copies.map((row) => row.title));""",
    "structured-clone": """
        const { rows } = structuredClone(await load());
        show(...rows.map(line));""",
    "assign": """
        const copies = (await load()).rows.map((row) => Object.assign({}, row));
        show(...copies.map((row) => row.title));""",
}
HIDDEN["looked-up"] = """
        const { rows } = await load();
        const find = (id) => rows.find((row) => row.id === id);
        const wanted = Array.from({ length: 30 }, (_, nth) => find(nth % 5));
        const copies = rows.map((row) => ({ ...row }));
        show(...copies.map((row) => row.title), wanted.length);"""
UNWATCHED = {
    "worker": """
        const code = `fetch("${location.origin}${ROWS}").then((r) => r.json()).then(postMessage)`;
        const worker = new Worker(URL.createObjectURL(new Blob([code])));
        const { rows } = await new Promise((resolve) => {
          worker.onmessage = (event) => resolve(event.data);
        });
        show(...rows.map(line));""",
    "piped": """
        const stream = (await fetch(ROWS)).body.pipeThrough(new TextDecoderStream());
        let text = "";
        for await (const chunk of stream) text += chunk;
        show(...JSON.parse(text).rows.map(line));""",
    "matched": """
        const text = await (await fetch(ROWS)).text();
        show(...text.match(/Film [0-9]/g));""",
}
PAGES = EXACT | HIDDEN | UNWATCHED

JOURNEY = """
NAMES = {names!r}

def journey(page, step):
    for name in NAMES:
        with step(name):
            page.goto(f"/page/{{name}}/")
            page.locator("#done").wait_for(state="attached")
"""


def app_of(folder: Path, **env: str) -> App:
    return App(
        directory=str(PROJECTS / "pages"),
        settings="conf.settings",
        python=sys.executable,
        env={"PAGES": str(folder), **env},
    )


def write(folder: Path, pages: dict[str, str]) -> Path:
    """The pages' scripts, and a journey that visits each in a step."""
    for name, script in pages.items():
        (folder / f"{name}.js").write_text(f"{PRELUDE}{script}\ndone();\n")
    journey = folder / f"visits_{len(list(folder.iterdir()))}.py"
    journey.write_text(JOURNEY.format(names=list(pages)))
    return journey
