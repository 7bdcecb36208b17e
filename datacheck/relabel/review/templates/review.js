"use strict";

const picture = (id, small) => `/picture?id=${encodeURIComponent(id)}${small ? "&small" : ""}`;
const KEYS = "1234567890";
const TINY = 96; // pixels below which enlarging should not smooth

let all = null; // what /items said
let here = 0; // number of the item that is shown
let shownAt = 0;
let chosen = new Set(); // the classes of the unsaved multilabel answer
let likely = []; // the classes on the keys
const comparisons = new Map();
let saving = Promise.resolve(); // answers go to the server one after another
let pending = 0;
let note = 0;

// ---- labels in words

const names = (label) => (label === null ? [] : all.task === "multilabel" ? JSON.parse(label) : [label]);
const words = (label) => (label === null ? "no label" : names(label).join(", ") || "nothing");

function claim(item) {
  const given = element("span", { className: "given", textContent: words(item.given) });
  if (item.check) return ["Labelled ", given, ". Is that right?"];
  if (item.suggested === null || item.suggested === item.given) return ["Labelled ", given, ", probably wrong."];
  const sure = item.confidence === null ? "" : ` (${Math.round(100 * item.confidence)}%)`;
  return ["Labelled ", given, ", looks like ", element("span", { className: "suggested", textContent: words(item.suggested) }), `${sure}.`];
}

function probability(item) {
  if (item.check) return "Part of a quality check: label it like any other sample.";
  if (item.error_probability === null) return "How likely the label is wrong is not known.";
  const percent = Math.round(100 * item.error_probability);
  return `Probability that the label is wrong: ${percent > 99 ? "more than 99" : percent}%.`;
}

// ---- the page

function show(number, push = true) {
  here = Math.max(0, Math.min(all.items.length - 1, number));
  const item = all.items[here];
  at("done").hidden = true;
  at("item").hidden = false;
  if (push) history.replaceState(null, "", `#${here + 1}`);
  const image = at("picture");
  image.hidden = false;
  at("nothing").hidden = true;
  image.classList.remove("tiny");
  image.src = at("frame").href = picture(item.id);
  at("sample").textContent = item.id;
  at("place").textContent = `Sample ${(here + 1).toLocaleString()} of ${all.items.length.toLocaleString()}`;
  at("copies").textContent = item.copies ? `applies to ${item.copies} identical ${item.copies === 1 ? "copy" : "copies"} too` : "";
  at("claim").replaceChildren(...claim(item));
  at("reason").textContent = probability(item);
  at("search").value = "";
  at("found").replaceChildren();
  chosen = new Set(item.answer && item.answer[0] === "label" && all.task === "multilabel" ? JSON.parse(item.answer[1]) : names(item.given));
  at("value").value = item.answer && item.answer[1] !== null ? item.answer[1] : item.suggested ?? item.given ?? "";
  offer(all.classes.length <= KEYS.length ? all.classes : [item.given, item.suggested].filter((name) => all.classes.includes(name)));
  compare(here);
  progress();
  shownAt = performance.now();
  for (const number of [here + 1, here + 2]) {
    if (number < all.items.length) new Image().src = picture(all.items[number].id);
  }
}

function offer(classes) {
  likely = [...new Set(classes)].slice(0, KEYS.length);
  const item = all.items[here];
  at("choices").replaceChildren(...likely.map((name, place) => choice(name, item, KEYS[place])));
  if (all.task === "multilabel") {
    at("choices").append(element("button", { type: "button", className: "main", onclick: () => submitSeveral() }, element("span", { className: "name", textContent: "Save" }), element("kbd", { textContent: "Enter" })));
  }
  for (const button of at("no-class").children) {
    button.setAttribute("aria-pressed", String(Boolean(item.answer) && item.answer[0] === button.dataset.answer));
  }
  at("undo").disabled = !all.items.some((one) => one.answer);
  at("back").disabled = here === 0;
  at("next").disabled = here === all.items.length - 1;
}

function choice(name, item, key) {
  const given = names(item.given).includes(name);
  const suggested = !item.check && names(item.suggested).includes(name);
  const label = element("span", { className: "name" }, name);
  const tag = [given ? "given" : "", suggested ? "suggested" : ""].filter(Boolean).join(" · ");
  if (tag) label.append(element("span", { className: "tag" }, tag, suggested ? element("span", { className: "enter", textContent: " · Enter" }) : ""));
  const button = element("button", { type: "button", className: suggested ? "is-suggested" : given ? "is-given" : "", onclick: () => pick(name) }, label);
  if (key) button.prepend(element("kbd", { textContent: key }));
  const pressed = all.task === "multilabel" ? chosen.has(name) : Boolean(item.answer) && item.answer[1] === name;
  button.setAttribute("aria-pressed", String(pressed));
  return button;
}

async function compare(number) {
  const box = at("compare");
  if (!comparisons.has(number)) {
    box.replaceChildren();
    comparisons.set(number, ask(`/comparison?item=${number}`).catch((error) => (complain(error), { likely: [], sides: [] })));
  }
  const found = await comparisons.get(number);
  if (number !== here) return;
  if (all.classes.length > KEYS.length) offer(found.likely);
  box.replaceChildren(...found.sides.map((side) => {
    const how = side.how === "nearest" ? "Most similar that are labelled " : "Typical of ";
    const title = element("h2", {}, how, element("b", { textContent: side.label }));
    const row = element("div", { className: "row" }, ...side.ids.map((id) => {
      const image = element("img", { alt: `labelled ${side.label}`, title: id, src: picture(id, true), loading: "eager", onload: () => image.classList.toggle("tiny", image.naturalWidth < TINY) });
      return element("div", { className: "thumb" }, image);
    }));
    return element("div", { className: side.side }, title, side.ids.length ? row : element("p", { className: "empty", textContent: "none" }));
  }));
  const following = number + 1;
  if (following < all.items.length && !comparisons.has(following)) {
    comparisons.set(following, ask(`/comparison?item=${following}`).catch(() => ({ likely: [], sides: [] })));
  }
}

function progress() {
  const total = all.items.length;
  const answered = all.items.filter((item) => item.answer).length;
  showProgress(answered, total);
  if (all.worth > 0 && all.worth < total) {
    const worth = answered < all.worth ? ` · recommended: the first ${all.worth.toLocaleString()}` : all.precision ? " · the other labels are more likely right than wrong" : "";
    at("progress").append(element("span", { className: "long", textContent: worth }));
  }
  at("worth").hidden = !(all.worth > 0 && all.worth < total);
  at("worth").style.left = `${(100 * all.worth) / Math.max(1, total)}%`;
}

function say(text, detail = "") {
  clearTimeout(note);
  at("saved").replaceChildren(text, element("span", { className: "long", textContent: detail && `: ${detail}` }));
  note = setTimeout(() => (at("saved").textContent = ""), 2500);
}

function finish() {
  const count = (test) => all.items.filter((item) => item.answer && test(item)).length;
  const entries = [
    [count((item) => item.answer[0] === "label" && item.answer[1] !== item.given), "labels changed"],
    [count((item) => item.answer[0] === "label" && item.answer[1] === item.given), "labels confirmed"],
    [count((item) => item.answer[0] === "none-of-these"), "none of these"],
    [count((item) => item.answer[0] === "ambiguous"), "ambiguous"],
    [count((item) => item.answer[0] === "skip"), "skipped"],
  ];
  at("tally").replaceChildren(...entries.map(([number, name]) => element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: number.toLocaleString() }))));
  at("item").hidden = true;
  at("done").hidden = false;
  progress();
}

// ---- answers

function answer(kind, label) {
  const item = all.items[here];
  const seconds = (performance.now() - shownAt) / 1000;
  item.answer = [kind, label];
  pending += 1;
  saving = saving.then(() => ask("/answer", { id: item.id, answer: kind, label, seconds })).then(
    () => { pending -= 1; if (!pending) say("Saved", kind === "label" ? words(label) : kind.replaceAll("-", " ")); },
    (error) => { pending -= 1; item.answer = null; complain(error); progress(); },
  );
  const order = all.items.map((_, number) => (here + 1 + number) % all.items.length);
  const following = order.find((number) => !all.items[number].answer);
  if (following === undefined) saving.then(() => (all.items.every((one) => one.answer) ? finish() : show(here)));
  else show(following);
}

function pick(name) {
  if (all.task !== "multilabel") return answer("label", name);
  if (!chosen.delete(name)) chosen.add(name);
  offer(likely);
}

function submitSeveral() {
  answer("label", JSON.stringify([...chosen].sort()));
}

function undo() {
  saving = saving.then(() => ask("/undo", {})).then((id) => {
    const number = all.items.findIndex((item) => item.id === id);
    if (number < 0) return say("There is nothing to undo");
    return ask("/items").then((fresh) => { all = fresh; show(number); say("Undone"); });
  }).catch(complain);
}

function enter() {
  const item = all.items[here];
  if (all.task === "multilabel") submitSeveral();
  else if (!item.check && item.suggested !== null) pick(item.suggested);
}

function search() {
  const wanted = at("search").value.trim().toLocaleLowerCase();
  const begins = [], holds = [];
  for (const name of wanted ? all.classes : []) {
    const place = name.toLocaleLowerCase().indexOf(wanted);
    if (place >= 0) (place === 0 ? begins : holds).push(name);
  }
  const item = all.items[here];
  at("found").replaceChildren(...[...begins, ...holds].slice(0, 30).map((name) => choice(name, item)));
}

// ---- keys

document.addEventListener("keydown", (event) => {
  if (!all || event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
  const typing = event.target instanceof HTMLInputElement;
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    if (event.key === "Enter" && event.target === at("search")) { event.preventDefault(); at("found").firstElementChild?.click(); at("search").blur(); }
    return;
  }
  if (event.key === "Enter" && event.target instanceof HTMLButtonElement && event.target !== document.body) return;
  const item = all.items[here];
  if (!at("done").hidden && !["u", "ArrowLeft", "?"].includes(event.key)) return;
  const kind = { s: "skip", n: "none-of-these", a: "ambiguous" }[event.key];
  if (/^[0-9]$/.test(event.key) && all.task !== "regression") { if (likely[KEYS.indexOf(event.key)] !== undefined) pick(likely[KEYS.indexOf(event.key)]); }
  else if (kind) answer(kind, null);
  else if (event.key === "Enter" && all.task !== "regression") enter();
  else if (event.key === "Enter") at("number").requestSubmit();
  else if (event.key === "g" && item.given !== null) answer("label", item.given);
  else if (event.key === "u" || event.key === "Backspace") undo();
  else if (event.key === "ArrowLeft") show(at("done").hidden ? here - 1 : here);
  else if (event.key === "ArrowRight") show(here + 1);
  else if (event.key === "/" && !at("find").hidden) at("search").focus();
  else if (event.key === "?") at("keys").showModal();
  else return;
  event.preventDefault();
});
for (const button of at("no-class").children) button.onclick = () => answer(button.dataset.answer, null);
at("back").onclick = () => show(here - 1);
at("next").onclick = () => show(here + 1);
at("undo").onclick = undo;
at("again").onclick = () => show(0);
at("help").onclick = () => at("keys").showModal();
at("search").oninput = search;
at("number").onsubmit = (event) => { event.preventDefault(); answer("label", at("value").value.trim()); };
at("picture").onload = () => at("picture").classList.toggle("tiny", at("picture").naturalWidth < TINY);
at("picture").onerror = () => { at("picture").hidden = true; at("nothing").hidden = false; };
window.addEventListener("beforeunload", (event) => { if (pending) event.preventDefault(); });
window.addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1 || 0, false));

ask("/items").then((value) => {
  all = value;
  at("find").hidden = all.classes.length <= KEYS.length || all.task === "regression";
  at("number").hidden = all.task !== "regression";
  at("choices").hidden = all.task === "regression";
  at("many").textContent = all.classes.length.toLocaleString();
  const first = all.items.findIndex((item) => !item.answer);
  if (!all.items.length) complain(new Error("The queue is empty."));
  else if (first < 0) finish();
  else show(location.hash ? Number(location.hash.slice(1)) - 1 || 0 : first);
}).catch(complain);
