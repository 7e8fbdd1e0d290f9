// What a user can see of a document: [place, text] of each element, attribute, text and control.
() => {
  const seen = [];
  const SKIPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT"]);

  function visit(node, place) {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.data.trim()) seen.push([place, node.data]);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || SKIPPED.has(node.tagName)) return;
    seen.push([place, ""]);
    for (const { name, value } of node.attributes) seen.push([`${place}@${name}`, value]);
    for (const name of ["value", "checked", "selectedIndex"]) {
      if (typeof node[name] !== "object" && name in node) seen.push([`${place}.${name}`, String(node[name])]);
    }
    children(node, place);
    if (node.shadowRoot) children(node.shadowRoot, `${place}/#shadow`);
  }

  function children(parent, place) {
    const counts = {};
    for (const child of parent.childNodes) {
      const name = child.nodeName.toLowerCase();
      counts[name] = (counts[name] ?? 0) + 1;
      visit(child, `${place}/${name}[${counts[name]}]`);
    }
  }

  if (document.documentElement) visit(document.documentElement, "");
  return seen;
}
