
// Flame graphs. A box is as wide as its share of the samples, and lies below what called it.
{
  const ORIGINS = { app: "the app", django: "Django", library: "other libraries", python: "standard library", native: "compiled code", other: "other" };
  const LEAST_FOLDED = 3; // Frames of a run that is shown as one box.
  const ALMOST_ALL = 0.95; // A run ends before more than the rest of this share has gone elsewhere.
  const list = document.querySelector(".flame-functions");
  const functions = list ? JSON.parse(list.textContent) : [];

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const percent = (part) => `${(100 * part).toFixed(part < 0.00995 ? 2 : 1)} %`;

  const readTree = (numbers) => {
    const path = [];
    for (let i = 0; i < numbers.length; i += 4) {
      const [depth, number, value, own] = numbers.slice(i, i + 4);
      const [name, where, origin] = functions[number];
      const node = { name, where, origin, value, own, children: [] };
      path.length = depth;
      if (depth) path[depth - 1].children.push(node);
      path.push(node);
    }
    return path[0];
  };

  // Runs of frames that only pass the call on are one box, unless all frames are asked for.
  const passesOnTo = (node, share) => {
    const [widest] = node.children;
    return widest && node.origin !== "app" && widest.origin === node.origin && widest.value >= share ? widest : null;
  };
  const boxesOf = (node, folding, parent, x, y) => {
    const frames = [node];
    while (folding && y) {
      const next = passesOnTo(frames.at(-1), ALMOST_ALL * node.value);
      if (!next) break;
      frames.push(next);
    }
    if (frames.length < LEAST_FOLDED) frames.length = 1;
    const box = { frames, parent, x, y, value: node.value, children: [] };
    for (const child of frames.at(-1).children) {
      box.children.push(boxesOf(child, folding, box, x, y + 1));
      x += child.value;
    }
    return box;
  };
  const walk = function* (box) {
    yield box;
    for (const child of box.children) yield* walk(child);
  };

  const draw = (figure) => {
    const source = figure.querySelector(".flame-boxes");
    const tree = readTree(JSON.parse(source.textContent));
    if (!tree || !tree.value) return;
    let folding = true;
    let root = boxesOf(tree, folding, null, 0, 0);
    let zoomed = root;
    let sought = "";

    const now = element("div", "flame-now");
    const area = element("div", "flame-boxes");
    area.setAttribute("role", "tree");
    area.setAttribute("aria-label", "Flame graph: arrow keys move, Enter zooms, Escape shows all");
    const search = element("input");
    search.type = "search";
    search.placeholder = "Search functions and files";
    search.setAttribute("aria-label", search.placeholder);
    const found = element("output");
    const all = element("button", "", "All frames");
    all.setAttribute("aria-pressed", "false");
    all.title = "Also those that only pass the call on";
    const out = element("button", "", "Whole graph");
    source.replaceWith(element("div", "flame-bar", search, all, out, found), now, area);

    const matches = (box) => sought !== "" && box.frames.some((f) => `${f.name} ${f.where}`.toLowerCase().includes(sought));
    const titled = (box) => (box.frames.length > 1 ? `${box.frames.length} frames, down to ${box.frames.at(-1).name}` : box.frames[0].name);
    const tell = (box) => {
      const last = box.frames.at(-1);
      const own = box.frames.reduce((sum, frame) => sum + frame.own, 0);
      const shares = [`${percent(box.value / tree.value)}`];
      if (zoomed !== root) shares.push(`${percent(box.value / zoomed.value)} of what is shown`);
      if (own) shares.push(`${percent(own / tree.value)} itself`);
      const samples = Math.round(box.value);
      shares.push(`${samples.toLocaleString("en")} sample${samples === 1 ? "" : "s"}`);
      const run = box.frames.map((frame) => frame.name).join(" → ");
      const place = box === root ? "" : `${last.where}${last.where ? " · " : ""}${ORIGINS[last.origin]}`;
      // Three lines whatever is told, so that the graph stays where it is.
      now.replaceChildren(
        element("b", "", titled(box)),
        element("span", "", box.frames.length > 1 ? run : place),
        element("span", "share", shares.join(" · ")),
      );
    };

    const show = (focused) => {
      const above = new Set();
      for (let box = zoomed.parent; box; box = box.parent) above.add(box);
      const width = area.clientWidth || 800;
      const shown = [...above].reverse();
      for (const box of walk(zoomed)) if ((box.value / zoomed.value) * width >= 1.2) shown.push(box);
      const made = shown.map((box) => {
        const part = above.has(box) ? 1 : box.value / zoomed.value;
        const div = element("div", `box o-${box.frames[0].origin}`);
        if (part * width >= 24) div.append(box.frames.length > 1 ? `⋯ ${titled(box)}` : box.frames[0].name);
        else div.classList.add("bare");
        if (part * width >= 260 && box.frames.length === 1 && box.frames[0].where) div.append(element("small", "", box.frames[0].where));
        div.classList.toggle("many", box.frames.length > 1);
        div.classList.toggle("above", above.has(box));
        div.classList.toggle("match", matches(box));
        div.style.left = `${above.has(box) ? 0 : (100 * (box.x - zoomed.x)) / zoomed.value}%`;
        div.style.width = `${100 * part}%`;
        div.style.setProperty("--y", box.y);
        div.setAttribute("role", "treeitem");
        div.setAttribute("aria-level", box.y + 1);
        div.setAttribute("aria-label", `${titled(box)}, ${percent(box.value / tree.value)}`);
        div.tabIndex = box === (focused ?? zoomed) ? 0 : -1;
        div.box = box;
        return div;
      });
      area.replaceChildren(...made);
      area.style.setProperty("--rows", 1 + Math.max(...shown.map((box) => box.y)));
      out.disabled = zoomed === root;
      if (focused) made.find((div) => div.box === focused)?.focus({ preventScroll: true });
      tell(focused ?? zoomed);
    };
    const zoom = (box, focus) => {
      zoomed = box;
      show(focus ? box : undefined);
    };
    const boxAt = (target) => target.closest?.(".box")?.box;

    area.addEventListener("mouseover", (event) => boxAt(event.target) && tell(boxAt(event.target)));
    area.addEventListener("mouseleave", () => tell(area.contains(document.activeElement) ? document.activeElement.box : zoomed));
    area.addEventListener("focusin", (event) => tell(event.target.box));
    area.addEventListener("click", (event) => boxAt(event.target) && zoom(boxAt(event.target), true));
    area.addEventListener("keydown", (event) => {
      const box = event.target.box;
      const boxes = Array.from(area.children);
      const row = boxes.filter((div) => div.box.y === box.y);
      const place = row.indexOf(event.target);
      const go = {
        ArrowUp: () => boxes.find((div) => div.box === box.parent),
        ArrowDown: () => boxes.find((div) => div.box.parent === box),
        ArrowLeft: () => row[place - 1],
        ArrowRight: () => row[place + 1],
        Home: () => boxes[0],
      }[event.key];
      if (go) {
        const next = go();
        if (next) {
          event.target.tabIndex = -1;
          next.tabIndex = 0;
          next.focus();
        }
      } else if (event.key === "Enter" || event.key === " ") zoom(box, true);
      else if (event.key === "Escape") zoom(root, true);
      else return;
      event.preventDefault();
    });
    out.addEventListener("click", () => zoom(root, true));
    all.addEventListener("click", () => {
      folding = !folding;
      all.setAttribute("aria-pressed", String(!folding));
      const frame = zoomed.frames[0];
      root = boxesOf(tree, folding, null, 0, 0);
      zoomed = [...walk(root)].find((box) => box.frames.includes(frame));
      show();
    });
    search.addEventListener("input", () => {
      sought = search.value.trim().toLowerCase();
      area.classList.toggle("searched", sought !== "");
      let sum = 0;
      const add = (box) => (matches(box) ? (sum += box.value) : box.children.forEach(add));
      add(root);
      found.textContent = sought ? `${percent(sum / tree.value)} in matches` : "";
      show();
    });
    let width = 0;
    new ResizeObserver(() => {
      if (area.clientWidth === width) return;
      width = area.clientWidth;
      if (width) show();
    }).observe(area);
    show();
  };

  // A graph inside something folded is drawn when it is unfolded.
  for (const figure of document.querySelectorAll("figure.flame")) {
    let drawn = false;
    const attempt = () => {
      if (drawn || figure.closest("details:not([open])")) return;
      drawn = true;
      draw(figure);
    };
    for (let around = figure.parentElement; around; around = around.parentElement) {
      if (around.localName === "details") around.addEventListener("toggle", attempt);
    }
    attempt();
  }
}
