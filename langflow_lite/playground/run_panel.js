// A graph with the run on it: the state of each vertex, what the chosen one made, and the events.

import { h, show } from "./dom.js";
import { brief, duration, STATUS } from "./format.js";
import { Graph } from "./graph.js";
import { EventList } from "./log.js";

const CONNECTION = { connecting: "connecting …", reconnecting: "connection lost, taking it up again …", live: "", ended: "" };

export class RunPanel {
  #run = null;

  constructor(data) {
    this.graph = new Graph(data, (id) => this.#inspect(id));
    this.events = new EventList();
    this.status = h("p", { class: "status", role: "status" }, "Not run yet.");
    this.inspector = h("div", { class: "inspector", hidden: true });
    this.element = h("section", { class: "run", "aria-label": "Graph and events" },
      h("div", { class: "stage" }, this.graph.element, this.inspector),
      this.status,
      h("details", { class: "log", open: true }, h("summary", {}, "Events"), this.events.element));
  }

  /** Forget the run that was shown. */
  clear() {
    this.events.clear();
    this.graph.update(new Map());
  }

  /** Show how the run stands; null for none. */
  update(run) {
    this.#run = run;
    if (!run) return;
    this.graph.update(run.vertices);
    this.events.update(run.frames, (id) => this.graph.box(id)?.name ?? id);
    show(this.status,
      h("span", { class: `state ${run.status}` }, STATUS[run.status] ?? run.status),
      run.seconds !== null && h("span", {}, duration(run.seconds)),
      h("a", { href: `#/jobs/${run.jobId}` }, `Job ${run.jobId.slice(-8)}`),
      CONNECTION[run.connection] && h("span", { class: "muted" }, CONNECTION[run.connection]),
      run.error && h("span", { class: "failure" }, brief(run.error, 300)));
    if (!this.inspector.hidden) this.#inspect(this.inspector.dataset.id);
  }

  #inspect(id) {
    const box = this.graph.box(id);
    this.inspector.hidden = !box;
    if (!box) return;
    this.inspector.dataset.id = id;
    const vertices = [id, ...box.group].map((one) => this.#run?.vertices.get(one)).filter(Boolean);
    show(this.inspector,
      h("div", { class: "row" }, h("strong", { class: "grow" }, box.name),
        h("button", { type: "button", "aria-label": "Close", onclick: () => { this.inspector.hidden = true; this.graph.select(null); } }, "×")),
      h("p", { class: "muted" }, `${box.type} · ${box.id}`),
      box.description && h("p", {}, brief(box.description, 300)),
      vertices.map((vertex) => [
        vertex.error && h("p", { class: "failure" }, vertex.error),
        Object.entries(vertex.data?.outputs ?? {}).map(([name, output]) => h("details", { open: true }, h("summary", {}, name), h("pre", {}, made(output)))),
      ]));
  }
}

function made(output) {
  const value = output?.message ?? output;
  return brief(typeof value === "string" ? value : JSON.stringify(value, null, 2), 4000);
}
