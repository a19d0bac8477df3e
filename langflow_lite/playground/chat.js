// The chat with a flow: its sessions, what was said in them, and what is asked next.

import { call, get, query } from "./api.js";
import { h, show, toast } from "./dom.js";
import { inputOf } from "./exported.js";
import { brief, fileName } from "./format.js";
import { icon } from "./icons.js";
import { MessageList } from "./messages.js";

const HISTORY = 200;
const TALLEST = 220;
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
    this.onchange = onchange;
    this.start = start;
    const words = WORDS[this.input?.kind ?? "none"];
    this.sessions = h("select", { "aria-label": "Session", onchange: () => this.choose(this.sessions.value) });
    this.list = new MessageList(() => h("div", { class: "empty" }, words.empty));
    this.outputs = h("div", { class: "outputs" });
    this.box = h("textarea", {
      rows: 1, placeholder: words.placeholder, "aria-label": "Message", hidden: !this.input,
      oninput: () => this.#grow(),
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.#submit();
        }
      },
    });
    this.sendButton = h("button", { type: "submit", class: "primary" }, words.send, icon("send"));
    this.stopButton = h("button", { type: "button", class: "danger", hidden: true, onclick: stop }, "Stop", icon("stop"));
    this.chips = h("div", { class: "chips", "aria-live": "polite" });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Files", onchange: () => this.#attach([...this.picker.files]) });
    const takesFiles = this.input?.kind === "chat";
    const drops = takesFiles && {
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => { event.preventDefault(); event.stopPropagation(); this.#attach([...event.dataTransfer.files]); },
    };
    this.element = h("div", { class: "chat", ...drops },
      h("div", { class: "row bar" }, h("label", { class: "grow" }, h("span", { class: "muted" }, "Session"), this.sessions), h("button", { type: "button", onclick: () => this.choose(newSession(this.#known())).then(() => this.focus()) }, icon("plus"), "New session")),
      this.list.element, this.outputs,
      h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
        this.chips, this.box,
        h("div", { class: "row" },
          takesFiles && h("button", { type: "button", class: "ghost", "aria-label": "Attach files", title: "Attach files, or drop them here", onclick: () => this.picker.click() }, icon("attach")), this.picker,
          h("span", { class: "grow muted hint" }, this.input && "Enter sends, Shift+Enter breaks the line"), this.stopButton, this.sendButton)));
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
    const known = await get(query("api/v1/monitor/messages/sessions", { flow_id: this.flow.id }));
    await this.choose(session ?? sessionStorage.getItem(this.#key) ?? known[0] ?? newSession(known), known);
    this.#loaded();
  }

  get #key() {
    return `langflow-lite.session.${this.flow.id}`;
  }

  #known() {
    return [...this.sessions.options].map((option) => option.value);
  }

  /** Open a session. */
  async choose(session, known = this.#known()) {
    this.session = session;
    sessionStorage.setItem(this.#key, session);
    const all = known.includes(session) ? known : [...known, session];
    show(this.sessions, all.map((id) => h("option", { value: id, selected: id === session }, id === this.flow.id ? "Default session" : brief(id, 80))));
    const history = await get(query("api/v1/monitor/messages", { flow_id: this.flow.id, session_id: session, order: "DESC", limit: HISTORY }));
    if (this.session !== session) return;
    this.#history = history.reverse();
    this.#draw();
    this.list.element.scrollTop = this.list.element.scrollHeight;
    this.onchange();
  }

  /** Show the messages of a run as they grow; null for none. */
  follow(run) {
    if (run !== this.#run) {
      this.#history = this.#all();
      this.#outputs = -1;
    }
    this.#run = run;
    this.#draw();
  }

  #all() {
    const live = this.#run ? [...this.#run.messages.values()].filter((message) => message.session_id === this.session) : [];
    const byId = new Map(live.map((message) => [message.id, message]));
    const merged = this.#history.map((message) => byId.get(message.id) ?? message);
    const old = new Set(this.#history.map(({ id }) => id));
    return [...merged, ...live.filter(({ id }) => !old.has(id))];
  }

  #draw() {
    const active = this.#run?.active ?? false;
    const messages = this.#all();
    this.list.update(messages);
    this.stopButton.hidden = !active;
    this.sendButton.hidden = active;
    const outputs = this.#run?.outputs ?? [];
    if (outputs.length === this.#outputs) return;
    this.#outputs = outputs.length;
    const said = new Set(messages.map(({ text }) => text));
    const others = outputs.filter(({ content, type }) => content !== null && (type !== "message" || !said.has(content)));
    show(this.outputs, others.map((output) => h("details", { open: true }, h("summary", {}, brief(output.display_name, 80)), h("pre", { tabindex: 0 }, shown(output.content)))));
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
      if (!this.box.hidden) this.box.focus();
    } catch (error) {
      toast(error.message, "error");
    }
    this.#starting = this.sendButton.disabled = false;
  }

  async #attach(chosen) {
    this.picker.value = "";
    this.#uploads += 1;
    this.#drawFiles();
    for (const file of chosen) {
      const form = new FormData();
      form.append("file", file);
      try {
        const { file_path: path } = await call("POST", `api/v1/files/upload/${this.flow.id}`, { form });
        this.#files = [...this.#files, path];
      } catch (error) {
        toast(`${brief(file.name, 60)}: ${error.message}`, "error");
      }
    }
    this.#uploads -= 1;
    this.#drawFiles();
  }

  #drawFiles() {
    show(this.chips,
      this.#files.map((path) => h("span", { class: "chip" }, fileName(path),
        h("button", {
          type: "button", class: "ghost", "aria-label": `Remove ${fileName(path)}`,
          onclick: () => { this.#files = this.#files.filter((other) => other !== path); this.#drawFiles(); this.focus(); },
        }, "×"))),
      this.#uploads > 0 && h("span", { class: "chip muted" }, "Uploading …"));
    this.onchange();
  }
}

/** A value as text. What is longer than anybody reads is on the page of the job. */
function shown(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… ${text.length - LONGEST} characters more` : text;
}

/** The name of a session that begins now, unlike those that are known. */
function newSession(known) {
  const now = new Date();
  const name = `Session ${now.toLocaleDateString("en", { month: "short", day: "numeric" })}, ${now.toLocaleTimeString("en-GB")}`;
  let free = name;
  for (let count = 2; known.includes(free); count++) free = `${name} (${count})`;
  return free;
}
