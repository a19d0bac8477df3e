import { boxesOf, curve, elementOf, tinted } from "./boxes.js";
import { h, say } from "./dom.js";
import { brief, duration } from "./format.js";

const MARGIN = 60;
// Below this size the fields of a box are too small to read, and only its name and state are shown.
const FAR = 0.5;
const STEP = 60;
const CLOSER = 1.25;
const STATES = {
	pending: "Waiting", running: "Running", failed: "Failed", stopped: "Stopped", inactive: "Not taken", skipped: "Not run",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = "Graph of the flow. Arrow keys move it, plus and minus zoom, Enter goes to its components.";

const within = (value, least, most) => Math.min(most, Math.max(least, value));

/** The graph of a flow, to pan, zoom and choose in; its vertices show how a run stands. `onselect` is told an id, or null. */
export function drawGraph(data, onselect) {
	const { boxes: all, edges: known } = boxesOf(data);
	const boxes = new Map(all.map((box) => [box.id, box]));
	const vertices = new Map(all.filter((box) => box.note === undefined).map((box) => [box.id, elementOf(box)]));
	const notes = all.filter((box) => box.note !== undefined).map(elementOf);
	const owners = new Map(all.flatMap(({ id, group = [] }) => [...group, id].map((member) => [member, id])));
	const edges = known.filter(({ source, target }) => vertices.has(source) && vertices.has(target))
		.map((edge) => ({ ...edge, path: pathOf(edge) }));
	let selected = null;
	let view = { x: 0, y: 0, scale: 1 };
	let fitted = true;

	const world = h("div.world", notes, h("svg.edges", { "aria-hidden": "true" }, edges.map(({ path }) => path)), [...vertices.values()]);
	const button = (label, text, onclick) => h("button", { label, title: label, onclick }, text);
	const element = h("div.graph", { role: "group", label: HELP, tabindex: 0, onkeydown: key, onclick: click },
		world,
		!vertices.size && h("p.empty", "This flow has no components."),
		h("div.zoom",
			button("Zoom in", "+", () => zoom(CLOSER)), button("Zoom out", "−", () => zoom(1 / CLOSER)), button("Show all", "⤢", fit)));
	const dragged = followPointers(element, move, zoom);
	// A graph that was moved by hand stays where it is.
	new ResizeObserver(() => fitted && fit()).observe(element);

	function pathOf(edge) {
		const d = curve(boxes.get(edge.source), boxes.get(edge.target), edge);
		return h("path", { d, style: tinted(edge.type), class: edge.loop !== undefined && "loop" }, edge.type && h("title", edge.type));
	}

	function click(event) {
		const id = event.target.closest(".vertex")?.dataset.id;
		if (id && !dragged()) toggle(id);
	}

	function key(event) {
		const id = event.target.closest(".vertex")?.dataset.id;
		const arrow = ARROWS[event.key];
		if (event.target !== element && !id) return;
		if (id && arrow) goTo(neighbour(id, arrow));
		else if (id && (event.key === "Enter" || event.key === " ")) toggle(id);
		else if (id && event.key === "Escape") element.focus();
		else if (arrow) move(-STEP * arrow[0], -STEP * arrow[1]);
		else if (event.key === "Enter") goTo(selected ?? vertices.keys().next().value);
		else if (event.key === "+") zoom(CLOSER);
		else if (event.key === "-") zoom(1 / CLOSER);
		else if (event.key === "0") fit();
		else return;
		event.preventDefault();
	}

	function neighbour(id, [right, down]) {
		const here = boxes.get(id);
		let best = id;
		let least = Infinity;
		for (const other of vertices.keys()) {
			const box = boxes.get(other);
			const x = box.x + box.width / 2 - here.x - here.width / 2;
			const y = box.y + box.height / 2 - here.y - here.height / 2;
			const ahead = x * right + y * down;
			const cost = ahead + 2 * Math.abs(x * down + y * right);
			if (ahead > 0 && cost < least) [best, least] = [other, cost];
		}
		return best;
	}

	function goTo(id) {
		reveal(id);
		vertices.get(id)?.focus({ preventScroll: true });
	}

	function fit() {
		const { clientWidth: width, clientHeight: height } = element;
		if (!all.length || !width) return;
		const left = Math.min(...all.map((box) => box.x)) - MARGIN;
		const top = Math.min(...all.map((box) => box.y)) - MARGIN;
		const across = Math.max(...all.map((box) => box.x + box.width)) + MARGIN - left;
		const down = Math.max(...all.map((box) => box.y + box.height)) + MARGIN - top;
		const scale = Math.min(1, width / across, height / down);
		place((width - across * scale) / 2 - left * scale, (height - down * scale) / 2 - top * scale, scale);
		fitted = true;
	}

	function reveal(id) {
		const vertex = vertices.get(owners.get(id))?.getBoundingClientRect();
		if (!vertex) return;
		const { left, right, top, bottom } = element.getBoundingClientRect();
		if (vertex.left >= left && vertex.right <= right && vertex.top >= top && vertex.bottom <= bottom) return;
		move((left + right - vertex.left - vertex.right) / 2, (top + bottom - vertex.top - vertex.bottom) / 2);
	}

	function move(x, y) {
		place(view.x + x, view.y + y, view.scale);
	}

	function zoom(factor, at) {
		const frame = element.getBoundingClientRect();
		const x = at ? at.clientX - frame.left : frame.width / 2;
		const y = at ? at.clientY - frame.top : frame.height / 2;
		const scale = within(view.scale * factor, 0.02, 2);
		const ratio = scale / view.scale;
		place(x - (x - view.x) * ratio, y - (y - view.y) * ratio, scale);
	}

	function place(x, y, scale) {
		fitted = false;
		view = { x, y, scale };
		world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
		world.style.setProperty("--far", `${within(13 / scale, 34, 48)}px`);
		world.classList.toggle("far", scale < FAR);
		element.style.backgroundPosition = `${x}px ${y}px`;
	}

	function toggle(id) {
		choose(id === selected ? null : id);
	}

	function choose(id) {
		vertices.get(selected)?.classList.remove("selected");
		vertices.get(id)?.classList.add("selected");
		for (const { source, target, path } of edges) path.classList.toggle("near", source === id || target === id);
		selected = id;
		onselect(id);
	}

	/** What is drawn for a vertex, or for the group it is in. */
	function box(id) {
		return boxes.get(owners.get(id));
	}

	function update(run) {
		for (const [id, vertex] of vertices) {
			const { group } = boxes.get(id);
			const stands = group.length ? standing(group.map((member) => run.get(member)).filter(Boolean)) : run.get(id);
			vertex.dataset.state = stands?.state ?? "";
			write(vertex.querySelector(".badge"), stands && label(stands));
			write(vertex.querySelector(".fault"), stands?.error && brief(stands.error, 160));
		}
		const state = (id) => vertices.get(id).dataset.state;
		for (const { source, target, path } of edges) path.dataset.state = passed(state(source), state(target));
	}

	return { element, reveal, choose, box, update };
}

/** Drag to move, wheel or two fingers to zoom. Answers whether the last press was a drag. */
function followPointers(element, move, zoom) {
	const held = new Map();
	let distance = 0;
	const on = (name, act, options) => element.addEventListener(name, act, options);
	on("wheel", (event) => {
		event.preventDefault();
		zoom(Math.exp(-event.deltaY * 0.0015), event);
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
			zoom(apart(event) / apart(before), middle);
			return;
		}
		const [x, y] = [event.clientX - before.clientX, event.clientY - before.clientY];
		distance += Math.abs(x) + Math.abs(y);
		if (distance > 4) element.setPointerCapture(event.pointerId);
		move(x, y);
	});
	for (const name of ["pointerup", "pointercancel"]) on(name, (event) => held.delete(event.pointerId));
	return () => distance > 4;
}

function write(element, text) {
	say(element, text || "");
	element.hidden = !text;
}

function passed(from, to) {
	if (from === "inactive" || to === "inactive") return "off";
	if (from !== "done") return "";
	return { running: "flowing", done: "done" }[to] ?? "";
}

function standing(members) {
	if (!members.length) return undefined;
	const some = (state) => members.some((member) => member.state === state);
	const state = ["failed", "stopped", "running", "pending", "done", "inactive", "skipped"].find(some);
	return {
		state: state === "pending" && some("done") ? "running" : state,
		error: members.find(({ error }) => error)?.error,
		times: Math.max(...members.map(({ times }) => times)),
		seconds: members.reduce((sum, { seconds }) => sum + seconds, 0),
	};
}

function label({ state, times, seconds }) {
	if (state !== "done") return STATES[state];
	return times > 1 ? `${duration(seconds)} · ${times}×` : duration(seconds);
}
