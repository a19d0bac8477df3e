// The graph of a flow: pan, zoom, choose, and vertices that show how a run stands.

import { boxesOf, curve, elementOf, tinted } from "./boxes.js";
import { h, s } from "./dom.js";
import { brief, duration } from "./format.js";

const MARGIN = 60;
// Below this size the fields of a box are too small to read, and only its name and state are shown.
const FAR = 0.5;
const STEP = 60;
const CLOSER = 1.25;
const STATES = {
  pending: "Waiting", running: "Running", done: "Done", failed: "Failed", stopped: "Stopped", inactive: "Not taken", skipped: "Not run",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = "Graph of the flow. Arrow keys move it, plus and minus zoom, Enter goes to its components.";

const within = (value, least, most) => Math.min(most, Math.max(least, value));

/** Draws the `data` of a flow. `onselect` is told the id of the vertex that was chosen, or null. */
export class Graph {
  #boxes;
  #elements = new Map();
  #edges = [];
  #owner = new Map();
  #shown = new Map();
  #selected = null;
  #view = { x: 0, y: 0, scale: 1 };
  #fitted = true;
  #world;

  constructor(data, onselect) {
    const { boxes, edges } = boxesOf(data);
    this.#boxes = new Map(boxes.map((box) => [box.id, box]));
    this.onselect = onselect;
    this.#draw(edges);
    // A graph that was moved by hand stays where it is.
    new ResizeObserver(() => this.#fitted && this.fit()).observe(this.element);
  }

  #draw(edges) {
    const lines = s("svg.edges", { "aria-hidden": "true" });
    for (const edge of edges) {
      const [from, to] = [this.#boxes.get(edge.source), this.#boxes.get(edge.target)];
      if (!from || !to || from.note !== undefined || to.note !== undefined) continue;
      const path = s("path", { d: curve(from, to, edge), style: tinted(edge.type), class: edge.loop !== undefined && "loop" },
        edge.type && s("title", edge.type));
      this.#edges.push({ ...edge, path });
      lines.append(path);
    }
    this.#world = h("div.world", lines);
    for (const box of this.#boxes.values()) {
      const element = elementOf(box);
      if (box.note !== undefined) {
        lines.before(element);
        continue;
      }
      this.#world.append(element);
      this.#elements.set(box.id, element);
      for (const id of [...box.group, box.id]) this.#owner.set(id, box.id);
    }
    const button = (label, text, onclick) => h("button", { "aria-label": label, title: label, onclick }, text);
    this.element = h("div.graph", { role: "group", "aria-label": HELP, tabindex: 0, onkeydown: (event) => this.#key(event) },
      this.#world,
      !this.#elements.size && h("p.empty", "This flow has no components."),
      h("div.zoom",
        button("Zoom in", "+", () => this.#zoom(CLOSER)),
        button("Zoom out", "−", () => this.#zoom(1 / CLOSER)),
        button("Show all", "⤢", () => this.fit())));
    this.#followPointers();
  }

  #followPointers() {
    const held = new Map();
    let distance = 0;
    const on = (name, act, options) => this.element.addEventListener(name, act, options);
    on("wheel", (event) => {
      event.preventDefault();
      this.#zoom(Math.exp(-event.deltaY * 0.0015), event);
    }, { passive: false });
    on("pointerdown", (event) => {
      if (event.target.closest(".zoom")) return;
      held.set(event.pointerId, event);
      distance = 0;
    });
    on("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      held.set(event.pointerId, event);
      const other = [...held.values()].find(({ pointerId }) => pointerId !== event.pointerId);
      if (other) {
        const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
        const middle = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 };
        this.#zoom(apart(event) / apart(before), middle);
        return;
      }
      const [x, y] = [event.clientX - before.clientX, event.clientY - before.clientY];
      distance += Math.abs(x) + Math.abs(y);
      if (distance > 4) this.element.setPointerCapture(event.pointerId);
      this.#move(x, y);
    });
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => held.delete(event.pointerId));
    on("click", (event) => {
      const id = event.target.closest(".vertex")?.dataset.id;
      if (id && distance <= 4) this.#toggle(id);
    });
  }

  #key(event) {
    const { key, target } = event;
    const id = target.closest(".vertex")?.dataset.id;
    const arrow = ARROWS[key];
    if (target !== this.element && !id) return;
    if (id && arrow) this.#goTo(this.#neighbour(id, arrow));
    else if (id && (key === "Enter" || key === " ")) this.#toggle(id);
    else if (id && key === "Escape") this.element.focus();
    else if (arrow) this.#move(-STEP * arrow[0], -STEP * arrow[1]);
    else if (key === "Enter") this.#goTo(this.#selected ?? this.#elements.keys().next().value);
    else if (key === "+") this.#zoom(CLOSER);
    else if (key === "-") this.#zoom(1 / CLOSER);
    else if (key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  /** The nearest vertex in a direction. */
  #neighbour(id, [right, down]) {
    const here = this.#boxes.get(id);
    let best = id;
    let least = Infinity;
    for (const other of this.#elements.keys()) {
      const box = this.#boxes.get(other);
      const x = box.x + box.width / 2 - here.x - here.width / 2;
      const y = box.y + box.height / 2 - here.y - here.height / 2;
      const ahead = x * right + y * down;
      const cost = ahead + 2 * Math.abs(x * down + y * right);
      if (ahead > 0 && cost < least) [best, least] = [other, cost];
    }
    return best;
  }

  #goTo(id) {
    this.reveal(id);
    this.#elements.get(id)?.focus({ preventScroll: true });
  }

  /** Bring the whole graph into view. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!this.#boxes.size || !width) return;
    const boxes = [...this.#boxes.values()];
    const left = Math.min(...boxes.map((box) => box.x)) - MARGIN;
    const top = Math.min(...boxes.map((box) => box.y)) - MARGIN;
    const across = Math.max(...boxes.map((box) => box.x + box.width)) + MARGIN - left;
    const down = Math.max(...boxes.map((box) => box.y + box.height)) + MARGIN - top;
    const scale = Math.min(1, width / across, height / down);
    this.#place((width - across * scale) / 2 - left * scale, (height - down * scale) / 2 - top * scale, scale);
    this.#fitted = true;
  }

  /** Bring one vertex into view, if it is not. */
  reveal(id) {
    const box = this.box(id);
    if (!box) return;
    const { x, y, scale } = this.#view;
    const { clientWidth: width, clientHeight: height } = this.element;
    const [left, top] = [box.x * scale + x, box.y * scale + y];
    if (left >= 0 && top >= 0 && left + box.width * scale <= width && top + box.height * scale <= height) return;
    this.#move(width / 2 - left - (box.width * scale) / 2, height / 2 - top - (box.height * scale) / 2);
  }

  #move(x, y) {
    this.#place(this.#view.x + x, this.#view.y + y, this.#view.scale);
  }

  #zoom(factor, at) {
    const frame = this.element.getBoundingClientRect();
    const x = at ? at.clientX - frame.left : frame.width / 2;
    const y = at ? at.clientY - frame.top : frame.height / 2;
    const scale = within(this.#view.scale * factor, 0.02, 2);
    const ratio = scale / this.#view.scale;
    this.#place(x - (x - this.#view.x) * ratio, y - (y - this.#view.y) * ratio, scale);
  }

  #place(x, y, scale) {
    this.#fitted = false;
    this.#view = { x, y, scale };
    this.#world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.#world.classList.toggle("far", scale < FAR);
    this.#world.style.setProperty("--far", `${within(13 / scale, 34, 48)}px`);
    this.element.style.backgroundPosition = `${x}px ${y}px`;
  }

  #toggle(id) {
    this.choose(this.#selected === id ? null : id);
  }

  /** Choose one vertex, or none: it and its edges are marked. */
  choose(id) {
    this.#elements.get(this.#selected)?.classList.remove("selected");
    this.#elements.get(id)?.classList.add("selected");
    for (const { source, target, path } of this.#edges) path.classList.toggle("near", source === id || target === id);
    this.#selected = id;
    this.onselect(id);
  }

  /** The box of a vertex: its name, type and what the file says of it; undefined for unknown ids. */
  box(id) {
    return this.#boxes.get(this.#owner.get(id));
  }

  /** Show how the vertices of a run stand. */
  update(vertices) {
    for (const [id, element] of this.#elements) {
      const { group } = this.#boxes.get(id);
      const vertex = group.length ? standing(group.map((member) => vertices.get(member)).filter(Boolean)) : vertices.get(id);
      const key = vertex && `${vertex.state} ${vertex.times} ${vertex.seconds} ${vertex.error}`;
      if (key === this.#shown.get(id)) continue;
      this.#shown.set(id, key);
      element.dataset.state = vertex?.state ?? "";
      put(element.querySelector(".badge"), vertex && label(vertex));
      put(element.querySelector(".fault"), vertex?.error && brief(vertex.error, 160));
    }
    const state = (id) => this.#elements.get(id)?.dataset.state;
    for (const { source, target, path } of this.#edges) path.dataset.state = passed(state(source), state(target));
  }
}

function put(element, text) {
  element.textContent = text || "";
  element.hidden = !text;
}

/** How an edge stands, from its ends. */
function passed(from, to) {
  if (from === "inactive" || to === "inactive") return "off";
  if (from !== "done") return "";
  return { running: "flowing", done: "done" }[to] ?? "";
}

/** How a group stands, from its members. */
function standing(vertices) {
  if (!vertices.length) return undefined;
  const some = (state) => vertices.some((vertex) => vertex.state === state);
  const state = ["failed", "stopped", "running", "pending", "done", "inactive", "skipped"].find(some);
  return {
    state: state === "pending" && some("done") ? "running" : state,
    error: vertices.find(({ error }) => error)?.error ?? "",
    times: Math.max(...vertices.map(({ times }) => times)),
    seconds: vertices.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

function label({ state, times, seconds }) {
  if (state !== "done") return STATES[state];
  return times > 1 ? `${duration(seconds)} · ${times}×` : duration(seconds);
}
