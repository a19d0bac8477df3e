// One flow: its graph, the chat with it, its tweaks, and the code for the same call. A run survives a reload.

import { get, query, save } from "./api.js";
import { chatPanel } from "./chat.js";
import { findings } from "./checked.js";
import { h, say, show, tabs } from "./dom.js";
import { download, fileStem } from "./flows.js";
import { brief } from "./format.js";
import { icon } from "./icons.js";
import { Run } from "./run.js";
import { runPanel } from "./run_panel.js";
import { snippetPanel } from "./snippets.js";
import { JOBS, readJob } from "./status.js";
import { tweakPanel } from "./tweaks.js";

export async function flowView(main, { id }) {
	const flow = await get(`api/v1/flows/${id}`);
	document.title = `${brief(flow.name, 60)} · langflow-lite`;
	const kept = `langflow-lite.run.${flow.id}`;
	let run = null;

	const chat = chatPanel(flow, { start, stop: () => run.stop(), onchange: () => changed() });
	const tweaks = tweakPanel(flow, chat.input, () => changed());
	const snippets = snippetPanel(flow, chat.input, () => request(chat.request("Hello!")));
	const panel = runPanel(flow.data, (shown) => chat.follow(shown));
	const check = h("div", h("p.muted", "Looking …"));
	const side = tabs("Flow", { Chat: chat.element, Tweaks: tweaks.element, Code: snippets.element, Check: check }, snippets.update);
	const tab = (name) => side.element.querySelector(`#tab-${name}`);

	const request = (sent) => ({ ...sent, ...(tweaks.count() && { tweaks: tweaks.values() }) });

	function changed() {
		snippets.update();
		say(tab("Tweaks"), tweaks.count() ? `Tweaks (${tweaks.count()})` : "Tweaks");
	}

	function attach(next) {
		run?.leave();
		run = next;
		panel.follow(run);
	}

	async function start(sent) {
		attach(await Run.start(flow.id, request(sent)));
		sessionStorage.setItem(kept, run.id);
	}

	// The job this tab started last, else one that is running now or waits for a person, wherever it was started.
	async function reattach() {
		const own = sessionStorage.getItem(kept);
		const newest = async (status) => (await get(query(`${JOBS}/jobs`, { flow_id: flow.id, status, limit: 1 }))).jobs[0];
		const job = (own && (await readJob(own).catch(() => null))) || (await newest("in_progress")) || (await newest("suspended"));
		if (!job) return null;
		attach(Run.of(job));
		return run.active ? job.session_id : null;
	}

	function inspect(node) {
		panel.graph.reveal(node);
		panel.graph.choose(node);
	}

	const picture = (kind) => save(`api/v1/flows/${flow.id}/graph.${kind}`, `${fileStem(flow)}.${kind}`);
	show(main,
		h("div.row.head",
			h("div.grow",
				h("h1", { title: flow.name }, brief(flow.name, 300), flow.endpoint_name && h("code", flow.endpoint_name)),
				flow.description && h("p.muted.lead", { title: flow.description }, flow.description)),
			h("a.button", { href: `#/jobs?flow_id=${flow.id}` }, "Jobs"),
			menu([icon("save"), "Download"], {
				"Flow (JSON)": () => download(flow), "Graph (SVG)": () => picture("svg"), "Graph (Mermaid)": () => picture("mmd"),
			})),
		h("div.flow", panel.element, h("section.side", { label: "Try the flow" }, side.element)));
	changed();
	get(`api/v1/flows/${flow.id}/check`).then((found) => {
		show(check, findings(found, inspect));
		tab("Check").classList.toggle("warn", !found.runs);
	}, (error) => show(check, h("p", error.message)));
	const leave = () => {
		run?.leave();
		panel.leave();
	};
	try {
		await chat.load(await reattach());
	} catch (error) {
		leave();
		throw error;
	}
	// On a small screen a keyboard would come up and hide the graph; and who is somewhere else already stays there.
	if (matchMedia("(min-width: 901px)").matches && !main.contains(document.activeElement)) chat.focus();
	return leave;
}

function menu(label, actions) {
	const close = () => (fold.open = false);
	const fold = h("details.menu", {
		onfocusout: (event) => fold.contains(event.relatedTarget) || close(),
		onkeydown: (event) => {
			if (event.key !== "Escape") return;
			close();
			fold.firstElementChild.focus();
		},
	},
		h("summary.button", label),
		h("div.items", { onclick: close }, Object.entries(actions).map(([name, onclick]) => h("button", onclick, name))));
	return fold;
}
