// What the server keeps beside its flows, a card for each.

import { call, get, post, remove, save } from "./api.js";
import { ask, copyButton, h, options, show } from "./dom.js";
import { ago, brief, fileName, moment, size } from "./format.js";
import { listing } from "./listing.js";
import { filePicker, upload } from "./upload.js";

const VARIABLES = "api/v1/variables/";
const KEYS = "api/v1/api_key/";
const FILES = "api/v2/files/";

/** What flows may use by name. The value of a credential goes in and never comes back. */
export function variables() {
	const field = (label, props) => h("input", { required: true, placeholder: label, label: `${label} of the variable`, ...props });
	const name = field("Name", { autocomplete: "off" });
	const value = field("Value", { type: "password", autocomplete: "new-password" });
	const type = h("select", {
		label: "Type of the variable", onchange: () => (value.type = type.value === "Generic" ? "text" : "password"),
	}, options(["Credential", "Generic"]));

	async function change(variable) {
		const secret = variable.type === "Credential";
		const given = await ask({
			title: `Change “${brief(variable.name)}”`,
			content: h("input", {
				name: "value", type: secret ? "password" : "text", required: true, value: variable.value,
				placeholder: secret && "The new value", label: "New value", autocomplete: "new-password",
			}),
			action: "Save",
		});
		if (given) await card.change(() => call("PATCH", VARIABLES + variable.id, { json: given }));
	}

	const card = listing({
		title: "Global variables",
		hint: "Flows use them by name, for keys above all. A credential is kept encrypted and never shown again.",
		columns: ["Name", "Type", "Value"],
		empty: "No variables yet.",
		add: "Add",
		fields: [name, value, type],
		create: async () => {
			await post(VARIABLES, { name: name.value, value: value.value, type: type.value });
		},
		read: () => get(VARIABLES),
		row: (variable) => [
			h("code", brief(variable.name)), variable.type,
			variable.validation_error ? h("span.failure", variable.validation_error) : brief(variable.value ?? "••••••"),
			[
				h("button", { label: `Change ${brief(variable.name)}`, onclick: () => change(variable) }, "Change"), " ",
				card.deleteButton(variable.name, "Flows that use it will not find it any more.", () => remove(VARIABLES + variable.id)),
			],
		],
	});
	return card;
}

/** The keys that open this server. A new one is shown once. */
export function apiKeys() {
	const name = h("input", { required: true, placeholder: "What it is for", label: "Name of the key", autocomplete: "off" });
	const made = h("div.new-key", { role: "status" });

	async function create() {
		const { api_key: secret } = await post(KEYS, { name: name.value });
		const copy = copyButton(() => secret, { class: "primary" });
		const done = () => {
			show(made);
			name.focus();
		};
		show(made,
			h("p", "Copy this key now. It is not shown again."),
			h("div.row", h("code.grow", secret), copy, h("button", done, "Done")));
		return copy;
	}

	const card = listing({
		title: "API keys",
		hint: "Whoever has one may do everything here. Only a hash of it is kept.",
		columns: ["Name", "Key", "Created", "Used"],
		empty: "No keys yet.",
		add: "Create",
		fields: [name],
		create,
		below: made,
		read: async () => (await get(KEYS)).api_keys,
		row: ({ id, name: label, api_key: masked, created_at: created, last_used_at: used, total_uses: uses }) => [
			brief(label ?? ""), h("code", masked), ago(moment(created)), used ? `${uses} ×, ${ago(moment(used))}` : "never",
			card.deleteButton(label || masked, "Whoever uses this key is refused from now on.", () => remove(KEYS + id)),
		],
	});
	return card;
}

/** The files that belong to no flow, for every flow to read. */
export function files() {
	const picker = filePicker((chosen) => card.change(() => upload(FILES, chosen)));
	const card = listing({
		title: "Files",
		hint: "They belong to no flow; any may read them by their path.",
		columns: ["Name", "Path", "Size", "Changed"],
		empty: "No files yet.",
		below: h("div.row.add", h("button", () => picker.click(), "Upload"), picker),
		read: () => get(FILES),
		row: ({ id, name, path, size: bytes, updated_at: changed }) => [
			brief(name), h("code", brief(path)), size(bytes), ago(moment(changed)),
			[
				h("button", { label: `Download ${brief(name)}`, onclick: () => save(FILES + id, fileName(path)) }, "Download"), " ",
				card.deleteButton(name, "Flows that read it will not find it any more.", () => remove(FILES + id)),
			],
		],
	});
	return card;
}
