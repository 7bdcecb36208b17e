"use strict";

const COLOURS = { given: [224, 138, 0], suggested: [31, 122, 224] };

let all = null; // what /items said
let here = -1; // number of the region that is shown, -1 before the first
let shape = null; // its pixels, as /region said
let view = "given"; // what is drawn: given, suggested or none
let filled = true;
let shownAt = 0;
let busy = false; // an answer is on its way

const item = () => all.items[here];
const isRandom = () => item().kind === "random";

// ---- showing

async function show(number) {
  here = Math.max(0, Math.min(number, all.items.length - 1));
  const one = item();
  shape = null;
  view = isRandom() || one.kind !== "missing" ? "given" : "suggested";
  at("picture").src = `/picture?id=${encodeURIComponent(one.id)}`;
  at("sample").textContent = one.id;
  at("item").hidden = false;
  at("done").hidden = true;
  at("label").value = one.suggested ?? all.classes[0];
  panel();
  draw();
  try {
    const found = await ask(`/region?item=${one.question}`);
    if (item() !== one) return;
    shape = found;
    shownAt = performance.now();
    panel();
    draw();
  } catch (error) {
    complain(error);
  }
}

function inside(runs, width, height) {
  const found = new Uint8Array(width * height); // row by row; the runs go column by column
  let k = 0;
  runs.forEach((length, number) => {
    for (const end = k + length; k < end; k += 1) if (number % 2) found[(k % height) * width + Math.floor(k / height)] = 1;
  });
  return found;
}

function paint(picture, region, colour, width, height) {
  const reach = Math.max(1, Math.round(Math.max(width, height) / 500));
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
    if (!region[y * width + x]) continue;
    let edge = x < reach || y < reach || x >= width - reach || y >= height - reach;
    for (let d = 1; d <= reach && !edge; d += 1) edge = !region[y * width + x - d] || !region[y * width + x + d] || !region[(y - d) * width + x] || !region[(y + d) * width + x];
    if (edge || filled) picture.data.set([...colour, edge ? 255 : 90], 4 * (y * width + x));
  }
}

function colourOf(k) {
  const part = (shift) => Math.round(127 + 120 * Math.cos(2.4 * k + shift));
  return [part(0), part(2.1), part(4.2)];
}

function draw() {
  const { width, height } = item();
  const room = at("stage").getBoundingClientRect();
  const scale = Math.min(room.width / width, room.height / height);
  at("canvas").style.width = `${width * scale}px`;
  at("canvas").style.height = `${height * scale}px`;
  Object.assign(at("drawing"), { width, height });
  for (const name of ["given", "suggested", "none"]) at(`view-${name}`).setAttribute("aria-pressed", view === name);
  at("fill").setAttribute("aria-pressed", filled);
  at("drawing").dataset.view = shape === null ? "" : view;
  if (shape === null || view === "none") return;
  const pen = at("drawing").getContext("2d");
  const picture = pen.createImageData(width, height);
  if (isRandom()) for (const [k, part] of shape.parts.entries()) paint(picture, inside(part.runs, width, height), colourOf(k), width, height);
  else paint(picture, inside(shape[view], width, height), COLOURS[view], width, height);
  pen.putImageData(picture, 0, 0);
}

function panel() {
  const one = item();
  const random = isRandom();
  const total = all.items.length;
  const done = all.items.filter((each) => each.answer).length;
  showProgress(done, total, "regions ");
  at("place").textContent = `Region ${here + 1} of ${total}`;
  const said = one.answer;
  at("state").textContent = said ? `answered: ${said.label ?? said.verdict}` : "";
  at("question").textContent = random ? "A random image: is the whole mask right?" : `The region ${one.reason}`;
  at("given-words").textContent = random ? "The whole mask is right" : one.kind === "class" ? `${one.given}, as given` : "As given";
  at("suggested-words").textContent = one.kind === "border" ? "The suggested border" : `${one.suggested}, as suggested`;
  for (const id of ["suggested", "view-suggested", "edit"]) at(id).hidden = random;
  at("legend").replaceChildren(...(random && shape ? shape.parts : []).map((part, k) => {
    const mark = element("i");
    mark.style.background = `rgb(${colourOf(k).join(" ")})`;
    return element("li", {}, mark, part.label);
  }));
  for (const name of ["given", "suggested", "class", "unsure", "skip"]) at(name).setAttribute("aria-pressed", said !== null && said.verdict === name);
  at("back").disabled = here === 0;
  at("next").disabled = here === total - 1;
}

function look(name) {
  if (name === "suggested" && isRandom()) return;
  view = view === name ? "none" : name;
  draw();
}

// ---- answers

async function answer(verdict) {
  if (busy || shape === null || (isRandom() && ["suggested", "class"].includes(verdict))) return;
  const one = item();
  const label = verdict === "class" ? at("label").value : null;
  busy = true;
  at("saved").textContent = "saving …";
  try {
    await ask("/answer", { question: one.question, verdict, label, seconds: (performance.now() - shownAt) / 1000 });
    one.answer = { verdict, label };
    at("trouble").hidden = true;
    at("saved").textContent = "saved";
    forward();
  } catch (error) {
    at("saved").textContent = "";
    complain(error);
  } finally {
    busy = false;
  }
}

function forward() {
  const later = all.items.findIndex((one, k) => k > here && !one.answer);
  const any = later >= 0 ? later : all.items.findIndex((one) => !one.answer);
  if (any >= 0) {
    show(any);
    return;
  }
  here = Math.max(here, 0);
  panel();
  at("item").hidden = true;
  at("done").hidden = false;
}

async function undo() {
  if (busy) return;
  busy = true;
  try {
    const question = await ask("/undo", {});
    all = await ask("/items");
    if (question !== null) show(all.items.findIndex((one) => one.question === question));
  } catch (error) {
    complain(error);
  } finally {
    busy = false;
  }
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target instanceof HTMLSelectElement) return;
  const actions = {
    g: () => answer("given"), a: () => answer("suggested"), c: () => answer("class"), n: () => answer("unsure"), s: () => answer("skip"),
    1: () => look("given"), 2: () => look("suggested"), h: () => look("none"), f: () => { filled = !filled; draw(); },
    "[": () => show(here - 1), "]": () => show(here + 1),
  };
  if (event.key === "u") undo();
  else if (Object.hasOwn(actions, event.key) && !at("item").hidden) actions[event.key]();
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
  at("label").replaceChildren(...all.classes.map((name) => element("option", { value: name, textContent: name })));
  at("label").addEventListener("change", () => at("label").blur());
  const clicks = {
    "view-given": () => look("given"), "view-suggested": () => look("suggested"), "view-none": () => look("none"),
    fill: () => { filled = !filled; draw(); }, undo, back: () => show(here - 1), next: () => show(here + 1), again: () => show(0),
    ...Object.fromEntries(["given", "suggested", "class", "unsure", "skip"].map((name) => [name, () => answer(name)])),
  };
  for (const [id, action] of Object.entries(clicks)) at(id).addEventListener("click", (event) => { event.currentTarget.blur(); action(); });
  document.addEventListener("keydown", key);
  window.addEventListener("resize", draw);
  forward();
}

start();
