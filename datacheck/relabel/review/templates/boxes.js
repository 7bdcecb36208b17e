"use strict";

const shape = (tag, attributes) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};
const LEAST = 2; // pixels of a side that can be drawn
const HANDLE = 9; // screen pixels of a handle

let all = null; // what /items said
let here = 0; // number of the image that is shown
let shownAt = 0;
let boxes = []; // the image's boxes now: id, label, box, fixed, gone
let chosen = -1; // number of the chosen box
let history = []; // earlier states of the boxes of this image
let drag = null;
let lastLabel = null;
let saving = Promise.resolve(); // answers go to the server one after another
let pending = 0;

// ---- the state of an image

const item = () => all.items[here];
const answered = (one) => one.now !== null || one.skipped;
const copy = (some) => some.map((each) => ({ ...each, box: [...each.box] }));

function asGiven(one) {
  return copy(one.given).map((each) => ({ ...each, gone: false }));
}

function asSaved(one) {
  if (one.now === null) return asGiven(one);
  const left = new Map(one.now.filter((each) => each.id !== null).map((each) => [each.id, each]));
  const known = asGiven(one).map((each) => ({ ...each, ...(left.get(each.id) ?? { gone: true }) }));
  return [...known, ...copy(one.now.filter((each) => each.id === null)).map((each) => ({ ...each, fixed: "", gone: false }))];
}

const givenOf = (each) => item().given.find((one) => one.id === each.id && each.id !== null);
const questionsOf = (each) => item().questions.filter((one) => one.box !== null && one.box === each.id);

function isChanged(each) {
  const old = givenOf(each);
  return !old || each.label !== old.label || each.box.some((side, k) => Math.abs(side - old.box[k]) > 0.25);
}

function remember() {
  history.push({ boxes: copy(boxes), chosen });
}

// ---- showing

function show(number) {
  here = Math.max(0, Math.min(number, all.items.length - 1));
  const one = item();
  boxes = asSaved(one);
  history = [];
  drag = null;
  const asked = boxes.findIndex((each) => questionsOf(each).length);
  chosen = asked >= 0 ? asked : boxes.length ? 0 : -1;
  shownAt = performance.now();
  at("picture").src = `/picture?id=${encodeURIComponent(one.id)}`;
  at("sample").textContent = one.id;
  at("item").hidden = false;
  at("done").hidden = true;
  fit();
  render();
}

function fit() {
  const one = item();
  const room = at("stage").getBoundingClientRect();
  const scale = Math.min(room.width / one.width, room.height / one.height);
  at("canvas").style.width = `${one.width * scale}px`;
  at("canvas").style.height = `${one.height * scale}px`;
  at("drawing").setAttribute("viewBox", `0 0 ${one.width} ${one.height}`);
  return scale;
}

function rectangle(box, attributes) {
  const [left, top, right, bottom] = box;
  return shape("rect", { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), ...attributes });
}

function render() {
  const one = item();
  const scale = fit();
  const nodes = [];
  const order = boxes.map((_, k) => k).sort((a, b) => (a === chosen) - (b === chosen));
  for (const k of order) {
    const each = boxes[k];
    if (each.gone) continue;
    const names = ["box"];
    if (questionsOf(each).length) names.push("asked");
    if (isChanged(each)) names.push("changed");
    if (each.fixed || one.fixed) names.push("fixed");
    if (k === chosen) names.push("chosen");
    nodes.push(rectangle(each.box, { class: names.join(" "), "data-box": k }));
    const size = 13 / scale;
    const above = each.box[1] * scale > 20; // room for the words above the box
    const y = each.box[1] + (above ? -6 : 15) / scale;
    const text = shape("text", { x: each.box[0] + (above ? 0 : 8) / scale, y, "font-size": size, "stroke-width": 3 / scale });
    text.textContent = `${k + 1} ${each.label}`;
    nodes.push(text);
    if (k === chosen) {
      for (const question of questionsOf(each)) if (question.place) nodes.push(rectangle(question.place, { class: "place" }));
      if (!each.fixed && !one.fixed) nodes.push(...handles(each.box, HANDLE / scale));
    }
  }
  if (drag && drag.kind === "draw" && drag.box) nodes.push(rectangle(drag.box, { class: "box changed" }));
  at("drawing").replaceChildren(...nodes);
  panel();
}

function handles(box, size) {
  const [left, top, right, bottom] = box;
  const found = [];
  for (const [x, y, edges] of [[left, top, "01"], [right, top, "21"], [right, bottom, "23"], [left, bottom, "03"]]) {
    const cursor = edges === "01" || edges === "23" ? "nwse-resize" : "nesw-resize";
    const node = shape("rect", { class: "handle", x: x - size / 2, y: y - size / 2, width: size, height: size, "data-edges": edges });
    node.style.cursor = cursor;
    found.push(node);
  }
  return found;
}

function panel() {
  const one = item();
  const total = all.items.length;
  const done = all.items.filter(answered).length;
  showProgress(done, total, "images ");
  at("place").textContent = `Image ${here + 1} of ${total}`;
  at("state").textContent = one.skipped ? "skipped" : answered(one) ? "answered" : "";
  at("questions").replaceChildren(...one.questions.map((question) => {
    const k = boxes.findIndex((each) => each.id === question.box && question.box !== null);
    const words = k >= 0 ? `Box ${k + 1} ${question.kind === "class" ? question.reason : `(${boxes[k].label}) ${question.reason}`}` : "A random image: is anything wrong or missing?";
    const node = element("li", {}, words);
    if (question.probability !== null) node.append(element("small", { textContent: `Probability that the class is wrong: ${Math.round(100 * question.probability)}%.` }));
    node.addEventListener("click", () => choose(k));
    return node;
  }));
  at("list").replaceChildren(...boxes.map((each, k) => {
    const names = [questionsOf(each).length ? "asked" : "", each.gone ? "gone" : isChanged(each) ? "changed" : ""];
    const node = element("button", { type: "button", className: names.join(" ").trim(), textContent: `${k + 1} ${each.label}` });
    node.setAttribute("aria-pressed", k === chosen);
    node.addEventListener("click", () => choose(k));
    return element("li", {}, node);
  }));
  const each = boxes[chosen];
  at("edit").hidden = !each;
  if (each) {
    at("label").value = each.label;
    at("label").disabled = each.gone;
    at("delete").replaceChildren(element("kbd", { textContent: "x" }), each.gone ? "Keep" : "Delete");
    at("accept").disabled = !questionsOf(each).some((question) => question.kind !== "random");
    at("hint").textContent = each.fixed || one.fixed ? `This box cannot be moved: ${each.fixed || one.fixed}.` : "Drag the box or its corners; drag on the image to draw a missing one.";
  }
  at("back").disabled = here === 0;
  at("next").disabled = here === total - 1;
}

function choose(k) {
  if (k < 0 || k >= boxes.length) return;
  chosen = k;
  render();
}

// ---- edits

function setLabel(label) {
  const each = boxes[chosen];
  if (!each || label === undefined) return;
  remember();
  each.label = label;
  each.gone = false;
  lastLabel = label;
  render();
}

function remove() {
  const each = boxes[chosen];
  if (!each) return;
  remember();
  if (each.id === null) {
    boxes.splice(chosen, 1);
    chosen = Math.min(chosen, boxes.length - 1);
  } else {
    each.gone = !each.gone;
  }
  render();
}

function takeSuggestion() {
  const each = boxes[chosen];
  if (!each) return;
  remember();
  for (const question of questionsOf(each)) {
    if (question.kind === "class") each.label = question.suggested;
    if (question.kind === "spurious") each.gone = true;
    if (question.kind === "misplaced" && question.place && !each.fixed && !item().fixed) each.box = inside(question.place);
  }
  render();
}

function inside([left, top, right, bottom]) {
  const { width, height } = item();
  const hold = (value, most) => Math.max(0, Math.min(value, most));
  return [hold(left, width), hold(top, height), hold(right, width), hold(bottom, height)];
}

function moved(box, x, y) {
  const { width, height } = item();
  const dx = Math.max(-box[0], Math.min(x, width - box[2]));
  const dy = Math.max(-box[1], Math.min(y, height - box[3]));
  return [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
}

function resized(box, edges, x, y) {
  const found = [...box];
  const [horizontal, vertical] = [Number(edges[0]), Number(edges[1])];
  found[horizontal] += x;
  found[vertical] += y;
  const [left, right] = [Math.min(found[0], found[2]), Math.max(found[0], found[2])];
  const [top, bottom] = [Math.min(found[1], found[3]), Math.max(found[1], found[3])];
  return inside([left, top, right, bottom]);
}

const large = (box) => box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST;

function nudge(x, y, resize) {
  const each = boxes[chosen];
  if (!each || each.gone || each.fixed || item().fixed) return;
  const box = resize ? resized(each.box, "23", x, y) : moved(each.box, x, y);
  if (!large(box)) return;
  remember();
  each.box = box;
  render();
}

async function undo() {
  const last = history.pop();
  if (last) {
    boxes = last.boxes;
    chosen = last.chosen;
    render();
    return;
  }
  try {
    await saving;
    const id = await ask("/undo", {});
    all = await ask("/items");
    if (id !== null) show(all.items.findIndex((one) => one.id === id));
  } catch (error) {
    complain(error);
  }
}

// ---- the mouse

function point(event) {
  const place = at("drawing").getBoundingClientRect();
  const one = item();
  return [((event.clientX - place.left) / place.width) * one.width, ((event.clientY - place.top) / place.height) * one.height];
}

function press(event) {
  if (event.button !== 0) return;
  event.preventDefault();
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  const [x, y] = point(event);
  const target = event.target;
  at("drawing").setPointerCapture(event.pointerId);
  if (target.dataset.edges) {
    drag = { kind: "resize", edges: target.dataset.edges, x, y, from: [...boxes[chosen].box], before: { boxes: copy(boxes), chosen } };
  } else if (target.dataset.box !== undefined) {
    chosen = Number(target.dataset.box);
    const each = boxes[chosen];
    drag = each.fixed || item().fixed ? null : { kind: "move", x, y, from: [...each.box], before: { boxes: copy(boxes), chosen } };
  } else if (!item().fixed) {
    drag = { kind: "draw", x, y, box: null };
  }
  render();
}

function pull(event) {
  if (!drag) return;
  const [x, y] = point(event);
  if (drag.kind === "draw") drag.box = inside([Math.min(x, drag.x), Math.min(y, drag.y), Math.max(x, drag.x), Math.max(y, drag.y)]);
  if (drag.kind === "move") boxes[chosen].box = moved(drag.from, x - drag.x, y - drag.y);
  if (drag.kind === "resize") {
    const box = resized(drag.from, drag.edges, x - drag.x, y - drag.y);
    if (large(box)) boxes[chosen].box = box;
  }
  render();
}

function release() {
  const last = drag;
  drag = null;
  if (!last) return;
  if (last.kind === "draw") {
    if (last.box && large(last.box)) {
      remember();
      boxes.push({ id: null, label: lastLabel ?? all.classes[0], box: last.box, fixed: "", gone: false });
      chosen = boxes.length - 1;
    }
  } else if (boxes[chosen].box.some((side, k) => side !== last.from[k])) {
    history.push(last.before);
  }
  render();
}

// ---- saving

function save(skip) {
  const one = item();
  const left = boxes.filter((each) => !each.gone).map(({ id, label, box }) => ({ id, label, box }));
  const body = { id: one.id, seconds: (performance.now() - shownAt) / 1000, ...(skip ? { skip: true } : { boxes: left }) };
  const before = { now: one.now, skipped: one.skipped };
  Object.assign(one, skip ? { now: null, skipped: true } : { now: copy(left), skipped: false });
  pending += 1;
  at("saved").textContent = "saving …";
  saving = saving.then(() => ask("/answer", body)).then(() => {
    at("trouble").hidden = true;
  }, (error) => {
    Object.assign(one, before);
    complain(error);
    show(all.items.indexOf(one));
  }).finally(() => {
    pending -= 1;
    if (!pending) at("saved").textContent = at("trouble").hidden ? "saved" : "";
  });
  forward();
}

function forward() {
  const later = all.items.findIndex((one, k) => k > here && !answered(one));
  const any = later >= 0 ? later : all.items.findIndex((one) => !answered(one));
  if (any >= 0) {
    show(any);
    return;
  }
  panel();
  at("item").hidden = true;
  at("done").hidden = false;
}

// ---- the keys

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open || at("item").hidden) return;
  if (event.target instanceof HTMLSelectElement && event.key !== "Enter") return;
  if (event.target instanceof HTMLButtonElement && event.key === "Enter") return;
  const step = () => {
    if (boxes.length) choose((chosen + (event.shiftKey ? boxes.length - 1 : 1)) % boxes.length);
  };
  const actions = {
    Tab: step, Enter: () => save(false), a: takeSuggestion, x: remove, Delete: remove, s: () => save(true), u: undo,
    r: () => { remember(); boxes = asGiven(item()); chosen = Math.min(chosen, boxes.length - 1); render(); },
    h: () => at("drawing").classList.toggle("off"), "[": () => show(here - 1), "]": () => show(here + 1), "?": () => at("keys").showModal(),
  };
  if (event.key in ARROWS) nudge(...ARROWS[event.key], event.shiftKey);
  else if (/^[1-9]$/.test(event.key)) setLabel(all.classes[Number(event.key) - 1]);
  else if (Object.hasOwn(actions, event.key)) actions[event.key]();
  else return;
  event.preventDefault();
}

async function start() {
  try {
    all = await ask("/items");
  } catch (error) {
    complain(error);
    return;
  }
  at("counts").textContent = all.counts.length ? `Expected: ${all.counts.join("; ")}.` : "";
  at("label").replaceChildren(...all.classes.map((name, k) => element("option", { value: name, textContent: k < 9 ? `${k + 1}  ${name}` : name })));
  at("label").addEventListener("change", () => setLabel(at("label").value));
  const clicks = {
    accept: takeSuggestion, delete: remove, save: () => save(false), skip: () => save(true), undo, help: () => at("keys").showModal(),
    reset: () => { remember(); boxes = asGiven(item()); chosen = Math.min(chosen, boxes.length - 1); render(); },
    back: () => show(here - 1), next: () => show(here + 1), again: () => show(0),
  };
  for (const [id, action] of Object.entries(clicks)) at(id).addEventListener("click", (event) => { event.currentTarget.blur(); action(); });
  at("drawing").addEventListener("pointerdown", press);
  at("drawing").addEventListener("pointermove", pull);
  at("drawing").addEventListener("pointerup", release);
  at("drawing").addEventListener("pointercancel", release);
  document.addEventListener("keydown", key);
  window.addEventListener("resize", render);
  const first = all.items.findIndex((one) => !answered(one));
  if (first >= 0) show(first);
  else forward();
}

start();
