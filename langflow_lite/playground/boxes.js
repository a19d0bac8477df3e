// The boxes of a graph: how large a node is drawn, where its edges end, and its elements.

import { h } from "./dom.js";
import { edgesOf, fieldsOf, isNote, list, members, nodesOf, number, text } from "./exported.js";
import { brief } from "./format.js";
import { markdown } from "./markdown.js";

export const WIDTH = 320;
const SMALL = 192;
const BORDER = 2;
const HEAD = 74;
const ROW = 44;
const OUT = 38;
const MAX_ROWS = 9;
const MAX_SIDE = 4000;
// By what comes out of a node, as in the pictures of the server.
const TINTS = {
  Message: "indigo", Text: "indigo", str: "indigo", Data: "rose", JSON: "rose", DataFrame: "pink", Table: "pink", Tool: "cyan", LanguageModel: "violet",
  BaseLanguageModel: "violet", Embeddings: "emerald", Retriever: "emerald", VectorStore: "emerald", Memory: "amber", Prompt: "blue",
};
const NOTE_TINTS = new Set(["amber", "blue", "cyan", "emerald", "green", "indigo", "lime", "neutral", "pink", "purple", "red", "rose", "sky", "teal", "violet", "transparent"]);

/** The colour of a type, by name. */
export const tint = (type) => (Object.hasOwn(TINTS, type) ? TINTS[type] : "slate");

/** The boxes of the `data` of a flow, at their exported places, and its edges. */
export function boxesOf(data) {
  const edges = edgesOf(data);
  const boxes = nodesOf(data).map((node) => (isNote(node) ? note(node) : vertex(node, edges)));
  const places = new Set(boxes.map((box) => `${box.x},${box.y}`));
  if (boxes.length > 1 && places.size === 1) arrange(boxes, edges);
  return { boxes, edges };
}

function place(node, width, height) {
  const side = (value, otherwise) => Math.min(MAX_SIDE, Math.max(40, number(value, 0) || otherwise));
  return {
    id: node.id, x: number(node.position?.x, 0), y: number(node.position?.y, 0),
    width: side(node.measured?.width ?? node.width ?? node.style?.width, width), height: side(node.measured?.height ?? node.height ?? node.style?.height, height),
  };
}

function note(node) {
  const described = node.data?.node ?? {};
  const colour = text(described.template?.backgroundColor);
  return { ...place(node, WIDTH, 240), note: text(described.description), colour: NOTE_TINTS.has(colour) ? colour : "amber" };
}

function vertex(node, edges) {
  const inner = node.data ?? {};
  const described = inner.node ?? {};
  const incoming = new Set(edges.filter((edge) => edge.target === node.id).map((edge) => edge.field));
  const leaving = edges.filter((edge) => edge.source === node.id);
  const fields = fieldsOf(node)
    .filter(([name, field]) => incoming.has(name) || (field.show !== false && !field.advanced))
    .map(([name, field]) => ({ name, label: String(field.display_name || name), fed: incoming.has(name), value: shownValue(field) }))
    .sort((a, b) => Number(b.fed) - Number(a.fed));
  const declared = list(described.outputs).map((output) => ({ name: text(output.name), label: String(output.display_name || output.name), type: text(output.types?.[0]) }));
  for (const { output, type, loop } of leaving) {
    if (!declared.some(({ name }) => name === output)) declared.push({ name: output, label: output ?? (type || "Output"), type, loop });
  }
  const used = new Map(leaving.map((edge) => [edge.output, edge.type]));
  for (const edge of edges) if (edge.target === node.id && edge.loop !== undefined) used.set(edge.loop, edge.type);
  const shown = declared.filter(({ name }) => used.has(name)).map((output) => ({ ...output, used: true, type: used.get(output.name) || output.type }));
  const inside = members(node);
  const minimized = inner.showNode === false;
  const box = {
    ...place(node, minimized ? SMALL : WIDTH, 0), type: text(inner.type), name: String(described.display_name || inner.display_name || inner.type || node.id),
    description: text(described.description), group: inside.map(({ id }) => id), frozen: described.frozen === true, minimized,
    fields: fields.slice(0, MAX_ROWS), more: Math.max(0, fields.length - MAX_ROWS), outputs: shown.length ? shown : declared.slice(0, 1),
  };
  box.width = minimized ? Math.min(WIDTH, Math.max(SMALL, box.width)) : box.width < 240 || box.width > 480 ? WIDTH : box.width;
  box.tint = tint(box.outputs[0]?.type || text(described.base_classes?.[0]));
  box.rows = box.fields.length + (box.more ? 1 : 0);
  box.height = 2 * BORDER + (minimized ? HEAD : HEAD + box.rows * ROW + box.outputs.length * OUT + 10);
  return box;
}

function shownValue(field) {
  const { value } = field;
  if (field.password) return value ? "••••••" : "";
  if (Array.isArray(value)) return brief(value.map((item) => item?.name ?? item).join(", "), 60);
  return value === null || value === undefined || value === "" || typeof value === "object" ? "" : brief(String(value), 60);
}

/** Columns by distance from the inputs, for documents whose nodes all lie in one place. */
function arrange(boxes, edges) {
  const depth = new Map(boxes.map((box) => [box.id, 0]));
  for (let round = 0; round < boxes.length; round++) {
    let moved = false;
    for (const { source, target, loop } of edges) {
      if (loop !== undefined || !depth.has(source) || !depth.has(target) || depth.get(target) > depth.get(source)) continue;
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

const outputY = (box, name) => box.y + BORDER + (box.minimized ? HEAD / 2 : HEAD + box.rows * ROW + Math.max(0, box.outputs.findIndex((output) => output.name === name)) * OUT + OUT / 2);

/** The path of an edge. One that closes a loop comes back from the right. */
export function curve(from, to, edge) {
  const x1 = from.x + from.width;
  const y1 = outputY(from, edge.output);
  if (edge.loop !== undefined) {
    const x2 = to.x + to.width;
    const far = Math.max(x1, x2) + 70;
    return `M${x1} ${y1} C${far} ${y1} ${far} ${outputY(to, edge.loop)} ${x2} ${outputY(to, edge.loop)}`;
  }
  const index = to.fields.findIndex((field) => field.name === edge.field);
  const y2 = to.y + BORDER + (index < 0 || to.minimized ? HEAD / 2 : HEAD + index * ROW + ROW / 2);
  const bend = Math.min(320, Math.max(60, Math.abs(to.x - x1) / 2));
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`;
}

/** The elements of a box. */
export function elementOf(box) {
  const element = box.note === undefined ? vertexElement(box) : h("div", { class: `note ${box.colour}` }, markdown(box.note));
  for (const [name, value] of Object.entries({ left: box.x, top: box.y, width: box.width, height: box.height })) element.style.setProperty(name, `${value}px`);
  return element;
}

function vertexElement(box) {
  const kind = box.group.length ? `Group of ${box.group.length}` : box.type;
  return h("div", { class: box.minimized ? "vertex minimized" : "vertex", dataset: { id: box.id, state: "" }, role: "button", tabindex: -1 },
    h("div", { class: "head" },
      h("strong", { class: `tint-${box.tint}`, title: box.name }, box.name),
      h("span", { class: "type" }, kind, box.frozen && " · frozen"),
      h("span", { class: "badge", hidden: true })),
    box.minimized ? null : [
      box.fields.map((field) => h("div", { class: field.fed ? "field fed" : "field" }, h("span", { class: "label" }, field.label), h("span", { class: "value" }, field.value))),
      box.more > 0 && h("div", { class: "field" }, h("span", { class: "label" }, `${box.more} more`)),
      box.outputs.map((output) => h("div", { class: output.used ? `out used tint-${tint(output.type)}` : "out" }, h("span", {}, output.label))),
    ],
    h("div", { class: "fault", hidden: true }));
}
