// Returns what is wrong with the page's names, labels and headings.
() => {
  const said = [];
  const name = (node) => node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.[0]?.textContent.trim();
  for (const node of document.querySelectorAll("img")) if (!node.alt) said.push("image without alt");
  for (const node of document.querySelectorAll("button, a, input, select, summary")) if (!name(node)) said.push("no name: " + node.outerHTML);
  for (const node of document.querySelectorAll("svg")) if (!node.getAttribute("aria-label") && !node.closest("[aria-hidden]")) said.push("svg without label");
  for (const node of document.querySelectorAll("th")) if (!node.scope) said.push("th without scope");
  for (const node of document.querySelectorAll("[aria-labelledby]")) if (!document.getElementById(node.getAttribute("aria-labelledby"))) said.push("label of nothing");
  let level = 0;
  for (const node of document.querySelectorAll("h1,h2,h3,h4")) {
    const next = Number(node.tagName[1]);
    if (next > level + 1) said.push("heading skips to " + node.outerHTML);
    level = next;
  }
  if (document.querySelectorAll("h1").length !== 1) said.push("not one h1");
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  if (new Set(ids).size !== ids.length) said.push("an id repeats");
  if (!document.documentElement.lang) said.push("no language");
  return said;
}
