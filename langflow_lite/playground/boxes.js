// The boxes of a graph and the ends of its edges.

import { h } from "./dom.js";
import { edgesOf, fieldsOf, isNote, list, members, nodesOf, number, text } from "./exported.js";
import { brief } from "./format.js";
import { markdown } from "./markdown.js";

const WIDTH = 320;
const SMALL = 192;
const BORDER = 2;
// The heights of the parts of a box, as in the style sheet.
const HEAD = 74;
const ROW = 44;
const OUT = 38;
const MAX_ROWS = 9;
const MAX_SIDE = 4000;
// By what comes out of a node, as in the pictures of the server.
const TINTS = {
	Message: "indigo", Text: "indigo", str: "indigo", Data: "rose", JSON: "rose", DataFrame: "pink", Table: "pink", Tool: "cyan",
	LanguageModel: "violet", BaseLanguageModel: "violet", Embeddings: "emerald", Retriever: "emerald", VectorStore: "emerald",
	Memory: "amber", Prompt: "blue",
};
const NOTE_TINTS = new Set([...Object.values(TINTS), "slate", "transparent"]);
const SIMILAR = { green: "emerald", lime: "emerald", teal: "emerald", neutral: "slate", purple: "violet", red: "rose", sky: "blue" };

export const tinted = (type) => colour(Object.hasOwn(TINTS, type) ? TINTS[type] : "slate");
const colour = (name) => ({ "--tint": `var(--${name})` });

export function boxesOf(data) {
	const edges = edgesOf(data);
	const boxes = nodesOf(data).map((node) => (isNote(node) ? note(node) : vertex(node, edges)));
	const places = new Set(boxes.map((box) => `${box.x},${box.y}`));
	if (boxes.length > 1 && places.size === 1) arrange(boxes, edges);
	return { boxes, edges };
}

const place = (node) => ({ id: node.id, x: number(node.position?.x, 0), y: number(node.position?.y, 0) });

function note(node) {
	const side = (name, otherwise) => {
		const given = node.measured?.[name] ?? node[name] ?? node.style?.[name];
		return Math.min(MAX_SIDE, Math.max(40, number(given, otherwise)));
	};
	const described = node.data?.node ?? {};
	const wanted = text(described.template?.backgroundColor);
	const tint = SIMILAR[wanted] ?? wanted;
	return {
		...place(node), width: side("width", WIDTH), height: side("height", 240),
		note: text(described.description), tint: NOTE_TINTS.has(tint) ? tint : "amber",
	};
}

function vertex(node, edges) {
	const inner = node.data ?? {};
	const described = inner.node ?? {};
	const minimized = inner.showNode === false;
	const fields = shownFields(node, edges);
	const box = {
		...place(node), width: minimized ? SMALL : WIDTH, minimized, type: text(inner.type),
		name: String(described.display_name || inner.display_name || inner.type || node.id), description: text(described.description),
		group: members(node).map(({ id }) => id), frozen: described.frozen === true,
		fields: fields.slice(0, MAX_ROWS), more: Math.max(0, fields.length - MAX_ROWS), outputs: shownOutputs(node, edges),
	};
	box.outType = box.outputs[0]?.type || text(described.base_classes?.[0]);
	box.rows = box.fields.length + (box.more ? 1 : 0);
	box.height = 2 * BORDER + HEAD + (minimized ? 0 : box.rows * ROW + box.outputs.length * OUT + 10);
	return box;
}

function shownFields(node, edges) {
	const fed = new Set(edges.filter((edge) => edge.target === node.id).map((edge) => edge.field));
	return fieldsOf(node)
		.filter(([name, field]) => fed.has(name) || (field.show !== false && !field.advanced))
		.map(([name, field]) => ({ name, label: String(field.display_name || name), fed: fed.has(name), value: shownValue(field) }))
		.sort((a, b) => Number(b.fed) - Number(a.fed));
}

function shownOutputs(node, edges) {
	const leaving = edges.filter((edge) => edge.source === node.id);
	const outputs = list(node.data?.node?.outputs).map(({ name, display_name: label, types }) =>
		({ name: text(name), label: String(label || name), type: text(types?.[0]) }));
	for (const { output: name, type } of leaving) {
		if (!outputs.some((output) => output.name === name)) outputs.push({ name, label: name ?? (type || "Output"), type });
	}
	const used = new Map(leaving.map((edge) => [edge.output, edge.type]));
	for (const edge of edges) if (edge.target === node.id && edge.loop !== undefined) used.set(edge.loop, edge.type);
	const shown = outputs.filter(({ name }) => used.has(name));
	if (!shown.length) return outputs.slice(0, 1);
	return shown.map((output) => ({ ...output, used: true, type: used.get(output.name) || output.type }));
}

function shownValue({ password, value }) {
	if (password) return value ? "••••••" : "";
	if (Array.isArray(value)) return brief(value.map((item) => item?.name ?? item).join(", "), 60);
	return value === null || value === undefined || typeof value === "object" ? "" : brief(String(value), 60);
}

/** Columns by distance from the inputs, for documents whose nodes all lie in one place. */
function arrange(boxes, edges) {
	const depth = new Map(boxes.map((box) => [box.id, 0]));
	let moved = true;
	// In a circle it would never end.
	for (let round = 0; moved && round < boxes.length; round++) {
		moved = false;
		for (const { source, target, loop } of edges) {
			if (loop !== undefined || !depth.has(source) || !depth.has(target) || depth.get(target) > depth.get(source)) continue;
			depth.set(target, depth.get(source) + 1);
			moved = true;
		}
	}
	const next = new Map();
	for (const box of boxes) {
		const column = Math.min(depth.get(box.id), boxes.length);
		box.x = column * (WIDTH + 120);
		box.y = next.get(column) ?? 0;
		next.set(column, box.y + box.height + 60);
	}
}

/** The path of an edge; one that closes a loop comes back from the right. */
export function curve(from, to, edge) {
	const x1 = from.x + from.width;
	const y1 = outputY(from, edge.output);
	if (edge.loop !== undefined) {
		const x2 = to.x + to.width;
		const y2 = outputY(to, edge.loop);
		const far = Math.max(x1, x2) + 70;
		return `M${x1} ${y1} C${far} ${y1} ${far} ${y2} ${x2} ${y2}`;
	}
	const index = to.fields.findIndex((field) => field.name === edge.field);
	const y2 = to.y + BORDER + (index < 0 || to.minimized ? HEAD / 2 : HEAD + index * ROW + ROW / 2);
	const bend = Math.min(320, Math.max(60, Math.abs(to.x - x1) / 2));
	return `M${x1} ${y1} C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`;
}

function outputY(box, name) {
	if (box.minimized) return box.y + BORDER + HEAD / 2;
	const index = Math.max(0, box.outputs.findIndex((output) => output.name === name));
	return box.y + BORDER + HEAD + box.rows * ROW + index * OUT + OUT / 2;
}

export function elementOf(box) {
	const style = { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` };
	if (box.note !== undefined) return h("div.note", { class: box.tint, style: { ...style, ...colour(box.tint) } }, markdown(box.note));
	const kind = box.group.length ? `Group of ${box.group.length}` : box.type;
	return h("div.vertex", { class: box.minimized && "minimized", style, "data-id": box.id, "data-state": "", role: "button", tabindex: -1 },
		h("div.head",
			h("strong", { style: tinted(box.outType), title: box.name }, box.name),
			h("span.type", kind, box.frozen && " · frozen"),
			h("span.badge", { hidden: true })),
		!box.minimized && [
			box.fields.map(({ fed, label, value }) => h("div.field", { class: fed && "fed" }, h("span.label", label), h("span.value", value))),
			box.more > 0 && h("div.field", h("span.label", `${box.more} more`)),
			box.outputs.map(({ used, type, label }) => h("div.out", { class: used && "used", style: tinted(type) }, h("span", label))),
		],
		h("div.fault", { hidden: true }));
}
