// The chat with a flow: its sessions, what was said in them, and what is asked next.

import { get, query } from "./api.js";
import { h, options, pre, show, toast } from "./dom.js";
import { inputOf } from "./exported.js";
import { brief, fileName } from "./format.js";
import { icon } from "./icons.js";
import { MessageList } from "./messages.js";
import { filePicker, upload } from "./upload.js";

const MESSAGES = "api/v1/monitor/messages";
const HISTORY = 200;
const TALLEST = 220;
// What is longer than anybody reads is on the page of the job.
const LONGEST = 100_000;
const WORDS = {
  chat: { placeholder: "Message the flow", empty: "Say something to the flow.", send: "Send" },
  text: { placeholder: "Text for the flow", empty: "Give the flow a text.", send: "Run" },
  any: { placeholder: "Payload of the webhook, as JSON", empty: "Give the flow what its webhook would receive.", send: "Run" },
  none: { empty: "This flow takes no input.", send: "Run" },
};

/** A panel that asks `start(request)` to run the flow; `request` is the body of the Workflow API without the flow. */
export class Chat {
  #history = [];
  #run = null;
  #files = [];
  #uploads = 0;
  #last = "";
  #outputs = -1;
  #starting = false;
  #loaded;
  #ready = new Promise((resolve) => (this.#loaded = resolve));

  constructor(flow, { start, stop, onchange }) {
    this.flow = flow;
    this.input = inputOf(flow.data);
    this.start = start;
    this.onchange = onchange;
    const words = WORDS[this.input?.kind ?? "none"];
    const takesFiles = this.input?.kind === "chat";
    const submit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    this.sessions = h("select", { "aria-label": "Session", onchange: () => this.choose(this.sessions.value) });
    this.list = new MessageList(() => h("div.empty", words.empty));
    this.outputs = h("div.outputs");
    this.chips = h("div.chips", { "aria-live": "polite" });
    this.box = h("textarea", {
      rows: 1, placeholder: words.placeholder, "aria-label": "Message", hidden: !this.input,
      oninput: () => this.#grow(),
      onkeydown: (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && submit(event),
    });
    this.sendButton = h("button.primary", { type: "submit" }, words.send, icon("send"));
    this.stopButton = h("button.danger", { hidden: true, onclick: stop }, "Stop", icon("stop"));
    const picker = filePicker((chosen) => this.#attach(chosen), { "aria-label": "Files" });
    this.element = h("div.chat", {
      ondrop: takesFiles && ((event) => {
        event.stopPropagation();
        event.preventDefault();
        this.#attach([...event.dataTransfer.files]);
      }),
    },
      h("div.row.bar",
        h("label.grow", h("span.muted", "Session"), this.sessions),
        h("button", { onclick: () => this.#begin() }, icon("plus"), "New session")),
      this.list.element, this.outputs,
      h("form.composer", { onsubmit: submit },
        this.chips, this.box,
        h("div.row",
          takesFiles && h("button.ghost", {
            "aria-label": "Attach files", title: "Attach files, or drop them here", onclick: () => picker.click(),
          }, icon("attach")),
          picker,
          h("span.grow.muted.hint", this.input && "Enter sends, Shift+Enter breaks the line"), this.stopButton, this.sendButton)));
  }

  focus() {
    (this.input ? this.box : this.sendButton).focus({ preventScroll: true });
  }

  /** The request as it would be sent now; while nothing is typed, with what was said last, or else `otherwise`. */
  request(otherwise = "") {
    return {
      ...(this.input && { input_value: this.box.value || this.#last || otherwise, input_type: this.input.kind }),
      session_id: this.session,
      ...(this.#files.length && { files: this.#files }),
    };
  }

  /** Read the sessions there are and open one: the given, else the one of this tab, else the newest, else a new one. */
  async load(session) {
    const known = await get(query(`${MESSAGES}/sessions`, { flow_id: this.flow.id }));
    await this.choose(session ?? sessionStorage.getItem(this.#key) ?? known[0] ?? newSession(known), known);
    this.#loaded();
  }

  get #key() {
    return `langflow-lite.session.${this.flow.id}`;
  }

  #known() {
    return [...this.sessions.options].map((option) => option.value);
  }

  async #begin() {
    await this.choose(newSession(this.#known()));
    this.focus();
  }

  /** Open a session. */
  async choose(session, known = this.#known()) {
    this.session = session;
    sessionStorage.setItem(this.#key, session);
    const all = new Set([...known, session]);
    const nameOf = (id) => (id === this.flow.id ? "Default session" : brief(id, 80));
    show(this.sessions, options([...all].map((id) => [id, nameOf(id)]), session));
    const history = await get(query(MESSAGES, { flow_id: this.flow.id, session_id: session, order: "DESC", limit: HISTORY }));
    if (this.session !== session) return;
    this.#history = history.reverse();
    this.#draw();
    this.list.element.scrollTop = this.list.element.scrollHeight;
    this.onchange();
  }

  /** Show the messages of a run as they grow. */
  follow(run) {
    if (run !== this.#run) {
      this.#history = this.#all();
      this.#outputs = -1;
    }
    this.#run = run;
    this.#draw();
  }

  /** What was said before and what the run says, which knows better how its own messages stand. */
  #all() {
    const live = [...(this.#run?.messages.values() ?? [])].filter((message) => message.session_id === this.session);
    return [...new Map([...this.#history, ...live].map((message) => [message.id, message])).values()];
  }

  #draw() {
    const { active = false, outputs = [] } = this.#run ?? {};
    const messages = this.#all();
    this.list.update(messages);
    this.stopButton.hidden = !active;
    this.sendButton.hidden = active;
    if (outputs.length === this.#outputs) return;
    this.#outputs = outputs.length;
    const said = new Set(messages.map(({ text }) => text));
    const others = outputs.filter(({ content, type }) => content !== null && (type !== "message" || !said.has(content)));
    show(this.outputs, others.map(({ display_name: name, content }) =>
      h("details", { open: true }, h("summary", brief(name, 80)), pre(content, LONGEST))));
  }

  #grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight + 2, TALLEST)}px`;
    this.onchange();
  }

  async #submit() {
    if (this.#starting || this.#run?.active) return;
    if (this.#uploads) {
      toast("The files are still being uploaded.");
      return;
    }
    this.#starting = this.sendButton.disabled = true;
    const sent = this.box.value;
    try {
      // Who types fast is ahead of the sessions.
      await this.#ready;
      await this.start({ ...this.request(), ...(this.input && { input_value: sent }) });
      this.#last = sent;
      // What was typed while the request was on its way stays.
      if (this.box.value === sent) this.box.value = "";
      this.#files = [];
      this.#drawFiles();
      this.#grow();
      if (this.input) this.box.focus();
    } finally {
      this.#starting = this.sendButton.disabled = false;
    }
  }

  async #attach(chosen) {
    this.#uploads += 1;
    this.#drawFiles();
    await upload(`api/v1/files/upload/${this.flow.id}`, chosen, ({ file_path: path }) => this.#files.push(path));
    this.#uploads -= 1;
    this.#drawFiles();
  }

  #drawFiles() {
    const remove = (path) => {
      this.#files = this.#files.filter((other) => other !== path);
      this.#drawFiles();
      this.focus();
    };
    show(this.chips,
      this.#files.map((path) => h("span.chip", fileName(path),
        h("button.ghost", { "aria-label": `Remove ${fileName(path)}`, onclick: () => remove(path) }, "×"))),
      this.#uploads > 0 && h("span.chip.muted", "Uploading …"));
    this.onchange();
  }
}

/** The name of a session that begins now, unlike those that are known. */
function newSession(known) {
  const now = new Date();
  const day = now.toLocaleDateString("en", { month: "short", day: "numeric" });
  const name = `Session ${day}, ${now.toLocaleTimeString("en-GB")}`;
  let free = name;
  for (let count = 2; known.includes(free); count++) free = `${name} (${count})`;
  return free;
}
