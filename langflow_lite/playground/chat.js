import { get, query } from "./api.js";
import { h, options, pre, show } from "./dom.js";
import { inputOf } from "./exported.js";
import { brief, fileName } from "./format.js";
import { icon } from "./icons.js";
import { messageList } from "./messages.js";
import { filePicker, upload } from "./upload.js";

const MESSAGES = "api/v1/monitor/messages";
const HISTORY = 200;
const TALLEST = 220;
// What is longer than anybody reads is on the page of the job.
const LONGEST = 100_000;
const WORDS = {
	chat: { placeholder: "Message the flow", empty: "Say something to the flow.", send: "Send" },
	text: { placeholder: "Text for the flow", empty: "Give the flow a text.", send: "Run" },
	any: { placeholder: "Payload of the webhook, as JSON", empty: "Give the flow what its webhook would receive.", send: "Run" },
	none: { empty: "This flow takes no input.", send: "Run" },
};

/**
 * The chat with a flow: its sessions, what was said in them, and what is asked next. `start(request)` is to run the flow; a request
 * is the body of the Workflow API without the flow.
 */
export function chatPanel(flow, { start, stop, onchange }) {
	const input = inputOf(flow.data);
	const words = WORDS[input?.kind ?? "none"];
	const takesFiles = input?.kind === "chat";
	const kept = `langflow-lite.session.${flow.id}`;
	const { promise: ready, resolve: loaded } = Promise.withResolvers();
	let session;
	let history = [];
	let run = null;
	let files = [];
	let uploads = 0;
	let last = "";
	let drawnOutputs = -1;
	let starting = false;

	const sessions = h("select", { label: "Session", onchange: () => choose(sessions.value) });
	const list = messageList(() => h("div.empty", words.empty));
	const outputs = h("div.outputs");
	const chips = h("div.chips", { "aria-live": "polite" });
	const box = h("textarea", {
		rows: 1, placeholder: words.placeholder, label: "Message", hidden: !input, oninput: grow,
		onkeydown: (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && submit(event),
	});
	const sendButton = h("button.primary", { type: "submit" }, words.send, icon("send"));
	const stopButton = h("button.danger", { hidden: true, onclick: stop }, "Stop", icon("stop"));
	const picker = filePicker(attach, { label: "Files" });
	const attachButton = h("button.ghost", {
		label: "Attach files", title: "Attach files, or drop them here", onclick: () => picker.click(),
	}, icon("attach"));
	const element = h("div.chat", { ondrop: takesFiles && drop },
		h("div.row.bar",
			h("label.grow", h("span.muted", "Session"), sessions), h("button", begin, icon("plus"), "New session")),
		list.element, outputs,
		h("form.composer", { onsubmit: submit },
			chips, box,
			h("div.row", takesFiles && attachButton, picker,
				h("span.grow.muted.hint", input && "Enter sends, Shift+Enter breaks the line"), stopButton, sendButton)));

	const focus = () => (input ? box : sendButton).focus({ preventScroll: true });

	/** The request as it stands; while nothing is typed, with what was said last, or else `otherwise`. */
	const request = (otherwise = "") => ({
		...(input && { input_value: box.value || last || otherwise, input_type: input.kind }),
		...(session && { session_id: session }),
		...(files.length && { files }),
	});

	/** Open a session: the given, else the one of this tab, else the newest, else a new one. */
	async function load(given) {
		const stored = await get(query(`${MESSAGES}/sessions`, { flow_id: flow.id }));
		await choose(given ?? sessionStorage.getItem(kept) ?? stored[0] ?? newSession(stored), stored);
		loaded();
	}

	async function begin() {
		await choose(newSession(known()));
		focus();
	}

	const known = () => [...sessions.options].map((option) => option.value);

	async function choose(next, all = known()) {
		session = next;
		sessionStorage.setItem(kept, next);
		const nameOf = (id) => (id === flow.id ? "Default session" : brief(id));
		show(sessions, options([...new Set([...all, next])].map((id) => [id, nameOf(id)]), next));
		const found = await get(query(MESSAGES, { flow_id: flow.id, session_id: next, order: "DESC", limit: HISTORY }));
		if (session !== next) return;
		history = found.reverse();
		draw();
		list.element.scrollTop = list.element.scrollHeight;
		onchange();
	}

	function follow(next) {
		if (next !== run) {
			history = messages();
			drawnOutputs = -1;
		}
		run = next;
		draw();
	}

	/** What was said before, and what the run says, which knows better how its own messages stand. */
	function messages() {
		const live = [...(run?.messages.values() ?? [])].filter((message) => message.session_id === session);
		return [...new Map([...history, ...live].map((message) => [message.id, message])).values()];
	}

	function draw() {
		const { active = false, outputs: made = [] } = run ?? {};
		const all = messages();
		list.update(all);
		const over = !active && document.activeElement === stopButton;
		stopButton.hidden = !active;
		sendButton.hidden = active;
		if (over) focus();
		if (made.length === drawnOutputs) return;
		drawnOutputs = made.length;
		const said = new Set(all.map(({ text }) => text));
		const others = made.filter(({ content, type }) => content !== null && (type !== "message" || !said.has(content)));
		show(outputs, others.map(({ display_name: name, content }) =>
			h("details", { open: true }, h("summary", brief(name)), pre(content, LONGEST))));
	}

	function grow() {
		box.style.height = "auto";
		box.style.height = `${Math.min(box.scrollHeight + 2, TALLEST)}px`;
		onchange();
	}

	async function submit(event) {
		event.preventDefault();
		if (starting || uploads || run?.active) return;
		starting = sendButton.disabled = true;
		const sent = box.value;
		try {
			// Who types fast is ahead of the sessions.
			await ready;
			await start({ ...request(), ...(input && { input_value: sent }) });
			last = sent;
			// What was typed while the request was on its way stays.
			if (box.value === sent) box.value = "";
			files = [];
			drawFiles();
			grow();
			if (input) box.focus();
		} finally {
			starting = sendButton.disabled = false;
		}
	}

	function drop(event) {
		event.stopPropagation();
		event.preventDefault();
		return attach([...event.dataTransfer.files]);
	}

	async function attach(chosen) {
		uploads += 1;
		drawFiles();
		await upload(`api/v1/files/upload/${flow.id}`, chosen, ({ file_path: path }) => files.push(path));
		uploads -= 1;
		drawFiles();
	}

	function drawFiles() {
		const remove = (path) => {
			files = files.filter((other) => other !== path);
			drawFiles();
			focus();
		};
		show(chips,
			files.map((path) => h("span.chip", fileName(path),
				h("button.ghost", { label: `Remove ${fileName(path)}`, onclick: () => remove(path) }, "×"))),
			uploads > 0 && h("span.chip.muted", "Uploading …"));
		onchange();
	}

	return { element, input, focus, request, load, follow };
}

/** The name of a session that begins now, unlike those that are known. */
function newSession(known) {
	const now = new Date();
	const day = now.toLocaleDateString("en", { month: "short", day: "numeric" });
	const first = `Session ${day}, ${now.toLocaleTimeString("en-GB")}`;
	let name = first;
	for (let count = 2; known.includes(name); count++) name = `${first} (${count})`;
	return name;
}
