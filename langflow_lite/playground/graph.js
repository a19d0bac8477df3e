// The graph of a flow at its exported positions; pan, zoom, and vertices that show how a run stands.

import { h, s } from "./dom.js";
import { brief, duration } from "./format.js";
import { markdown } from "./markdown.js";

const WIDTH = 320;
const HEAD = 74;
const ROW = 44;
const OUT = 38;
const MAX_ROWS = 9;
const MARGIN = 60;
const STATES = { pending: "Waiting", running: "Running", done: "Done", failed: "Failed", inactive: "Not taken", skipped: "Not run" };

const list = (value) => (Array.isArray(value) ? value.filter((item) => item && typeof item === "object") : []);

/** A node as it is drawn, from an exported one. */
function drawable(node, edges) {
  const inner = node.data ?? {};
  const described = inner.node ?? {};
  const position = { x: Number(node.position?.x) || 0, y: Number(node.position?.y) || 0 };
  const width = Number(node.measured?.width ?? node.width ?? node.style?.width) || WIDTH;
  if (node.type === "noteNode" || inner.type === "note") {
    const height = Number(node.measured?.height ?? node.height ?? node.style?.height) || 240;
    return { id: node.id, note: described.description ?? "", colour: described.template?.backgroundColor, ...position, width, height };
  }
  const fed = new Set(edges.filter((edge) => edge.target === node.id).map((edge) => edge.field));
  const fields = Object.entries(described.template ?? {})
    .filter(([name, field]) => field && typeof field === "object" && name !== "code" && (fed.has(name) || (field.show !== false && !field.advanced)))
    .sort(([a], [b]) => Number(fed.has(b)) - Number(fed.has(a)))
    .map(([name, field]) => ({ name, label: field.display_name || name, fed: fed.has(name), value: shownValue(field) }));
  const outputs = list(described.outputs).map((output) => ({ name: output.name, label: output.display_name || output.name }));
  for (const edge of edges) {
    if (edge.source === node.id && !outputs.some(({ name }) => name === edge.output)) outputs.push({ name: edge.output, label: edge.output ?? "Output" });
  }
  const used = new Set(edges.filter((edge) => edge.source === node.id).map((edge) => edge.output));
  const shown = outputs.filter(({ name }) => used.has(name));
  const box = {
    id: node.id, type: inner.type ?? "", name: described.display_name || inner.display_name || inner.type || node.id,
    description: described.description ?? "", group: members(node),
    fields: fields.slice(0, MAX_ROWS), more: Math.max(0, fields.length - MAX_ROWS), outputs: shown.length ? shown : outputs.slice(0, 1),
    frozen: described.frozen === true, ...position, width: WIDTH,
  };
  box.height = HEAD + (box.fields.length + (box.more ? 1 : 0)) * ROW + box.outputs.length * OUT + 10;
  return box;
}

function shownValue(field) {
  const { value } = field;
  if (field.password) return value ? "••••••" : "";
  if (Array.isArray(value)) return brief(value.map((item) => item?.name ?? item).join(", "), 60);
  return value === null || value === undefined || value === "" || typeof value === "object" ? "" : brief(String(value), 60);
}

/** The ids of the nodes inside a group, those of groups in it included. */
function members(node) {
  return list(node.data?.node?.flow?.data?.nodes).flatMap((inside) => [inside.id, ...members(inside)]);
}

function handle(edge, key) {
  const found = edge.data?.[key] ?? edge[key];
  if (typeof found !== "string") return found ?? {};
  try {
    return JSON.parse(found.replaceAll("œ", '"'));
  } catch {
    return { fieldName: found.split("|")[1] };
  }
}

function connection(edge) {
  const from = handle(edge, "sourceHandle");
  const to = handle(edge, "targetHandle");
  return { source: edge.source, target: edge.target, output: from.name, field: to.fieldName, loop: to.fieldName === undefined ? to.name : undefined };
}

/** Columns by distance from the inputs, for documents whose nodes all lie in one place. */
function arrange(boxes, edges) {
  const depth = new Map(boxes.map((box) => [box.id, 0]));
  for (let round = 0; round < boxes.length; round++) {
    let moved = false;
    for (const { source, target, loop } of edges) {
      if (loop || !depth.has(source) || !depth.has(target) || depth.get(target) > depth.get(source)) continue;
      depth.set(target, depth.get(source) + 1);
      moved = true;
    }
    if (!moved) break;
  }
  const next = new Map();
  for (const box of boxes) {
    const column = Math.min(depth.get(box.id), boxes.length);
    box.x = column * (WIDTH + 120);
    box.y = next.get(column) ?? 0;
    next.set(column, box.y + box.height + 60);
  }
}

/** Draws the `data` of a flow. `onselect` is told the id of the vertex that was chosen, or null. */
export class Graph {
  #boxes;
  #elements = new Map();
  #edges = [];
  #owner = new Map();
  #selected = null;
  #view = { x: 0, y: 0, scale: 1 };
  #world;

  constructor(data, onselect = () => {}) {
    const edges = list(data?.edges).map(connection);
    this.#boxes = list(data?.nodes).map((node) => drawable(node, edges));
    const places = new Set(this.#boxes.map((box) => `${box.x},${box.y}`));
    if (this.#boxes.length > 1 && places.size === 1) arrange(this.#boxes, edges);
    this.#draw(edges, onselect);
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  #draw(edges, onselect) {
    const byId = new Map(this.#boxes.map((box) => [box.id, box]));
    const lines = s("svg", { class: "edges", "aria-hidden": "true" });
    for (const edge of edges) {
      const from = byId.get(edge.source);
      const to = byId.get(edge.target);
      if (!from || !to || from.note !== undefined || to.note !== undefined) continue;
      const path = s("path", { d: curve(from, to, edge), class: edge.loop ? "loop" : null });
      this.#edges.push({ ...edge, path });
      lines.append(path);
    }
    this.#world = h("div", { class: "world" }, lines);
    for (const box of this.#boxes) {
      const element = box.note === undefined ? vertexBox(box) : noteBox(box);
      Object.assign(element.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` });
      this.#world.append(element);
      if (box.note !== undefined) continue;
      this.#elements.set(box.id, element);
      for (const id of [box.id, ...box.group]) this.#owner.set(id, box.id);
      element.addEventListener("click", () => {
        this.select(this.#selected === box.id ? null : box.id);
        onselect(this.#selected);
      });
    }
    const button = (label, text, act) => h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    this.element = h("div", { class: "graph", role: "group", "aria-label": "Graph of the flow", tabindex: 0 },
      this.#world,
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
    this.element.addEventListener("keydown", (event) => {
      if (event.target !== this.element) return;
      const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (step) this.#move(...step);
      else if (event.key === "+") this.#zoom(1.25);
      else if (event.key === "-") this.#zoom(0.8);
      else if (event.key === "0") this.fit();
      else return;
      event.preventDefault();
    });
  }

  /** Bring the whole graph into view. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!this.#boxes.length || !width) return;
    const left = Math.min(...this.#boxes.map((box) => box.x)) - MARGIN;
    const top = Math.min(...this.#boxes.map((box) => box.y)) - MARGIN;
    const right = Math.max(...this.#boxes.map((box) => box.x + box.width)) + MARGIN;
    const bottom = Math.max(...this.#boxes.map((box) => box.y + box.height)) + MARGIN;
    const scale = Math.min(1, width / (right - left), height / (bottom - top));
    this.#place((width - (right - left) * scale) / 2 - left * scale, (height - (bottom - top) * scale) / 2 - top * scale, scale);
  }

  #move(x, y) {
    this.#place(this.#view.x + x, this.#view.y + y, this.#view.scale);
  }

  #zoom(factor, at) {
    const frame = this.element.getBoundingClientRect();
    const x = at ? at.clientX - frame.left : frame.width / 2;
    const y = at ? at.clientY - frame.top : frame.height / 2;
    const scale = Math.min(2, Math.max(0.04, this.#view.scale * factor));
    const ratio = scale / this.#view.scale;
    this.#place(x - (x - this.#view.x) * ratio, y - (y - this.#view.y) * ratio, scale);
  }

  #place(x, y, scale) {
    this.#view = { x, y, scale };
    this.#world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  }

  /** Mark one vertex, or none. */
  select(id) {
    this.#elements.get(this.#selected)?.classList.remove("selected");
    this.#selected = id;
    this.#elements.get(id)?.classList.add("selected");
  }

  /** The box of a vertex: its name, type and what the file says of it; undefined for unknown ids. */
  box(id) {
    return this.#boxes.find((box) => box.id === this.#owner.get(id));
  }

  /** Show how the vertices of a run stand; an empty map clears. A group shows the least finished of its members. */
  update(vertices) {
    const rank = ["failed", "running", "pending", "done", "inactive", "skipped"];
    const standing = new Map();
    for (const vertex of vertices.values()) {
      const id = this.#owner.get(vertex.id);
      const known = standing.get(id);
      if (!id || (known && id === vertex.id && this.box(id).group.length)) continue;
      const state = known && rank.indexOf(known.state) < rank.indexOf(vertex.state) ? known.state : vertex.state;
      standing.set(id, { ...vertex, state, seconds: (known?.seconds ?? 0) + (vertex.seconds ?? 0) });
    }
    for (const [id, element] of this.#elements) {
      const vertex = standing.get(id);
      const badge = element.querySelector(".badge");
      element.dataset.state = vertex?.state ?? "";
      badge.textContent = vertex ? label(vertex) : "";
      badge.hidden = !vertex;
    }
    for (const { source, target, path } of this.#edges) {
      const from = standing.get(source)?.state;
      const to = standing.get(target)?.state;
      path.dataset.state = to === "running" ? "flowing" : from === "done" && to && to !== "inactive" && to !== "skipped" ? "done" : to === "inactive" ? "off" : "";
    }
  }
}

function label(vertex) {
  if (vertex.state !== "done") return STATES[vertex.state] ?? vertex.state;
  return vertex.times > 1 ? `${duration(vertex.seconds)} · ${vertex.times}×` : duration(vertex.seconds);
}

function vertexBox(box) {
  return h("div", { class: "vertex", dataset: { id: box.id, state: "" }, role: "button", tabindex: 0, "aria-label": `${box.name} (${box.type})`,
    onkeydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.currentTarget.click();
    } },
    h("div", { class: "head" },
      h("strong", { title: box.name }, box.name),
      h("span", { class: "type" }, box.group.length ? `Group of ${box.group.length}` : box.type, box.frozen && " · frozen"),
      h("span", { class: "badge", hidden: true })),
    box.fields.map((field) => h("div", { class: field.fed ? "field fed" : "field" }, h("span", {}, field.label), h("span", { class: "value" }, field.value))),
    box.more > 0 && h("div", { class: "field" }, h("span", {}, `${box.more} more`)),
    box.outputs.map((output) => h("div", { class: "out" }, output.label)));
}

function noteBox(box) {
  const colour = ["amber", "blue", "cyan", "emerald", "green", "indigo", "lime", "neutral", "pink", "purple", "red", "rose", "sky", "teal", "violet"].includes(box.colour) ? box.colour : "amber";
  return h("div", { class: `note ${box.colour === "transparent" ? "clear" : colour}` }, markdown(String(box.note)));
}

function curve(from, to, edge) {
  const rows = from.fields.length + (from.more ? 1 : 0);
  const port = (box, name) => HEAD + (box.fields.length + (box.more ? 1 : 0)) * ROW + Math.max(0, box.outputs.findIndex((output) => output.name === name)) * OUT + OUT / 2;
  const x1 = from.x + from.width;
  const y1 = from.y + HEAD + rows * ROW + Math.max(0, from.outputs.findIndex((output) => output.name === edge.output)) * OUT + OUT / 2;
  if (edge.loop !== undefined) {
    const x2 = to.x + to.width;
    const y2 = to.y + port(to, edge.loop);
    const far = Math.max(x1, x2) + 120;
    return `M${x1} ${y1} C${far} ${y1} ${far} ${y2} ${x2} ${y2}`;
  }
  const index = to.fields.findIndex((field) => field.name === edge.field);
  const x2 = to.x;
  const y2 = to.y + (index < 0 ? HEAD / 2 : HEAD + index * ROW + ROW / 2);
  const bend = Math.max(60, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
