// Select samples, give them a tag, take the list along.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Long tables can be searched row by row.
  for (const table of $$("details.table")) {
    const rows = $$("tbody tr", table);
    const input = Object.assign(document.createElement("input"), { type: "search", placeholder: "Search the rows", className: "rows-search" });
    input.setAttribute("aria-label", "Search the rows");
    input.addEventListener("input", () => {
      const needle = input.value.toLowerCase();
      for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(needle);
    });
    if (rows.length > 20) $("summary", table).after(input);
  }

  const bar = $("#picked");
  const tiles = new Map();
  for (const tile of $$(".tile")) {
    const id = $(".id", tile).title;
    tiles.set(id, [...(tiles.get(id) ?? []), tile]);
  }
  if (!tiles.size) return;
  const picked = new Set();
  const tags = new Map();

  const show = () => {
    const named = [...new Set(tags.values())].map((tag) => `${[...tags.values()].filter((one) => one === tag).length} ${tag}`);
    $("#picked-count").textContent = [`${picked.size} selected`, ...named].join(" · ");
    bar.hidden = !picked.size && !tags.size;
  };
  const mark = (id) => {
    for (const tile of tiles.get(id)) {
      $(".pick", tile).checked = picked.has(id);
      tile.classList.toggle("chosen", picked.has(id));
      if (tags.has(id)) tile.dataset.tag = tags.get(id);
      else delete tile.dataset.tag;
    }
  };
  const set = (id, wanted) => {
    if (wanted) picked.add(id);
    else picked.delete(id);
    mark(id);
    show();
  };
  for (const [id, all] of tiles) {
    for (const tile of all) {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", className: "pick" });
      box.setAttribute("aria-label", `Select ${id}`);
      box.addEventListener("change", () => set(id, box.checked));
      tile.prepend(box);
      $(".frame", tile)?.addEventListener("click", () => set(id, !picked.has(id)));
    }
  }
  $$("button.pick-all").forEach((button) =>
    button.addEventListener("click", () => {
      for (const tile of $$(".tile", button.closest("article"))) if (!tile.hidden) set($(".id", tile).title, true);
    }),
  );
  bar.addEventListener("submit", (event) => {
    event.preventDefault();
    const tag = $("#picked-tag").value.trim();
    for (const id of [...picked]) {
      if (tag) tags.set(id, tag);
      else tags.delete(id);
      picked.delete(id);
      mark(id);
    }
    show();
  });
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const list = () => {
    const ids = [...new Set([...tags.keys(), ...picked])].sort();
    return ["sample_id,tag", ...ids.map((id) => `${quoted(id)},${quoted(tags.get(id) ?? "")}`), ""].join("\n");
  };
  $("#picked-save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([list()], { type: "text/csv" }));
    link.download = "selected.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  const copy = $("#picked-copy");
  copy.addEventListener("click", () => window.datacheckCopy(copy, list()));
  $("#picked-clear").addEventListener("click", () => {
    picked.clear();
    tags.clear();
    for (const id of tiles.keys()) mark(id);
    show();
  });
})();
