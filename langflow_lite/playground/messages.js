// Chat messages as elements, kept in step with a list of them by id.

import { save } from "./api.js";
import { h, show } from "./dom.js";
import { brief, clock, duration, fileName, moment } from "./format.js";
import { markdown } from "./markdown.js";

/** A list of messages that redraws only what changed. `onempty` makes what is shown when there are none, `actions` what can be done with a message. */
export class MessageList {
  #drawn = new Map();

  constructor(onempty, actions) {
    this.onempty = onempty;
    this.actions = actions;
    this.element = h("div", { class: "messages", role: "log", "aria-live": "polite", "aria-label": "Messages" });
  }

  /** Show these messages, in this order; keeps to the end of the list if the reader is there. */
  update(messages) {
    const atEnd = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 60;
    const wanted = messages.map((message) => this.#row(message));
    if (!wanted.length) {
      this.#drawn.clear();
      show(this.element, this.onempty?.());
      return;
    }
    wanted.forEach((row, index) => {
      if (this.element.children[index] !== row) this.element.insertBefore(row, this.element.children[index] ?? null);
    });
    while (this.element.children.length > wanted.length) this.element.lastElementChild.remove();
    const ids = new Set(messages.map(({ id }) => id));
    for (const id of this.#drawn.keys()) if (!ids.has(id)) this.#drawn.delete(id);
    if (atEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  #row(message) {
    const known = this.#drawn.get(message.id);
    if (known?.message === message) return known.row;
    const row = known?.row ?? h("article", {});
    const partial = message.properties?.state === "partial";
    row.className = `message ${message.sender === "User" ? "user" : "machine"}${message.category === "error" ? " error" : ""}${partial ? " partial" : ""}`;
    row.dataset.id = message.id;
    const source = message.properties?.source?.source;
    const meta = [message.timestamp && clock(moment(message.timestamp)), source, usage(message), message.edit && "edited"].filter(Boolean).join(" · ");
    show(row,
      h("header", {}, h("strong", {}, message.sender_name || message.sender), h("span", { class: "muted" }, meta), this.actions && h("span", { class: "actions" }, this.actions(message))),
      files(message).map((path) => h("button", { type: "button", class: "chip", onclick: () => download(path) }, fileName(path))),
      blocks(message),
      h("div", { class: "text" }, message.sender === "User" ? h("p", {}, message.text) : markdown(message.text)));
    this.#drawn.set(message.id, { message, row });
    return row;
  }
}

function usage(message) {
  const total = message.properties?.usage?.total_tokens;
  return total ? `${total} tokens` : "";
}

function files(message) {
  const given = typeof message.files === "string" ? JSON.parse(message.files || "[]") : message.files ?? [];
  return given.map((file) => file?.path ?? file).filter((path) => typeof path === "string");
}

function download(path) {
  save("GET", `api/v1/files/download/${path.split("/").map(encodeURIComponent).join("/")}`, fileName(path));
}

/** What an agent did on its way to the answer: a fold for each tool it used, and why something failed. */
function blocks(message) {
  return (message.content_blocks ?? []).flatMap(({ contents }) => contents ?? []).map((step) => {
    if (step.type === "tool_use") {
      const result = step.error ?? step.output?.content ?? step.output;
      return h("details", { class: step.error ? "step failed" : "step" },
        h("summary", {}, `${step.output === null || step.output === undefined ? "Using" : "Used"} ${step.name}`,
          step.duration ? h("span", { class: "muted" }, duration(step.duration / 1000)) : null),
        h("pre", {}, JSON.stringify(step.tool_input, null, 2)),
        result !== null && result !== undefined && h("pre", {}, typeof result === "string" ? result : JSON.stringify(result, null, 2)));
    }
    if (step.type === "error") return step.solution && h("p", { class: "muted" }, step.solution);
    return null;
  });
}

/** One line for a message, for lists of sessions. */
export const line = (message) => `${message.sender_name || message.sender}: ${brief(message.text, 90)}`;
