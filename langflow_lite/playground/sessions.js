// The stored messages, session by session.

import { call, get, query, remove } from "./api.js";
import { ask, deleteButton, h, searchField, show, toast } from "./dom.js";
import { flowFilter } from "./flow_filter.js";
import { brief, matcher } from "./format.js";
import { repeat } from "./live.js";
import { messageList } from "./messages.js";

const PAGE = 100;
const NAMES = 300;
const PAUSE = 2500;
const MESSAGES = "api/v1/monitor/messages";

// A path is answered without its last slash, so a name that ends with one needs another.
const sessionPath = (session) => `${MESSAGES}/session/${encodeURIComponent(session)}/`;

export async function sessionsView(main, { flow_id: flowId = "", session = "" }) {
	let names = null;
	let items = new Map();
	let messages = [];
	let limit = PAGE;
	const flows = flowFilter(flowId, () => open("", flows.element.value));
	const search = searchField("Search sessions", drawNames);
	const list = h("ul.names");
	const title = h("h2.grow", { tabindex: -1 });
	const empty = () => h("p.empty", session ? "There are no messages in this session." : "Choose a session.");
	const chat = messageList(empty, actions);
	const earlier = h("button.earlier", { hidden: true, onclick: showEarlier }, "Show earlier messages");
	const drop = deleteButton({
		what: "this session", label: "Delete", consequence: "All its messages go with it. This cannot be undone.",
		work: async () => {
			await remove(sessionPath(session));
			toast("The session was deleted.");
			await open("");
			search.focus();
		},
	});
	const about = h("div.row",
		h("button.back", () => open(""), "All sessions"), title,
		h("button", rename, "Rename"), drop);
	const split = h("div.split",
		h("nav.card", { label: "Sessions" }, search, list),
		h("section.card", { label: "Session" }, about, earlier, chat.element));

	const nameOf = (id) => (flows.nameOf(id) ? `Default session of ${flows.nameOf(id)}` : id);
	const addressOf = (id) => query("#/messages", { flow_id: flowId, session: id });

	function drawNames() {
		if (!names) return;
		const matches = matcher(search.value);
		const found = names.filter((id) => matches(nameOf(id)));
		items = new Map(found.slice(0, NAMES).map((id) => [id, items.get(id) ?? item(id)]));
		for (const [id, { firstChild: link }] of items) {
			link.href = addressOf(id);
			link.ariaCurrent = id === session ? "true" : null;
		}
		show(list,
			[...items.values()],
			found.length > NAMES && h("li.muted", `${found.length - NAMES} more; search to find them.`),
			!found.length && h("li.empty", names.length ? "No session matches." : "No messages yet."));
	}

	function item(id) {
		const onclick = (event) => {
			if (event.ctrlKey || event.metaKey || event.shiftKey) return;
			event.preventDefault();
			return open(id);
		};
		return h("li", h("a", { title: nameOf(id), onclick }, brief(nameOf(id))));
	}

	async function readNames() {
		const found = await get(query(`${MESSAGES}/sessions`, { flow_id: flowId }), { signal: live.signal });
		if (found.join("\n") === names?.join("\n")) return;
		names = found;
		drawNames();
	}

	async function readMessages() {
		const path = () => query(MESSAGES, { flow_id: flowId, session_id: session, order: "DESC", limit });
		const asked = path();
		const found = session ? await get(asked, { signal: live.signal }) : [];
		if (asked !== path()) return;
		// Those that are the same stay the same objects, and are not drawn anew.
		const known = new Map(messages.map((message) => [JSON.stringify(message), message]));
		messages = found.reverse().map((message) => known.get(JSON.stringify(message)) ?? message);
		drawMessages();
	}

	function drawMessages() {
		split.classList.toggle("open", Boolean(session));
		about.hidden = !session;
		title.textContent = brief(nameOf(session), 300);
		earlier.hidden = messages.length < limit;
		chat.update(messages);
	}

	const read = () => Promise.all([readNames(), readMessages()]);
	const toEnd = () => (chat.element.scrollTop = chat.element.scrollHeight);

	async function open(next, flow = flowId) {
		session = next;
		flowId = flow;
		limit = PAGE;
		messages = [];
		names = null;
		history.pushState(null, "", addressOf(session));
		await read();
		toEnd();
		if (session) title.focus();
	}

	async function showEarlier() {
		limit += 2 * PAGE;
		const from = chat.element.scrollHeight - chat.element.scrollTop;
		await readMessages();
		chat.element.scrollTop = chat.element.scrollHeight - from;
		chat.element.querySelector("button")?.focus({ preventScroll: true });
	}

	async function rename() {
		const given = await ask({
			title: "Rename the session",
			content: [
				h("p.muted", "If there is a session of that name, the messages join it."),
				h("input", { name: "name", required: true, value: session, label: "New name" }),
			],
			action: "Rename",
		});
		if (!given || given.name === session) return;
		await call("PATCH", query(sessionPath(session), { new_session_id: given.name }));
		await open(given.name);
	}

	function actions(message) {
		const text = brief(message.text);
		const work = async () => {
			await remove(MESSAGES, [message.id]);
			await read();
			title.focus();
		};
		return [
			h("button", { label: `Edit the message ${text}`, onclick: () => edit(message) }, "Edit"),
			deleteButton({ what: "this message", label: `Delete the message ${text}`, consequence: text, work }),
		];
	}

	async function edit({ id, text }) {
		const given = await ask({
			title: "Edit the message", action: "Save",
			content: h("textarea", { name: "text", rows: 8, value: text, label: "Text" }),
		});
		if (!given || given.text === text) return;
		await call("PUT", `${MESSAGES}/${id}`, { json: given });
		await readMessages();
	}

	await flows.load();
	show(main, h("div.row.head", h("h1.grow", "Messages"), flows.element), split);
	drawMessages();
	const live = repeat(read, () => PAUSE);
	await live.again();
	toEnd();
	return live.stop;
}
