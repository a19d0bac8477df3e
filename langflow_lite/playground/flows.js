// The list of flows.

import { get, remove, saveBlob } from "./api.js";
import { findings } from "./checked.js";
import { closeButton, deleteButton, h, listener, searchField, show, toast } from "./dom.js";
import { ago, brief, matcher, moment } from "./format.js";
import { icon } from "./icons.js";
import { filePicker, upload } from "./upload.js";

const LOCAL = new Set(["user_id", "folder_id", "updated_at", "version", "version_token", "workspace_id", "name_key"]);

export async function flowsView(main) {
	let flows = [];
	const search = searchField("Search flows", draw);
	const cards = h("ul.cards");
	const found = h("p.muted.hint", { role: "status" });
	const imported = h("div.imported", { "aria-live": "polite" });
	const picker = filePicker(take, { accept: ".json,.zip,application/json", label: "Flow files" });
	const choose = (label) => h("button.primary", () => picker.click(), icon("upload"), label);

	async function load() {
		flows = await get("api/v1/flows/?header_flows=true");
		flows.sort((a, b) => a.name.localeCompare(b.name));
		draw();
	}

	function draw() {
		const matches = matcher(search.value);
		const matching = flows.filter(({ name, description, endpoint_name: endpoint, id, tags }) =>
			matches([name, description, endpoint, id, ...(tags ?? [])].join(" ")));
		const all = flows.length === 1 ? "1 flow" : `${flows.length} flows`;
		found.textContent = search.value.trim()
			? `${matching.length} of ${all}`
			: `${all}. Drop exported JSON or ZIP files anywhere to import more.`;
		show(cards, matching.map(card), !matching.length && (flows.length ? h("li.empty", "No flow matches.") : start()));
	}

	const start = () => h("li.empty.card", h("h2", "No flows yet"),
		h("p", "Export a flow from Langflow as JSON and drop the file here."), choose("Choose a file"));

	function card(flow) {
		const name = brief(flow.name);
		const changed = moment(flow.updated_at);
		return h("li.card",
			h("a.title", { href: `#/flows/${flow.id}` }, name),
			h("p.muted", flow.description ? brief(flow.description, 400) : "No description."),
			h("div.row.foot",
				flow.endpoint_name && h("code", flow.endpoint_name),
				h("time.muted.grow", { datetime: changed.toISOString() }, ago(changed)),
				h("button", { label: `Download ${name}`, title: "Download", onclick: () => download(flow) }, icon("save")),
				deleteButton({
					what: `“${name}”`, label: `Delete ${name}`, content: icon("trash"),
					consequence: "Its messages and files go with it. This cannot be undone.", work: () => drop(flow),
				})));
	}

	async function drop({ id }) {
		await remove(`api/v1/flows/${id}`);
		toast("The flow was deleted.");
		await load();
		search.focus();
	}

	async function take(files) {
		await upload("api/v1/flows/upload/", files, async (stored) => {
			for (const { id, name } of stored) {
				const check = await get(`api/v1/flows/${id}/check`);
				const title = h("h2.grow", "Imported ", h("a", { href: `#/flows/${id}` }, brief(name)));
				const panel = h("section.card", h("div.row", title, closeButton(() => panel.remove())), findings(check));
				imported.prepend(panel);
			}
		});
		await load();
	}

	show(main, h("div.row.head", h("h1.grow", "Flows"), search, choose("Import"), picker), found, imported, cards);
	await load();
	return acceptDrops(main, take);
}

function acceptDrops(main, take) {
	const gone = new AbortController();
	const on = (name, act) => window.addEventListener(name, listener(act), { signal: gone.signal });
	on("dragover", () => main.classList.add("dropping"));
	on("dragleave", (event) => event.relatedTarget || main.classList.remove("dropping"));
	on("drop", (event) => {
		main.classList.remove("dropping");
		return take([...event.dataTransfer.files]);
	});
	return () => gone.abort();
}

export const fileStem = (flow) => flow.endpoint_name || flow.name.slice(0, 80).replaceAll(/[^\p{L}\p{N}_-]+/gu, "_");

export async function download(flow) {
	const whole = Object.entries(await get(`api/v1/flows/${flow.id}`));
	const document = Object.fromEntries(whole.filter(([name]) => !LOCAL.has(name)));
	saveBlob(new Blob([JSON.stringify(document, null, 2)], { type: "application/json" }), `${fileStem(flow)}.json`);
}
