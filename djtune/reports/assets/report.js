"use strict";

// Sorting: a click on a column's title, largest first; another turns the order round.
for (const table of document.querySelectorAll("figure.table table")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((th, column) => {
    const button = document.createElement("button");
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const text = th.classList.contains("left") && !body.querySelector(`td:nth-child(${column + 1})[data-v]`);
      const first = text ? "ascending" : "descending";
      const second = text ? "descending" : "ascending";
      const order = th.getAttribute("aria-sort") === first ? second : first;
      table.querySelectorAll("[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = Array.from(body.rows, (row) => {
        const cell = row.cells[column];
        return { row, value: text ? cell.textContent : parseFloat(cell.dataset.v) };
      });
      rows.sort((a, b) => {
        if (text) return sign * a.value.localeCompare(b.value);
        if (isNaN(a.value) || isNaN(b.value)) return isNaN(a.value) - isNaN(b.value); // n/a last
        return sign * (a.value === b.value ? 0 : a.value < b.value ? -1 : 1);
      });
      body.append(...rows.map((item) => item.row));
    });
  });
}

// Copying of patches and commands.
if (navigator.clipboard) {
  for (const pre of document.querySelectorAll("pre.copy")) {
    const box = document.createElement("div");
    box.className = "code";
    pre.replaceWith(box);
    const button = document.createElement("button");
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    box.append(pre, button);
  }
}

// Light, dark, or as the system has it.
{
  const names = ["auto", "light", "dark"];
  const root = document.documentElement;
  const button = document.createElement("button");
  const show = (name) => {
    if (name === "auto") delete root.dataset.theme;
    else root.dataset.theme = name;
    button.textContent = `Theme: ${name}`;
  };
  let current = "auto";
  try {
    current = localStorage.getItem("djtune-theme") ?? "auto"; // not to be had in every viewer
  } catch {}
  if (!names.includes(current)) current = "auto";
  button.className = "theme";
  button.addEventListener("click", () => {
    current = names[(names.indexOf(current) + 1) % names.length];
    show(current);
    try {
      localStorage.setItem("djtune-theme", current);
    } catch {}
  });
  show(current);
  document.body.prepend(button);
}
