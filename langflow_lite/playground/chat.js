// The chat with a flow: its sessions, what was said in them, and what is asked next.

import { call, get, query } from "./api.js";
import { h, show, toast } from "./dom.js";
import { brief, fileName } from "./format.js";
import { MessageList } from "./messages.js";

const HISTORY = 200;

/** How the flow takes its input: through a chat, a text, or not at all. */
function inputOf(nodes) {
  const input = (type) => nodes.find((node) => node.data?.type === type);
  return { chat: input("ChatInput")?.id, text: input("TextInput")?.id };
}

/** A panel that asks `start(request)` to run the flow; `request` is the body of the Workflow API without the flow. */
export class Chat {
  #history = [];
  #run = null;
  #files = [];
  #last = "";

  constructor(flow, { start, stop, onchange }) {
    this.flow = flow;
    this.input = inputOf(flow.data?.nodes ?? []);
    this.onchange = onchange;
    this.start = start;
    this.sessions = h("select", { "aria-label": "Session", onchange: () => this.choose(this.sessions.value) });
    this.list = new MessageList(() => h("p", { class: "empty" }, this.input.chat || this.input.text ? "Say something to the flow." : "This flow takes no input. Run it."));
    this.outputs = h("div", { class: "outputs" });
    this.box = h("textarea", {
      rows: 1, placeholder: this.input.chat || this.input.text ? "Message" : "No input is needed", "aria-label": "Message",
      oninput: () => this.#grow(),
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.#submit();
        }
      },
    });
    this.sendButton = h("button", { type: "submit", class: "primary" }, this.input.chat || this.input.text ? "Send" : "Run");
    this.stopButton = h("button", { type: "button", class: "danger", hidden: true, onclick: stop }, "Stop");
    this.chips = h("div", { class: "chips" });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#attach([...this.picker.files]) });
    this.element = h("div", { class: "chat" },
      h("div", { class: "row bar" }, h("label", { class: "grow" }, "Session ", this.sessions), h("button", { type: "button", onclick: () => this.choose(newSession()) }, "New session")),
      this.list.element, this.outputs,
      h("form", {
        class: "composer",
        onsubmit: (event) => { event.preventDefault(); this.#submit(); },
        ondragover: (event) => event.preventDefault(),
        ondrop: (event) => { event.preventDefault(); event.stopPropagation(); this.#attach([...event.dataTransfer.files]); },
      },
        this.chips,
        this.box,
        h("div", { class: "row end" },
          this.input.chat && h("button", { type: "button", onclick: () => this.picker.click() }, "Attach files"), this.picker,
          h("span", { class: "grow" }), this.stopButton, this.sendButton)));
  }

  /** The request as it would be sent now; while nothing is typed, with what was said last. */
  request() {
    const text = this.box.value || this.#last;
    return {
      ...((this.input.chat || this.input.text) && { input_value: text, input_type: this.input.chat ? "chat" : "text" }),
      session_id: this.session,
      ...(this.#files.length && { files: this.#files }),
    };
  }

  /** Read the sessions there are and open one: the given, else the newest, else a new one. */
  async load(session) {
    const known = await get(query("api/v1/monitor/messages/sessions", { flow_id: this.flow.id }));
    await this.choose(session ?? sessionStorage.getItem(this.#key) ?? known.at(-1) ?? newSession(), known);
  }

  get #key() {
    return `langflow-lite.session.${this.flow.id}`;
  }

  /** Open a session. */
  async choose(session, known = [...this.sessions.options].map((option) => option.value)) {
    this.session = session;
    sessionStorage.setItem(this.#key, session);
    const all = known.includes(session) ? known : [...known, session];
    show(this.sessions, all.map((id) => h("option", { value: id, selected: id === session }, id === this.flow.id ? "Default session" : id)));
    const history = await get(query("api/v1/monitor/messages", { flow_id: this.flow.id, session_id: session, limit: HISTORY }));
    if (this.session !== session) return;
    this.#history = history;
    this.#draw();
    this.onchange();
  }

  /** Show the messages of a run as they grow; null for none. */
  follow(run) {
    if (this.#run && run !== this.#run) this.#history = this.#all();
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
    this.sendButton.disabled = active;
    const said = new Set(messages.map(({ text }) => text));
    const others = (this.#run?.outputs ?? []).filter(({ content, type }) => type !== "message" || !said.has(content));
    show(this.outputs, others.map((output) => h("details", { open: true }, h("summary", {}, output.display_name), h("pre", {}, typeof output.content === "string" ? output.content : JSON.stringify(output.content, null, 2)))));
  }

  #grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 220)}px`;
    this.onchange();
  }

  async #submit() {
    if (this.#run?.active || this.sendButton.disabled) return;
    this.sendButton.disabled = true;
    this.#last = this.box.value;
    try {
      await this.start(this.request());
      this.box.value = "";
      this.#files = [];
      this.#drawFiles();
      this.#grow();
    } catch (error) {
      toast(error.message, "error");
      this.sendButton.disabled = false;
    }
    this.box.focus();
  }

  async #attach(chosen) {
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
    this.picker.value = "";
    this.#drawFiles();
  }

  #drawFiles() {
    show(this.chips, this.#files.map((path) => h("span", { class: "chip" }, fileName(path),
      h("button", {
        type: "button", "aria-label": `Remove ${fileName(path)}`,
        onclick: () => { this.#files = this.#files.filter((other) => other !== path); this.#drawFiles(); },
      }, "×"))));
    this.onchange();
  }
}

const newSession = () => `session-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, "-")}`;
