import { get } from "./api.js";
import { h, options, show } from "./dom.js";
import { brief } from "./format.js";

/** A choice among the flows by id, "" for all. `nameOf(id)` is undefined for a flow that was deleted. */
export function flowFilter(chosen, onchange) {
	let names = new Map();
	const element = h("select", { label: "Flow", onchange }, options([chosen]));

	/** Read which flows there are, unless all of these are known; one that was deleted is looked for once. */
	async function load(ids = [""], signal) {
		if (ids.every((id) => names.has(id))) return;
		const flows = await get("api/v1/flows/?header_flows=true", { signal });
		const { value } = element;
		const choices = flows.map(({ id, name }) => [id, brief(name, 60)]).sort(([, a], [, b]) => a.localeCompare(b));
		names = new Map([...ids.map((id) => [id]), ...flows.map(({ id, name }) => [id, name])]);
		if (value && !names.get(value)) choices.push([value, `Deleted flow ${value.slice(-8)}`]);
		show(element, options([["", "All flows"], ...choices], value));
	}

	return { element, load, nameOf: (id) => names.get(id) };
}
