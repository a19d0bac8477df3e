// The graph of a flow: pan, zoom, choose, and vertices that show how a run stands.

import { boxesOf, curve, elementOf, tint } from "./boxes.js";
import { h, s } from "./dom.js";
import { brief, duration } from "./format.js";

const MARGIN = 60;
// Below this size the fields of a box are too small to read, and only its name and state are shown.
const FAR = 0.5;
const STATES = { pending: "Waiting", running: "Running", done: "Done", failed: "Failed", stopped: "Stopped", inactive: "Not taken", skipped: "Not run" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

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

  constructor(data, onselect = () => {}) {
    const { boxes, edges } = boxesOf(data);
    this.#boxes = new Map(boxes.map((box) => [box.id, box]));
    this.onselect = onselect;
    this.#draw(edges);
    // A graph that was moved by hand stays where it is.
    new ResizeObserver(() => this.#fitted && this.fit()).observe(this.element);
  }

  #draw(edges) {
    const lines = s("svg", { class: "edges", "aria-hidden": "true" });
    for (const edge of edges) {
      const from = this.#boxes.get(edge.source);
      const to = this.#boxes.get(edge.target);
      if (!from || !to || from.note !== undefined || to.note !== undefined) continue;
      const path = s("path", { d: curve(from, to, edge), class: `tint-${tint(edge.type)}${edge.loop === undefined ? "" : " loop"}` }, edge.type && s("title", {}, edge.type));
      this.#edges.push({ ...edge, path });
      lines.append(path);
    }
    this.#world = h("div", { class: "world" }, lines);
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
    const button = (label, text, act) => h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    this.element = h("div", { class: "graph", role: "group", "aria-label": "Graph of the flow. Arrow keys move it, plus and minus zoom, Enter goes to its components.", tabindex: 0 },
      this.#world,
      !this.#elements.size && h("p", { class: "empty" }, "This flow has no components."),
      h("div", { class: "zoom" },
        button("Zoom in", "+", () => this.#zoom(1.25)), button("Zoom out", "−", () => this.#zoom(0.8)), button("Show all", "⤢", () => this.fit())));
    this.#listen();
  }

  #listen() {
    const held = new Map();
    let distance = 0;
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#zoom(Math.exp(-event.deltaY * 0.0015), event);
    }, { passive: false });
    this.element.addEventListener("pointerdown", (event) => {
      if (event.target.closest(".zoom")) return;
      held.set(event.pointerId, event);
      distance = 0;
    });
    this.element.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const others = [...held.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
      held.set(event.pointerId, event);
      if (others.length) {
        const [other] = others;
        const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
        this.#zoom(apart(event) / apart(before), { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 });
        return;
      }
      distance += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
      if (distance > 4 && !this.element.hasPointerCapture(event.pointerId)) this.element.setPointerCapture(event.pointerId);
      this.#move(event.clientX - before.clientX, event.clientY - before.clientY);
    });
    for (const name of ["pointerup", "pointercancel"]) this.element.addEventListener(name, (event) => held.delete(event.pointerId));
    this.element.addEventListener("click", (event) => {
      const id = event.target.closest(".vertex")?.dataset.id;
      if (id && distance <= 4) this.choose(this.#selected === id ? null : id);
    });
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const vertex = event.target.closest(".vertex");
    const arrow = ARROWS[event.key];
    if (event.target !== this.element && !vertex) return;
    if (vertex && arrow) this.#goTo(this.#neighbour(vertex.dataset.id, arrow));
    else if (vertex && (event.key === "Enter" || event.key === " ")) this.choose(this.#selected === vertex.dataset.id ? null : vertex.dataset.id);
    else if (vertex && event.key === "Escape") this.element.focus();
    else if (arrow) this.#move(-60 * arrow[0], -60 * arrow[1]);
    else if (event.key === "Enter") this.#goTo(this.#selected ?? this.#elements.keys().next().value);
    else if (event.key === "+") this.#zoom(1.25);
    else if (event.key === "-") this.#zoom(0.8);
    else if (event.key === "0") this.fit();
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
      if (other !== id && ahead > 0 && cost < least) [best, least] = [other, cost];
    }
    return best;
  }

  #goTo(id) {
    const element = this.#elements.get(id);
    if (!element) return;
    this.reveal(id);
    element.focus({ preventScroll: true });
  }

  /** Bring the whole graph into view. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!this.#boxes.size || !width) return;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const box of this.#boxes.values()) {
      left = Math.min(left, box.x - MARGIN);
      top = Math.min(top, box.y - MARGIN);
      right = Math.max(right, box.x + box.width + MARGIN);
      bottom = Math.max(bottom, box.y + box.height + MARGIN);
    }
    const scale = Math.min(1, width / (right - left), height / (bottom - top));
    this.#place((width - (right - left) * scale) / 2 - left * scale, (height - (bottom - top) * scale) / 2 - top * scale, scale);
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
    const scale = Math.min(2, Math.max(0.02, this.#view.scale * factor));
    const ratio = scale / this.#view.scale;
    this.#place(x - (x - this.#view.x) * ratio, y - (y - this.#view.y) * ratio, scale);
  }

  #place(x, y, scale) {
    this.#fitted = false;
    this.#view = { x, y, scale };
    this.#world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.#world.classList.toggle("far", scale < FAR);
    this.#world.style.setProperty("--far", `${Math.min(48, Math.max(34, 13 / scale))}px`);
    this.element.style.backgroundPosition = `${x}px ${y}px`;
  }

  /** Choose one vertex, or none, as a click does. */
  choose(id) {
    this.select(id);
    this.onselect(id);
  }

  /** Mark one vertex and its edges, or none. */
  select(id) {
    this.#elements.get(this.#selected)?.classList.remove("selected");
    this.#selected = id;
    this.#elements.get(id)?.classList.add("selected");
    for (const { source, target, path } of this.#edges) path.classList.toggle("near", id !== null && (source === id || target === id));
  }

  /** The box of a vertex: its name, type and what the file says of it; undefined for unknown ids. */
  box(id) {
    return this.#boxes.get(this.#owner.get(id));
  }

  /** Show how the vertices of a run stand; an empty map clears. */
  update(vertices) {
    let changed = false;
    for (const [id, element] of this.#elements) {
      const { group } = this.#boxes.get(id);
      const vertex = group.length ? standing(group.map((member) => vertices.get(member)).filter(Boolean)) : vertices.get(id);
      const key = vertex ? `${vertex.state} ${vertex.times} ${vertex.seconds} ${vertex.error}` : "";
      if (key === (this.#shown.get(id) ?? "")) continue;
      changed = true;
      this.#shown.set(id, key);
      const badge = element.querySelector(".badge");
      const fault = element.querySelector(".fault");
      element.dataset.state = vertex?.state ?? "";
      badge.textContent = vertex ? label(vertex) : "";
      badge.hidden = !vertex;
      fault.textContent = vertex?.error ? brief(vertex.error, 160) : "";
      fault.hidden = !vertex?.error;
    }
    if (!changed) return;
    const state = (id) => this.#elements.get(id)?.dataset.state;
    for (const { source, target, path } of this.#edges) {
      const [from, to] = [state(source), state(target)];
      path.dataset.state = from === "inactive" || to === "inactive" ? "off" : to === "running" && from === "done" ? "flowing" : from === "done" && to === "done" ? "done" : "";
    }
  }
}

/** How a group stands, from its members. */
function standing(vertices) {
  if (!vertices.length) return undefined;
  const some = (...states) => vertices.some(({ state }) => states.includes(state));
  const state = ["failed", "stopped", "running"].find((one) => some(one)) ??
    (some("pending") ? (some("done") ? "running" : "pending") : some("done") ? "done" : some("inactive") ? "inactive" : "skipped");
  return {
    state, error: vertices.find(({ error }) => error)?.error ?? "", times: Math.max(...vertices.map(({ times }) => times)),
    seconds: vertices.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0),
  };
}

function label(vertex) {
  if (vertex.state !== "done") return STATES[vertex.state] ?? vertex.state;
  return vertex.times > 1 ? `${duration(vertex.seconds)} · ${vertex.times}×` : duration(vertex.seconds);
}
