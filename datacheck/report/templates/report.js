"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Pictures stand once in the page, and are shown when they come near the screen.
  const pictures = JSON.parse($("#pictures").textContent);
  const load = (image) => {
    if (!image.src) image.src = pictures[Number(image.dataset.picture)];
  };
  const images = $$("img[data-picture]");
  if ("IntersectionObserver" in window) {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (entry.isIntersecting) {
            load(entry.target);
            observer.unobserve(entry.target);
          }
        }
      },
      { rootMargin: "800px" },
    );
    images.forEach((image) => observer.observe(image));
  } else {
    images.forEach(load);
  }
  const opened = [];
  window.addEventListener("beforeprint", () => {
    images.forEach(load);
    for (const details of $$("details.page-of-rule:not([open]), details.folded:not([open])")) {
      details.open = true;
      opened.push(details);
    }
  });
  window.addEventListener("afterprint", () => {
    while (opened.length) opened.pop().open = false;
  });

  const findings = $$("article.finding");
  const help = $("#help");
  if (!findings.length) return;

  // Filters.
  const toggles = $$(".toggle");
  const search = $("#search");
  const chosen = (id) => $(`#filter-${id}`)?.value ?? "";
  const text = new Map(findings.map((finding) => [finding, finding.textContent.toLowerCase()]));
  const links = new Map($$(".toc li").map((item) => [item.dataset.for, item]));

  const apply = () => {
    const severities = new Set(toggles.filter((t) => t.getAttribute("aria-pressed") === "true").map((t) => t.dataset.severity));
    const [code, cls, split] = [chosen("code"), chosen("class"), chosen("split")];
    const needles = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const finding of findings) {
      const data = finding.dataset;
      const fits =
        severities.has(data.severity) &&
        (!code || data.code === code) &&
        (!cls || data.classes.includes(` ${cls} `)) &&
        (!split || data.splits.includes(` ${split} `)) &&
        needles.every((needle) => text.get(finding).includes(needle));
      finding.hidden = !fits;
      links.get(finding.id).hidden = !fits;
      shown += fits;
      for (const tile of $$(".tile", finding)) {
        const sides = tile.closest(".group");
        tile.hidden = !sides && ((cls && tile.dataset.class !== cls) || (split && tile.dataset.split !== split));
      }
    }
    const all = shown === findings.length && !cls && !split;
    $("#shown").textContent = `${shown} of ${findings.length} findings`;
    $("#nothing").hidden = shown > 0;
    $("#reset").hidden = all;
  };
  const reset = () => {
    toggles.forEach((toggle) => toggle.setAttribute("aria-pressed", "true"));
    $$(".filters select").forEach((select) => (select.value = ""));
    search.value = "";
    apply();
  };
  toggles.forEach((toggle) =>
    toggle.addEventListener("click", () => {
      toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
      apply();
    }),
  );
  $$(".filters select").forEach((select) => select.addEventListener("change", apply));
  search.addEventListener("input", apply);
  $("form.filters").addEventListener("submit", (event) => event.preventDefault());
  $("#reset").addEventListener("click", () => {
    reset();
    search.focus();
  });
  $("#help-open").addEventListener("click", () => help.showModal());
  apply();

  // A link to a finding that a filter hides brings everything back.
  const follow = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.matches("article.finding")) {
      if (target.hidden) reset();
      target.focus({ preventScroll: true });
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", follow);
  follow();

  // Copy.
  const copy = async (button, content) => {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(content);
      button.textContent = "Copied";
    } catch {
      const area = document.createElement("textarea");
      area.value = content;
      document.body.append(area);
      area.select();
      button.textContent = document.execCommand("copy") ? "Copied" : "Could not copy";
      area.remove();
      button.focus();
    }
    setTimeout(() => (button.textContent = before), 1500);
  };
  $$("button.copy").forEach((button) => button.addEventListener("click", () => copy(button, button.dataset.ids)));
  window.datacheckCopy = copy;

  // Keyboard.
  const step = (by) => {
    const visible = findings.filter((finding) => !finding.hidden);
    if (!visible.length) return;
    const current = visible.findIndex((finding) => finding.contains(document.activeElement));
    const next = visible[current < 0 ? (by > 0 ? 0 : visible.length - 1) : Math.min(Math.max(current + by, 0), visible.length - 1)];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (help.open) return;
      if (document.activeElement === search && search.value) event.preventDefault();
      reset();
      document.activeElement.blur();
      return;
    }
    if (help.open || event.target.closest?.("input, select, textarea")) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") search.focus();
    else if (event.key === "?") help.showModal();
    else if (event.key === "e") {
      const page = document.activeElement?.closest?.("article.finding")?.querySelector("details.page-of-rule");
      if (page) page.open = !page.open;
    } else return;
    event.preventDefault();
  });

  // The contents follow the reader.
  if ("IntersectionObserver" in window) {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) links.get(entry.target.id)?.classList.toggle("here", entry.isIntersecting);
      },
      { rootMargin: "-20% 0px -70% 0px" },
    );
    findings.forEach((finding) => observer.observe(finding));
  }
})();
