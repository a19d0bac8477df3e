// A graph with the run on it: the state of each vertex, what the chosen one made, and the events.

import { h, oncePerFrame, pre, show } from "./dom.js";
import { brief, duration } from "./format.js";
import { Graph } from "./graph.js";
import { EventLog } from "./log.js";
import { stateOf } from "./status.js";

const CONNECTION = { connecting: "connecting …", reconnecting: "connection lost, taking it up again …" };
const TICK = 250;
const LONG = 4000;

/** Draws the `data` of a flow and the runs of it. `onchange(run)` draws what else depends on the run. */
export class RunPanel {
  #run = null;
  #turn = -1;
  #said = "";
  #chosen = null;
  #ticking = setInterval(() => this.#tick(), TICK);
  #draw = oncePerFrame(() => this.#update());

  constructor(data, onchange) {
    this.onchange = onchange;
    this.graph = new Graph(data, (id) => this.#inspect(id));
    this.events = new EventLog((id) => this.graph.box(id)?.name ?? id);
    this.state = h("span", { role: "status" }, h("span.state", "Not run yet"));
    this.clock = h("span.clock");
    this.about = h("span.about");
    this.requests = h("div", { "aria-live": "polite" });
    this.inspector = h("aside.inspector", { "aria-label": "Component", hidden: true });
    this.element = h("section.run", { "aria-label": "Graph and events" },
      h("div.stage", this.graph.element, this.inspector),
      this.requests,
      h("div.status", this.state, this.clock, this.about),
      this.events.element);
  }

  /** Show this run from now on; the events of the first one are opened where there is room. */
  follow(run) {
    if (!this.#run) this.events.element.open = matchMedia("(min-width: 901px) and (min-height: 700px)").matches;
    this.#run?.removeEventListener("change", this.#draw);
    this.#run = run;
    this.#turn = -1;
    this.#said = "";
    run.addEventListener("change", this.#draw);
    this.#draw();
  }

  leave() {
    clearInterval(this.#ticking);
    this.#run?.removeEventListener("change", this.#draw);
  }

  #update() {
    const run = this.#run;
    this.events.update(run.frames);
    if (run.turn !== this.#turn) {
      this.#turn = run.turn;
      this.graph.update(run.vertices);
      if (!this.inspector.hidden) this.#inspect(this.#chosen);
    }
    const said = [run.status, run.connection, run.error, ...run.requests.keys()].join("\n");
    if (said !== this.#said) {
      this.#said = said;
      show(this.state, stateOf(run.status));
      show(this.about,
        h("a", { href: `#/jobs/${run.id}` }, `Job ${run.id.slice(-8)}`),
        CONNECTION[run.connection] && h("span.muted", CONNECTION[run.connection]),
        run.error && h("span.failure", { role: "alert" }, brief(run.error, 300)));
      show(this.requests, run.status === "suspended" && [...run.requests.values()].map((request) => asked(run, request)));
    }
    this.#tick();
    this.onchange(run);
  }

  #tick() {
    const seconds = this.#run?.seconds ?? null;
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
      h("div.row", h("strong.grow", brief(box.name, 200)), h("button.ghost", { "aria-label": "Close", onclick: close }, "×")),
      h("p.muted", brief(`${box.type} · ${box.id}`, 200)),
      box.description && h("p", brief(box.description, 300)),
      vertices.map((vertex) => [
        vertex.error && h("p.failure", brief(vertex.error, LONG)),
        !vertex.error && Object.entries(vertex.data?.outputs ?? {}).map(made),
      ]),
      !vertices.some(({ data }) => data) && box.fields.filter(({ value }) => value)
        .map(({ label, value }) => h("p", h("span.muted", label), ` ${value}`)));
  }
}

/** What a person is asked before the run goes on, and the answers there are. */
function asked(run, request) {
  return h("section.decision", { "aria-label": "Decision" },
    h("p", h("strong", "The flow waits for a decision. "), brief(request.prompt, 2000)),
    h("div.row", request.options.map(({ action_id: action, label }) =>
      h("button", { onclick: () => run.decide(request, action) }, brief(label, 80)))));
}

function made([name, output]) {
  const value = output?.message ?? output;
  return value !== "" && value !== null && h("details", { open: true }, h("summary", name), pre(value, LONG));
}
