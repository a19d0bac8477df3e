// Chat messages as elements, kept in step with a list of them by id.

import { save } from "./api.js";
import { copyButton, h, pre, show } from "./dom.js";
import { brief, clock, duration, fileName, moment } from "./format.js";
import { Markdown } from "./markdown.js";

/**
 * A list of messages that redraws only what changed. `onempty` makes what is shown when there are none, `actions` what can be
 * done with a message.
 */
export class MessageList {
  #rows = new Map();

  constructor(onempty, actions) {
    this.onempty = onempty;
    this.actions = actions;
    this.element = h("div.messages", { role: "log", "aria-live": "polite", "aria-label": "Messages", tabindex: 0 });
  }

  /** Show these messages, in this order; keeps to the end of the list if the reader is there. */
  update(messages) {
    const list = this.element;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    this.#rows = new Map(messages.map((message) => {
      const row = this.#rows.get(message.id) ?? new MessageRow(message, this.actions);
      row.update(message);
      return [message.id, row];
    }));
    show(list, messages.length ? [...this.#rows.values()].map(({ element }) => element) : this.onempty());
    // What is read aloud is the message when it is complete, not each of its words.
    list.setAttribute("aria-busy", messages.some(isPartial));
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}

const isPartial = (message) => message.properties?.state === "partial";

class MessageRow {
  #shown = {};

  constructor(message, actions) {
    this.actions = actions;
    this.sender = h("strong");
    this.meta = h("span.muted");
    this.tools = h("span.actions", !actions && copyButton(() => this.#shown.text));
    this.files = h("div.chips");
    this.steps = h("div.steps");
    this.body = h("div.text");
    this.markdown = message.sender === "User" ? null : new Markdown(this.body);
    this.element = h("article", { dataset: { id: message.id } },
      h("header", this.sender, this.meta, this.tools), this.files, this.steps, this.body);
  }

  update(message) {
    const before = this.#shown;
    if (before === message) return;
    this.#shown = message;
    const { properties, content_blocks: blocks, text, sender, edit } = message;
    const kinds = {
      user: sender === "User", machine: sender !== "User", partial: isPartial(message),
      error: message.category === "error" || message.error === true,
    };
    this.element.className = ["message", ...Object.keys(kinds).filter((kind) => kinds[kind])].join(" ");
    if (this.actions) show(this.tools, this.actions(message));
    if (properties !== before.properties || edit !== before.edit) {
      const time = message.timestamp && clock(moment(message.timestamp));
      const tokens = properties?.usage?.total_tokens;
      this.sender.textContent = message.sender_name || sender;
      this.meta.textContent = [time, properties?.source?.source, tokens && `${tokens} tokens`, edit && "edited"].filter(Boolean).join(" · ");
    }
    if (message.files !== before.files) show(this.files, filesOf(message).map(fileChip));
    if (blocks !== before.content_blocks) this.#drawSteps(blocks);
    if (text !== before.text) {
      if (this.markdown) this.markdown.update(text);
      else show(this.body, h("p", text));
    }
  }

  // What the reader has opened stays open.
  #drawSteps(blocks) {
    const folds = () => this.steps.querySelectorAll("details");
    const open = [...folds()].map((fold) => fold.open);
    show(this.steps, (blocks ?? []).flatMap(({ contents }) => contents ?? []).map(step));
    folds().forEach((fold, index) => (fold.open = open[index] ?? false));
  }
}

function filesOf({ files }) {
  const given = typeof files === "string" ? JSON.parse(files || "[]") : files ?? [];
  return given.map((file) => file?.path ?? file).filter((path) => typeof path === "string");
}

function fileChip(path) {
  const address = `api/v1/files/download/${path.split("/").map(encodeURIComponent).join("/")}`;
  return h("button.chip", { title: "Download", onclick: () => save(address, fileName(path)) }, fileName(path));
}

/** What an agent did on its way to the answer: a fold for each tool it used, and what to do about a failure. */
function step({ type, name, text, header, solution, tool_input: input, output, error, duration: time }) {
  if (type === "tool_use") {
    const result = error ?? output?.content ?? output ?? null;
    const over = result !== null;
    return h("details.step", { class: error ? "failed" : over && "done" },
      h("summary", h("span.grow", over ? "Used " : "Using ", h("code", brief(name, 80))), time > 0 && h("span.muted", duration(time / 1000))),
      h("div.muted", "Input"), pre(input),
      over && [h("div.muted", error ? "Error" : "Output"), pre(result)]);
  }
  const note = type === "text" && header?.title !== "Output" ? text : type === "error" && solution;
  return note && h("p.muted", note);
}
