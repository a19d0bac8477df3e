import { save } from "./api.js";
import { copyButton, h, pre, say, show } from "./dom.js";
import { brief, clock, duration, fileName, moment } from "./format.js";
import { growingMarkdown } from "./markdown.js";

/** Chat messages, redrawn where they change. `onempty` makes what is shown for none, `actions` the buttons of one. */
export function messageList(onempty, actions) {
	let rows = new Map();
	const element = h("div.messages", { role: "log", "aria-live": "polite", label: "Messages", tabindex: 0 });

	/** Show these messages, in this order; keeps to the end of the list if the reader is there. */
	function update(messages) {
		const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
		rows = new Map(messages.map((message) => [message.id, rows.get(message.id) ?? messageRow(message, actions)]));
		for (const message of messages) rows.get(message.id).update(message);
		show(element, messages.length ? [...rows.values()].map((row) => row.element) : onempty());
		// What is read aloud is the message when it is complete, not each of its words.
		element.setAttribute("aria-busy", messages.some(isPartial));
		if (atEnd) element.scrollTop = element.scrollHeight;
	}

	return { element, update };
}

const isPartial = (message) => message.properties?.state === "partial";

function messageRow({ id, sender }, actions) {
	let shown = {};
	const byUser = sender === "User";
	const name = h("strong");
	const about = h("span.muted");
	const tools = h("span.actions", !actions && copyButton(() => shown.text));
	const files = h("div.chips");
	const steps = h("div.steps");
	const body = h("div.text");
	const write = byUser ? (text) => show(body, h("p", text)) : growingMarkdown(body);
	const element = h("article", { "data-id": id }, h("header", name, about, tools), files, steps, body);

	function update(message) {
		const before = shown;
		if (before === message) return;
		shown = message;
		const { properties, content_blocks: blocks, text, edit } = message;
		const failed = message.category === "error" || message.error === true;
		element.className = `message ${byUser ? "user" : "machine"}${failed ? " error" : ""}${isPartial(message) ? " partial" : ""}`;
		if (actions) show(tools, actions(message));
		const tokens = properties?.usage?.total_tokens;
		const time = message.timestamp && clock(moment(message.timestamp));
		say(name, message.sender_name || sender);
		say(about, [time, properties?.source?.source, tokens && `${tokens} tokens`, edit && "edited"].filter(Boolean).join(" · "));
		if (message.files !== before.files) show(files, pathsOf(message).map(fileChip));
		if (blocks !== before.content_blocks) drawSteps(blocks ?? []);
		if (text !== before.text) write(text);
	}

	// What the reader has opened stays open.
	function drawSteps(blocks) {
		const folds = () => [...steps.querySelectorAll("details")];
		const open = folds().map((fold) => fold.open);
		show(steps, blocks.flatMap(({ contents }) => contents ?? []).map(step));
		folds().forEach((fold, index) => (fold.open = open[index] ?? false));
	}

	return { element, update };
}

function pathsOf({ files }) {
	const given = typeof files === "string" ? JSON.parse(files || "[]") : files ?? [];
	return given.map((file) => file?.path ?? file).filter((path) => typeof path === "string");
}

function fileChip(path) {
	const address = `api/v1/files/download/${path.split("/").map(encodeURIComponent).join("/")}`;
	return h("button.chip", { title: "Download", onclick: () => save(address, fileName(path)) }, fileName(path));
}

/** What an agent did on its way to the answer: a fold for each tool it used, and what to do about a failure. */
function step({ type, name, text, header, solution, tool_input: input, output, error, duration: time }) {
	if (type === "tool_use") {
		const result = error ?? output?.content ?? output ?? null;
		const over = result !== null;
		return h("details.step", { class: error ? "failed" : over && "done" },
			h("summary", h("span.grow", over ? "Used " : "Using ", h("code", brief(name))), time > 0 && h("span.muted", duration(time / 1000))),
			h("div.muted", "Input"), pre(input),
			over && [h("div.muted", error ? "Error" : "Output"), pre(result)]);
	}
	const note = type === "text" && header?.title !== "Output" ? text : type === "error" && solution;
	return note && h("p.muted", note);
}
