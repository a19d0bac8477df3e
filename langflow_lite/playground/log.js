import { h, pre } from "./dom.js";
import { brief, duration } from "./format.js";

const SHOWN = 500;
const TAIL = 80;

/** The events of a run, one line each, but consecutive tokens share one; whole events in their folds. `nameOf` names a vertex. */
export function eventLog(nameOf) {
	let frames = [];
	let drawn = 0;
	let tokens = null;
	const count = h("span.count");
	const list = h("ol.events", { tabindex: 0, label: "Events" });
	const element = h("details.log", { ontoggle: draw }, h("summary", "Events ", count), list);

	function update(given) {
		if (given !== frames) {
			drawn = 0;
			tokens = null;
			list.replaceChildren();
		}
		frames = given;
		count.textContent = frames.length || "";
		draw();
	}

	function draw() {
		if (!element.open || drawn === frames.length) return;
		const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
		for (const frame of frames.slice(drawn)) {
			if (frame.event === "token" && tokens?.id === frame.data.id) {
				tokens.add(frame);
				continue;
			}
			list.append(line(frame));
			if (list.children.length > SHOWN) list.firstElementChild.remove();
		}
		drawn = frames.length;
		if (atEnd) list.scrollTop = list.scrollHeight;
	}

	function line(frame) {
		const number = h("span.number", String(frame.sequence_id));
		const what = h("span.what", brief(summary(frame, nameOf), 120));
		const fold = h("details", { ontoggle: () => fold.open && fold.children.length === 1 && fold.append(pre(frame.data)) },
			h("summary", number, h("span.name", { class: frame.event }, frame.event), what));
		tokens = frame.event === "token" ? tokenLine(frame, number, what) : null;
		return h("li", fold);
	}

	return { element, update };
}

function tokenLine({ sequence_id: first, data: { id, chunk } }, number, what) {
	let tail = chunk;
	return {
		id,
		add({ sequence_id: last, data }) {
			tail = (tail + data.chunk).slice(-TAIL);
			number.textContent = `${first}–${last}`;
			what.textContent = `${tail.length < TAIL ? "" : "…"}${brief(tail, TAIL)}`;
		},
	};
}

function summary({ event, data }, nameOf) {
	switch (event) {
		case "vertices_sorted":
			return `${data.to_run.length} to run`;
		case "build_start":
		case "build_end":
			return data.id ? nameOf(data.id) : "";
		case "end_vertex": {
			const { id, valid, params, data: built } = data.build_data;
			return `${brief(nameOf(id))} · ${valid ? duration(built?.timedelta ?? 0) : params}`;
		}
		case "add_message":
			return `${brief(data.sender_name ?? data.sender, 40)}: ${data.text}`;
		case "output":
			return `${brief(data.display_name)}: ${brief(data.content)}`;
		case "log":
			return `${brief(nameOf(data.component_id))}: ${brief(data.message ?? data.name)}`;
		case "end":
			return data.build_duration === undefined ? "" : duration(data.build_duration);
		default:
			return data.chunk ?? data.prompt ?? data.text ?? data.error ?? data.message ?? data.reason ?? "";
	}
}
