// A graph with the run on it: the state of each vertex, what the chosen one made, and the events.

import { h, show, toast } from "./dom.js";
import { brief, duration, STATUS } from "./format.js";
import { Graph } from "./graph.js";
import { EventList } from "./log.js";

const CONNECTION = { connecting: "connecting …", reconnecting: "connection lost, taking it up again …", live: "", ended: "" };
const LONG = 4000;

export class RunPanel {
  #run = null;
  #turn = -1;
  #said = "";
  #chosen = null;

  constructor(data) {
    this.graph = new Graph(data, (id) => this.#inspect(id));
    this.events = new EventList((id) => this.graph.box(id)?.name ?? id);
    this.state = h("span", { class: "state" }, "Not run yet");
    this.clock = h("span", { class: "clock" });
    this.about = h("span", { class: "about" });
    this.requests = h("div", { "aria-live": "polite" });
    this.inspector = h("aside", { class: "inspector", "aria-label": "Component", hidden: true });
    this.log = h("details", { class: "log", ontoggle: () => this.log.open && this.events.update(this.#run?.frames ?? []) },
      h("summary", {}, "Events ", this.events.count), this.events.element);
    this.element = h("section", { class: "run", "aria-label": "Graph and events" },
      h("div", { class: "stage" }, this.graph.element, this.inspector),
      this.requests,
      h("div", { class: "status" }, h("span", { role: "status" }, this.state), this.clock, this.about),
      this.log);
  }

  /** Forget the run that was shown; the events of the next one are opened. */
  clear() {
    this.#turn = -1;
    this.#said = "";
    this.events.clear();
    this.graph.update(new Map());
  }

  /** Show how the run stands; null for none. */
  update(run) {
    if (!run) return;
    if (!this.#run) this.log.open = matchMedia("(min-width: 901px) and (min-height: 700px)").matches;
    const other = run !== this.#run;
    this.#run = run;
    if (this.log.open) this.events.update(run.frames);
    else this.events.counted(run.frames.length);
    if (other || run.turn !== this.#turn) {
      this.#turn = run.turn;
      this.graph.update(run.vertices);
      if (!this.inspector.hidden) this.#inspect(this.#chosen);
    }
    const said = [run.status, run.connection, run.error, ...run.requests.keys()].join("\n");
    if (other || said !== this.#said) {
      this.#said = said;
      this.state.className = `state ${run.status}`;
      this.state.textContent = STATUS[run.status] ?? run.status;
      show(this.about,
        h("a", { href: `#/jobs/${run.jobId}` }, `Job ${run.jobId.slice(-8)}`),
        CONNECTION[run.connection] && h("span", { class: "muted" }, CONNECTION[run.connection]),
        run.error && h("span", { class: "failure", role: "alert" }, brief(run.error, 300)));
      show(this.requests, run.status === "suspended" && [...run.requests.values()].map((request) => asked(run, request)));
    }
    this.tick();
  }

  /** Bring the time that the run takes up to date. */
  tick() {
    const run = this.#run;
    const seconds = run?.seconds ?? (run?.active && run.begun ? Math.max(0, (Date.now() - run.begun) / 1000) : null);
    this.clock.textContent = seconds === null ? "" : duration(seconds);
  }

  #inspect(id) {
    const box = this.graph.box(id);
    this.inspector.hidden = !box;
    this.#chosen = id;
    if (!box) return;
    const vertices = (box.group.length ? box.group : [id]).map((one) => this.#run?.vertices.get(one)).filter(Boolean);
    const key = JSON.stringify([id, ...vertices.map(({ state, times }) => [state, times])]);
    if (this.inspector.dataset.key === key) return;
    this.inspector.dataset.key = key;
    const close = () => {
      this.graph.choose(null);
      this.graph.element.focus({ preventScroll: true });
    };
    show(this.inspector,
      h("div", { class: "row" }, h("strong", { class: "grow" }, brief(box.name, 200)), h("button", { type: "button", class: "ghost", "aria-label": "Close", onclick: close }, "×")),
      h("p", { class: "muted" }, brief(`${box.type} · ${box.id}`, 200)),
      box.description && h("p", {}, brief(box.description, 300)),
      vertices.map((vertex) => [
        vertex.error && h("p", { class: "failure" }, brief(vertex.error, LONG)),
        Object.entries(vertex.data?.outputs ?? {}).map(([name, output]) => made(name, output, vertex.error)),
      ]),
      !vertices.some(({ data }) => data) && box.fields.filter(({ value }) => value).map(({ label, value }) => h("p", { class: "pair" }, h("span", { class: "muted" }, label), ` ${value}`)));
  }
}

/** What a person is asked before the run goes on, and the answers there are. */
function asked(run, request) {
  const answer = (action) => run.decide(request, action).catch((error) => toast(error.message, "error"));
  return h("section", { class: "decision", "aria-label": "Decision" },
    h("p", {}, h("strong", {}, "The flow waits for a decision. "), brief(request.prompt, 2000)),
    h("div", { class: "row" }, request.options.map(({ action_id: action, label }) => h("button", { type: "button", onclick: () => answer(action) }, brief(label, 80)))));
}

function made(name, output, error) {
  const value = output?.message ?? output;
  if (error || value === "" || value === null) return null;
  const whole = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return h("details", { open: true }, h("summary", {}, name), h("pre", { tabindex: 0 }, whole.length > LONG ? `${whole.slice(0, LONG)}…` : whole));
}
