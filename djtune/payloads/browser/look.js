// What a user can see of a document: [place, text] of each element, attribute, text and control.
// As one text, for that is many times faster to hand over.
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
      if (["string", "boolean", "number"].includes(typeof node[name])) {
        seen.push([`${place}.${name}`, String(node[name])]);
      }
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
  return JSON.stringify(seen);
}
