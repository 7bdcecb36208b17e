"use strict";

// What the pages of labels, boxes and masks share; each page's own script comes after this one.

const at = (id) => document.getElementById(id);
const element = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Error("datacheck review is not running any more: start it again and open its new link. All answers so far are saved.");
  }
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error);
  return answer.value;
}

function complain(error) {
  at("trouble").textContent = error.message;
  at("trouble").hidden = false;
}

// Show how many of all items are answered; `what` are the items in words.
function showProgress(done, total, what = "") {
  at("progress").replaceChildren(element("b", { textContent: done.toLocaleString() }), ` of ${total.toLocaleString()} ${what}answered`);
  at("bar").style.width = `${(100 * done) / Math.max(1, total)}%`;
  at("track").setAttribute("aria-valuemax", total);
  at("track").setAttribute("aria-valuenow", done);
}
