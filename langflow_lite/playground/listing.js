import { ApiError } from "./api.js";
import { deleteButton, h, show } from "./dom.js";
import { brief } from "./format.js";

export const table = (columns, body) =>
	h("table.table", h("thead", h("tr", columns.map((name) => h("th", { scope: "col" }, name)), h("td"))), body);

/**
 * A card with a table, read again after every change. `read()` answers the items and `row(item)` the cells of one, the last of them
 * its actions. `create()` makes one from `fields`; what that resolves to has the focus then, or else the first field.
 */
export function listing({ title, hint, columns, empty, read, row, add, fields, create, below }) {
	const place = h("div.scroll");
	const heading = h("h2", { tabindex: -1 }, title);
	const form = create && h("form.row.add", {
		onsubmit: async (event) => {
			event.preventDefault();
			const made = await create();
			await load();
			for (const field of fields) if (field.matches("input")) field.value = "";
			(made ?? fields[0]).focus();
		},
	}, fields, h("button.primary", { type: "submit" }, add));

	function line(item) {
		const cells = row(item);
		const actions = cells.pop();
		return h("tr", cells.map((cell, index) => h("td", { "data-label": columns[index] }, cell)), h("td.actions", actions));
	}

	async function load() {
		try {
			const items = await read();
			show(place, items.length ? table(columns, h("tbody", items.map(line))) : h("p.empty", empty));
		} catch (error) {
			if (!(error instanceof ApiError)) throw error;
			show(place, h("p.failure", error.message));
		}
	}

	async function change(work) {
		await work();
		await load();
	}

	return {
		element: h("section.card.listing", { label: title }, heading, h("p.muted", hint), form, below, place),
		load,
		change,
		deleteButton: (name, consequence, request) => deleteButton({
			what: `“${brief(name)}”`, label: `Delete ${brief(name)}`, consequence,
			work: async () => {
				await change(request);
				heading.focus();
			},
		}),
	};
}
