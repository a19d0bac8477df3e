import { closeButton, h, oncePerFrame, pre, show } from "./dom.js";
import { brief, duration } from "./format.js";
import { drawGraph } from "./graph.js";
import { eventLog } from "./log.js";
import { stateOf } from "./status.js";

const CONNECTION = { connecting: "connecting …", reconnecting: "connection lost, taking it up again …" };
const TICK = 250;
const LONG = 4000;

/** A graph and the run on it: how vertices stand, what the chosen one made, the events. `onchange(run)` draws what else there is. */
export function runPanel(data, onchange) {
	let run = null;
	let turn = -1;
	let said = "";
	let chosen = null;
	let inspected = "";
	const graph = drawGraph(data, inspect);
	const log = eventLog((id) => graph.box(id)?.name ?? id);
	const state = h("span", { role: "status" }, h("span.state", "Not run yet"));
	const clock = h("span.clock");
	const about = h("span.about");
	const requests = h("div", { "aria-live": "polite" });
	const inspector = h("aside.inspector", { label: "Component", hidden: true });
	const draw = oncePerFrame(update);
	const ticking = setInterval(tick, TICK);
	const element = h("section.run", { label: "Graph and events" },
		h("div.stage", graph.element, inspector), requests, h("div.status", state, clock, about), log.element);

	/** Show this run from now on; the events of the first one are opened where there is room. */
	function follow(next) {
		if (!run) log.element.open = matchMedia("(min-width: 901px) and (min-height: 700px)").matches;
		run?.removeEventListener("change", draw);
		run = next;
		turn = -1;
		said = "";
		run.addEventListener("change", draw);
		draw();
	}

	function update() {
		log.update(run.frames);
		if (run.turn !== turn) {
			turn = run.turn;
			graph.update(run.vertices);
			if (chosen) inspect(chosen);
		}
		const now = [run.status, run.connection, run.error, ...run.requests.keys()].join("\n");
		if (now !== said) {
			said = now;
			const connection = CONNECTION[run.connection];
			show(state, stateOf(run.status));
			show(about,
				h("a", { href: `#/jobs/${run.id}` }, `Job ${run.id.slice(-8)}`),
				connection && h("span.muted", connection),
				run.error && h("span.failure", { role: "alert" }, brief(run.error, 300)));
			show(requests, run.status === "suspended" && [...run.requests.values()].map((request) => decision(run, request)));
		}
		tick();
		onchange(run);
	}

	function tick() {
		const seconds = run?.seconds ?? null;
		clock.textContent = seconds === null ? "" : duration(seconds);
	}

	function inspect(id) {
		const box = graph.box(id);
		inspector.hidden = !box;
		chosen = id;
		if (!box) return;
		const vertices = (box.group.length ? box.group : [id]).map((one) => run?.vertices.get(one)).filter(Boolean);
		const now = JSON.stringify([id, vertices.map(({ state: stands, times }) => [stands, times])]);
		if (now === inspected) return;
		inspected = now;
		const close = closeButton(() => {
			graph.choose(null);
			graph.element.focus({ preventScroll: true });
		});
		show(inspector,
			h("div.row", h("strong.grow", brief(box.name, 200)), close),
			h("p.muted", brief(`${box.type} · ${box.id}`, 200)),
			box.description && h("p", brief(box.description, 300)),
			vertices.map(({ error, data: built }) => error
				? h("p.failure", brief(error, LONG))
				: Object.entries(built?.outputs ?? {}).map(output)),
			!vertices.some((vertex) => vertex.data) && box.fields.filter(({ value }) => value)
				.map(({ label, value }) => h("p", h("span.muted", label), ` ${value}`)));
	}

	function leave() {
		clearInterval(ticking);
		run?.removeEventListener("change", draw);
	}

	return { element, graph, follow, leave };
}

function decision(run, request) {
	return h("section.decision", { label: "Decision" },
		h("p", h("strong", "The flow waits for a decision. "), brief(request.prompt, 2000)),
		h("div.row", request.options.map(({ action_id: action, label }) =>
			h("button", () => run.decide(request, action), brief(label)))));
}

function output([name, made]) {
	const value = made?.message ?? made;
	return value !== "" && value !== null && h("details", { open: true }, h("summary", name), pre(value, LONG));
}
