"use strict";

const at = (id) => document.getElementById(id);
const element = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};
const picture = (id, small) => `/picture?id=${encodeURIComponent(id)}${small ? "&small" : ""}`;
const KEYS = "1234567890";
const TINY = 96; // pixels below which enlarging should not smooth

let all = null; // what /questions said
let here = 0; // number of the question that is shown
let shownAt = 0;
let chosen = new Set(); // the classes of a multilabel answer in the making
let likely = []; // the classes on the keys
const comparisons = new Map();
let saving = Promise.resolve(); // answers go to the server one after another
let pending = 0;
let note = 0;

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Error("datacheck review is not running any more: start it again and open its new link. Everything up to here is saved.");
  }
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error);
  return answer.value;
}

function complain(error) {
  at("trouble").textContent = error.message;
  at("trouble").hidden = false;
}

// ---- what is said of labels

const names = (label) => (label === null ? [] : all.task === "multilabel" ? JSON.parse(label) : [label]);
const words = (label) => (label === null ? "no label" : names(label).join(", ") || "nothing");

function claim(question) {
  const given = element("span", { className: "given", textContent: words(question.given) });
  if (question.check) return ["Labelled ", given, ". Is it?"];
  if (question.suggested === null || question.suggested === question.given) return ["Labelled ", given, ", and the probe doubts it."];
  const sure = question.confidence === null ? "" : ` (${Math.round(100 * question.confidence)}%)`;
  return ["Labelled ", given, ", looks like ", element("span", { className: "suggested", textContent: words(question.suggested) }), `${sure}.`];
}

function chance(question) {
  const found = /chance of a wrong label ([\d.]+)%/.exec(question.reason);
  if (question.check) return question.reason;
  return found ? `Chance that the label is wrong: ${found[1] === "100" ? "more than 99" : found[1]}%.` : "";
}

// ---- the page

function show(number, push = true) {
  here = Math.max(0, Math.min(all.questions.length - 1, number));
  const question = all.questions[here];
  at("done").hidden = true;
  at("question").hidden = false;
  if (push) history.replaceState(null, "", `#${here + 1}`);
  const image = at("picture");
  image.hidden = false;
  at("nothing").hidden = true;
  image.classList.remove("tiny");
  image.src = at("frame").href = picture(question.id);
  at("sample").textContent = question.id;
  at("place").textContent = `Question ${(here + 1).toLocaleString()} of ${all.questions.length.toLocaleString()}`;
  at("copies").textContent = question.copies ? `settles ${question.copies} ${question.copies === 1 ? "copy" : "copies"} as well` : "";
  at("claim").replaceChildren(...claim(question));
  at("reason").textContent = chance(question);
  at("search").value = "";
  at("found").replaceChildren();
  chosen = new Set(question.answer && question.answer[0] === "label" && all.task === "multilabel" ? JSON.parse(question.answer[1]) : names(question.given));
  at("value").value = question.answer && question.answer[1] !== null ? question.answer[1] : question.suggested ?? question.given ?? "";
  offer(all.classes.length <= KEYS.length ? all.classes : [question.given, question.suggested].filter((name) => all.classes.includes(name)));
  compare(here);
  progress();
  shownAt = performance.now();
  for (const number of [here + 1, here + 2]) {
    if (number < all.questions.length) new Image().src = picture(all.questions[number].id);
  }
}

function offer(classes) {
  likely = [...new Set(classes)].slice(0, KEYS.length);
  const question = all.questions[here];
  at("choices").replaceChildren(...likely.map((name, place) => choice(name, question, KEYS[place])));
  if (all.task === "multilabel") {
    at("choices").append(element("button", { type: "button", className: "main", onclick: () => submitSeveral() }, element("span", { className: "name", textContent: "Save" }), element("kbd", { textContent: "Enter" })));
  }
  for (const button of at("verdicts").children) {
    button.setAttribute("aria-pressed", String(Boolean(question.answer) && question.answer[0] === button.dataset.verdict));
  }
  at("undo").disabled = !all.questions.some((one) => one.answer);
  at("back").disabled = here === 0;
  at("next").disabled = here === all.questions.length - 1;
}

function choice(name, question, key) {
  const given = names(question.given).includes(name);
  const suggested = !question.check && names(question.suggested).includes(name);
  const label = element("span", { className: "name" }, name);
  const tag = [given ? "given" : "", suggested ? "suggested" : ""].filter(Boolean).join(" · ");
  if (tag) label.append(element("span", { className: "tag" }, tag, suggested ? element("span", { className: "enter", textContent: " · Enter" }) : ""));
  const button = element("button", { type: "button", className: suggested ? "is-suggested" : given ? "is-given" : "", onclick: () => pick(name) }, label);
  if (key) button.prepend(element("kbd", { textContent: key }));
  const pressed = all.task === "multilabel" ? chosen.has(name) : Boolean(question.answer) && question.answer[1] === name;
  button.setAttribute("aria-pressed", String(pressed));
  return button;
}

async function compare(number) {
  const box = at("compare");
  if (!comparisons.has(number)) {
    box.replaceChildren();
    comparisons.set(number, ask(`/comparison?question=${number}`).catch((error) => (complain(error), { likely: [], sides: [] })));
  }
  const found = await comparisons.get(number);
  if (number !== here) return;
  if (all.classes.length > KEYS.length) offer(found.likely);
  box.replaceChildren(...found.sides.map((side) => {
    const how = side.how === "nearest" ? "Most similar that are labelled " : "Typical for ";
    const title = element("h2", {}, how, element("b", { textContent: side.label }));
    const row = element("div", { className: "row" }, ...side.ids.map((id) => {
      const image = element("img", { alt: `labelled ${side.label}`, title: id, src: picture(id, true), loading: "eager", onload: () => image.classList.toggle("tiny", image.naturalWidth < TINY) });
      return element("div", { className: "thumb" }, image);
    }));
    return element("div", { className: side.side }, title, side.ids.length ? row : element("p", { className: "empty", textContent: "There are none." }));
  }));
  const following = number + 1;
  if (following < all.questions.length && !comparisons.has(following)) {
    comparisons.set(following, ask(`/comparison?question=${following}`).catch(() => ({ likely: [], sides: [] })));
  }
}

function progress() {
  const total = all.questions.length;
  const answered = all.questions.filter((question) => question.answer).length;
  at("progress").replaceChildren(element("b", { textContent: answered.toLocaleString() }), ` of ${total.toLocaleString()} answered`);
  if (all.worth > 0 && all.worth < total) {
    const worth = answered < all.worth ? ` · worth doing to ${all.worth.toLocaleString()}` : " · the rest is more likely right than wrong";
    at("progress").append(element("span", { className: "long", textContent: worth }));
  }
  at("bar").style.width = `${(100 * answered) / Math.max(1, total)}%`;
  at("track").setAttribute("aria-valuemax", total);
  at("track").setAttribute("aria-valuenow", answered);
  at("worth").hidden = !(all.worth > 0 && all.worth < total);
  at("worth").style.left = `${(100 * all.worth) / Math.max(1, total)}%`;
}

function say(text, detail = "") {
  clearTimeout(note);
  at("saved").replaceChildren(text, element("span", { className: "long", textContent: detail && `: ${detail}` }));
  note = setTimeout(() => (at("saved").textContent = ""), 2500);
}

function finish() {
  const count = (test) => all.questions.filter((question) => question.answer && test(question)).length;
  const entries = [
    [count((question) => question.answer[0] === "label" && question.answer[1] !== question.given), "labels changed"],
    [count((question) => question.answer[0] === "label" && question.answer[1] === question.given), "labels confirmed"],
    [count((question) => question.answer[0] === "none-of-these"), "none of these"],
    [count((question) => question.answer[0] === "ambiguous"), "ambiguous"],
    [count((question) => question.answer[0] === "skip"), "skipped"],
  ];
  at("tally").replaceChildren(...entries.map(([number, name]) => element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: number.toLocaleString() }))));
  at("question").hidden = true;
  at("done").hidden = false;
  progress();
}

// ---- answers

function answer(verdict, label) {
  const question = all.questions[here];
  const seconds = (performance.now() - shownAt) / 1000;
  question.answer = [verdict, label];
  pending += 1;
  saving = saving.then(() => ask("/answer", { id: question.id, verdict, label, seconds })).then(
    () => { pending -= 1; if (!pending) say("Saved", verdict === "label" ? words(label) : verdict.replaceAll("-", " ")); },
    (error) => { pending -= 1; question.answer = null; complain(error); progress(); },
  );
  const order = all.questions.map((_, number) => (here + 1 + number) % all.questions.length);
  const following = order.find((number) => !all.questions[number].answer);
  if (following === undefined) saving.then(() => (all.questions.every((one) => one.answer) ? finish() : show(here)));
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
    const number = all.questions.findIndex((question) => question.id === id);
    if (number < 0) return say("There is nothing to undo");
    return ask("/questions").then((fresh) => { all = fresh; show(number); say("Taken back"); });
  }).catch(complain);
}

function enter() {
  const question = all.questions[here];
  if (all.task === "multilabel") submitSeveral();
  else if (!question.check && question.suggested !== null) pick(question.suggested);
}

function search() {
  const wanted = at("search").value.trim().toLocaleLowerCase();
  const begins = [], holds = [];
  for (const name of wanted ? all.classes : []) {
    const place = name.toLocaleLowerCase().indexOf(wanted);
    if (place >= 0) (place === 0 ? begins : holds).push(name);
  }
  const question = all.questions[here];
  at("found").replaceChildren(...[...begins, ...holds].slice(0, 30).map((name) => choice(name, question)));
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
  const question = all.questions[here];
  if (!at("done").hidden && !["u", "ArrowLeft", "?"].includes(event.key)) return;
  const verdict = { s: "skip", n: "none-of-these", a: "ambiguous" }[event.key];
  if (/^[0-9]$/.test(event.key) && all.task !== "regression") { if (likely[KEYS.indexOf(event.key)] !== undefined) pick(likely[KEYS.indexOf(event.key)]); }
  else if (verdict) answer(verdict, null);
  else if (event.key === "Enter" && all.task !== "regression") enter();
  else if (event.key === "Enter") at("number").requestSubmit();
  else if (event.key === "g" && question.given !== null) answer("label", question.given);
  else if (event.key === "u" || event.key === "Backspace") undo();
  else if (event.key === "ArrowLeft") show(at("done").hidden ? here - 1 : here);
  else if (event.key === "ArrowRight") show(here + 1);
  else if (event.key === "/" && !at("find").hidden) at("search").focus();
  else if (event.key === "?") at("keys").showModal();
  else return;
  event.preventDefault();
});
for (const button of at("verdicts").children) button.onclick = () => answer(button.dataset.verdict, null);
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

ask("/questions").then((value) => {
  all = value;
  at("find").hidden = all.classes.length <= KEYS.length || all.task === "regression";
  at("number").hidden = all.task !== "regression";
  at("choices").hidden = all.task === "regression";
  at("many").textContent = all.classes.length.toLocaleString();
  const first = all.questions.findIndex((question) => !question.answer);
  if (!all.questions.length) complain(new Error("The queue is empty: there is nothing to ask."));
  else if (first < 0) finish();
  else show(location.hash ? Number(location.hash.slice(1)) - 1 || 0 : first);
}).catch(complain);
