// Returns the texts whose contrast with what lies under them is below 4.5 to 1 (WCAG 2 AA).
() => {
  const rgb = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const over = (top, under) => { const a = top[3] ?? 1; return [0, 1, 2].map((i) => top[i] * a + under[i] * (1 - a)); };
  const back = (node) => {
    const stack = [];
    for (let at = node; at; at = at.parentElement) { const c = rgb(getComputedStyle(at).backgroundColor); if (c.length && c[3] !== 0) stack.push(c); }
    return stack.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const low = [];
  for (const node of document.querySelectorAll("body *")) {
    const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!text || !node.getClientRects().length || node.closest("svg, script, style")) continue;
    const under = back(node), ink = over(rgb(getComputedStyle(node).color), under);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) low.push(node.className + " " + node.textContent.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  return low;
}
