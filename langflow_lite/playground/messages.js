// Chat messages as elements, kept in step with a list of them by id.

import { save } from "./api.js";
import { copyFrom, h, show } from "./dom.js";
import { brief, clock, duration, fileName, moment } from "./format.js";
import { Markdown } from "./markdown.js";

/** A list of messages that redraws only what changed. `onempty` makes what is shown when there are none, `actions` what can be done with a message. */
export class MessageList {
  #drawn = new Map();

  constructor(onempty, actions) {
    this.onempty = onempty;
    this.actions = actions;
    this.element = h("div", { class: "messages", role: "log", "aria-live": "polite", "aria-label": "Messages", tabindex: 0 });
  }

  /** Show these messages, in this order; keeps to the end of the list if the reader is there. */
  update(messages) {
    const list = this.element;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    const wanted = messages.map((message) => this.#row(message));
    if (!wanted.length) {
      this.#drawn.clear();
      show(list, this.onempty?.());
      return;
    }
    wanted.forEach((row, index) => {
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    });
    while (list.children.length > wanted.length) list.lastElementChild.remove();
    const ids = new Set(messages.map(({ id }) => id));
    for (const id of this.#drawn.keys()) if (!ids.has(id)) this.#drawn.delete(id);
    // What is read aloud is the message when it is complete, not each of its words.
    list.setAttribute("aria-busy", messages.some(isPartial));
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  #row(message) {
    let row = this.#drawn.get(message.id);
    if (!row) this.#drawn.set(message.id, (row = new MessageRow(message, this.actions)));
    row.update(message);
    return row.element;
  }
}

const isPartial = (message) => message.properties?.state === "partial";

class MessageRow {
  #shown;
  #text;

  constructor(message, actions) {
    this.actions = actions;
    this.meta = h("span", { class: "muted" });
    this.files = h("div", { class: "chips" });
    this.steps = h("div", { class: "steps" });
    this.body = h("div", { class: "text" });
    this.#text = message.sender === "User" ? null : new Markdown(this.body);
    this.sender = h("strong", {});
    this.tools = h("span", { class: "actions" });
    this.element = h("article", { dataset: { id: message.id } },
      h("header", {}, this.sender, this.meta, this.tools),
      this.files, this.steps, this.body);
  }

  update(message) {
    const before = this.#shown;
    if (before === message) return;
    this.#shown = message;
    const { properties, content_blocks: blocks, text } = message;
    const failed = message.category === "error" || message.error === true;
    this.element.className = `message ${message.sender === "User" ? "user" : "machine"}${failed ? " error" : ""}${isPartial(message) ? " partial" : ""}`;
    if (this.actions) show(this.tools, this.actions(message));
    else if (!before) show(this.tools, h("button", { type: "button", onclick: (event) => copyFrom(event.currentTarget, this.#shown.text) }, "Copy"));
    if (properties !== before?.properties || message.edit !== before.edit) {
      const tokens = properties?.usage?.total_tokens;
      this.sender.textContent = message.sender_name || message.sender;
      this.meta.textContent = [message.timestamp && clock(moment(message.timestamp)), properties?.source?.source, tokens && `${tokens} tokens`, message.edit && "edited"].filter(Boolean).join(" · ");
    }
    if (message.files !== before?.files) show(this.files, files(message).map((path) => h("button", { type: "button", class: "chip", title: "Download", onclick: () => download(path) }, fileName(path))));
    if (blocks !== before?.content_blocks) this.#drawSteps(blocks);
    if (text !== before?.text) {
      if (this.#text) this.#text.update(text);
      else show(this.body, h("p", {}, text));
    }
  }

  // What the reader has opened stays open.
  #drawSteps(blocks) {
    const open = [...this.steps.querySelectorAll("details")].map((fold) => fold.open);
    show(this.steps, steps(blocks));
    this.steps.querySelectorAll("details").forEach((fold, index) => (fold.open = open[index] ?? false));
  }
}

function files(message) {
  let given = message.files ?? [];
  if (typeof given === "string") given = JSON.parse(given || "[]");
  return given.map((file) => file?.path ?? file).filter((path) => typeof path === "string");
}

function download(path) {
  save("GET", `api/v1/files/download/${path.split("/").map(encodeURIComponent).join("/")}`, fileName(path));
}

/** What an agent did on its way to the answer: a fold for each tool it used, and what to do about a failure. */
function steps(blocks) {
  return (blocks ?? []).flatMap(({ contents }) => contents ?? []).map((step) => {
    if (step.type === "tool_use") {
      const result = step.error ?? step.output?.content ?? step.output;
      const over = result !== null && result !== undefined;
      return h("details", { class: step.error ? "step failed" : over ? "step done" : "step" },
        h("summary", {}, h("span", { class: "grow" }, over ? "Used " : "Using ", h("code", {}, brief(step.name, 80))), step.duration ? h("span", { class: "muted" }, duration(step.duration / 1000)) : null),
        h("div", { class: "muted" }, "Input"), h("pre", { tabindex: 0 }, JSON.stringify(step.tool_input, null, 2)),
        over && [h("div", { class: "muted" }, step.error ? "Error" : "Output"), h("pre", { tabindex: 0 }, typeof result === "string" ? result : JSON.stringify(result, null, 2))]);
    }
    if (step.type === "text" && step.header?.title !== "Output") return h("p", { class: "muted" }, step.text);
    if (step.type === "error") return step.solution && h("p", { class: "muted" }, step.solution);
    return null;
  });
}

/** One line for a message, for lists of sessions. */
export const line = (message) => `${message.sender_name || message.sender}: ${brief(message.text, 90)}`;
