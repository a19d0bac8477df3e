import { h, options, show } from "./dom.js";
import { edgesOf, fieldsOf, isNote, list, nodesOf, text } from "./exported.js";
import { brief } from "./format.js";

const NUMBERS = ["int", "float", "slider"];
const LONG = ["prompt", "mustache"];
const PLAIN = new Set([...NUMBERS, ...LONG, "str", "bool", "query", "tab", "model"]);
const FEW = 6;

/** Fields that a person would set: shown, of a plain kind, not fed by an edge or the chat. */
function settable(data, input) {
	const fed = new Set(edgesOf(data).map((edge) => `${edge.target} ${edge.field}`));
	const settableIn = (node) => ([name, field]) =>
		PLAIN.has(field.type) && field.show !== false && (!field.list || field.type === "str") &&
		!fed.has(`${node.id} ${name}`) && !(name === "input_value" && node.data.type === input?.type);
	return nodesOf(data).filter((node) => !isNote(node)).map((node) => {
		const fields = fieldsOf(node).filter(settableIn(node)).map(([name, field]) => ({ ...field, name }));
		const type = String(node.data.type ?? "");
		return { id: node.id, name: String(node.data.node.display_name || type), type, fields };
	}).filter(({ fields }) => fields.length);
}

/** The fields of a flow that matter, to be changed for the next runs only. `values()` are the changed ones, as tweaks of the API. */
export function tweakPanel(flow, input, onchange) {
	const kept = `langflow-lite.tweaks.${flow.id}`;
	const nodes = settable(flow.data, input);
	const secret = new Set(nodes.flatMap(({ id, fields }) => fields.filter(({ password }) => password).map(({ name }) => `${id} ${name}`)));
	const undo = h("button", reset, "Undo all changes");
	const element = h("div.tweaks");
	let values = JSON.parse(sessionStorage.getItem(kept) ?? "{}");

	const count = () => Object.values(values).reduce((sum, fields) => sum + Object.keys(fields).length, 0);

	function draw() {
		const hint = nodes.length ? "For the runs of this page only; the stored flow stays as it is." : "This flow has no fields to set.";
		undo.hidden = !count();
		show(element, h("div.row", h("p.muted.grow", hint), undo), nodes.map(fold));
	}

	function fold({ id, name, type, fields }) {
		const changed = values[id] ?? {};
		const plain = fields.filter((field) => !field.advanced);
		const advanced = fields.filter((field) => field.advanced);
		const rows = (some) => some.map((field) => row(id, field));
		const open = plain.length > 0 && (nodes.length <= FEW || Object.keys(changed).length > 0);
		return lazily({ class: "node", open }, [h("strong", brief(name)), h("span.muted", brief(type))], () => [
			rows(plain),
			advanced.length > 0 && lazily(
				{ class: "advanced", open: advanced.some((field) => field.name in changed) },
				plain.length ? "Advanced" : "All are advanced", () => rows(advanced)),
		]);
	}

	function row(id, field) {
		const changed = values[id]?.[field.name];
		const stored = field.load_from_db || field.password ? undefined : field.value;
		const take = (value) => element.classList.toggle("changed", set(id, field.name, value, stored));
		const element = h("label", { class: changed !== undefined && "changed", title: text(field.info) || null },
			h("span", String(field.display_name || field.name)), control(`${id}-${field.name}`, field, changed ?? stored, take));
		return element;
	}

	/** Take a value; undefined stands for the stored one. Whether the field is changed now. */
	function set(id, name, value, stored) {
		const fields = { ...values[id] };
		const same = value === undefined || (value === "" && (stored ?? "") === "") || JSON.stringify(value) === JSON.stringify(stored);
		if (same) delete fields[name];
		else fields[name] = value;
		values = { ...values, [id]: fields };
		if (!Object.keys(fields).length) delete values[id];
		keep();
		return !same;
	}

	function reset() {
		values = {};
		draw();
		keep();
	}

	function keep() {
		undo.hidden = !count();
		// What was typed into a secret field is not written anywhere.
		const open = Object.entries(values).map(([id, fields]) =>
			[id, Object.fromEntries(Object.entries(fields).filter(([name]) => !secret.has(`${id} ${name}`)))]);
		sessionStorage.setItem(kept, JSON.stringify(Object.fromEntries(open)));
		onchange();
	}

	draw();
	return { element, count, values: () => values };
}

/** A fold whose content is made when it is first opened: a large flow has thousands of fields. */
function lazily(props, summary, content) {
	const fill = () => fold.open && fold.children.length === 1 && fold.append(h("div.fields", content()));
	const fold = h("details", { ...props, ontoggle: fill }, h("summary", summary));
	fill();
	return fold;
}

/** The elements to change a value of a field's kind; `set` is told the new value, undefined for "as stored". */
function control(id, field, value, set) {
	const { type, password } = field;
	const choices = list(field.options?.map?.((option) => (typeof option === "string" ? { name: option } : option)))
		.filter(({ name }) => typeof name === "string");
	const take = (read) => ({ target }) => set(read(target));
	if (type === "bool") return h("input", { type: "checkbox", checked: value === true, onchange: take(({ checked }) => checked) });
	if (type === "model") return model(id, choices, value, set);
	if (field.list) {
		const lines = Array.isArray(value) ? value.join("\n") : value;
		const oninput = take((area) => area.value.split("\n").filter(Boolean));
		return h("textarea", { rows: 3, value: lines, placeholder: "one per line", oninput });
	}
	if (choices.length && !field.combobox) {
		const names = choices.map(({ name }) => name);
		return h("select", { onchange: take((select) => select.value) },
			options(names.includes(value) ? names : [String(value ?? ""), ...names], value));
	}
	if (NUMBERS.includes(type)) {
		const oninput = ({ target }) => target.validity.valid && set(target.value === "" ? undefined : target.valueAsNumber);
		return h("input", { type: "number", step: type === "int" ? "1" : "any", value, oninput });
	}
	const placeholder = field.load_from_db ? `from ${field.value || "a variable"}` : password && field.value && "as stored";
	const props = { value, placeholder, oninput: take((input) => (input.value === "" && placeholder ? undefined : input.value)) };
	if ((field.multiline || LONG.includes(type)) && !password) return h("textarea", { rows: 4, ...props });
	return h("input", { type: password ? "password" : "text", autocomplete: password ? "new-password" : "off", ...props });
}

/** A model by its name; the provider stays the stored one unless the name says another, as in `openai:gpt-4o-mini`. */
function model(id, choices, value, set) {
	const [chosen] = [value].flat();
	const oninput = ({ target }) => {
		const name = target.value.trim();
		const provider = choices.find((choice) => choice.name === name)?.provider ?? chosen?.provider;
		if (name === "") set(undefined);
		else set(provider && !name.includes(":") ? [{ name, provider }] : name);
	};
	return [
		h("input", {
			type: "text", list: `models-${id}`, value: text(chosen) || chosen?.name, autocomplete: "off",
			placeholder: "the server's default model", oninput,
		}),
		h("datalist", { id: `models-${id}` }, choices.map((choice) => h("option", { value: choice.name }, choice.provider))),
	];
}
