// The fields of a flow that matter, to be changed for the next runs only.

import { h, show } from "./dom.js";
import { edgesOf, fieldsOf, isNote, list, nodesOf } from "./exported.js";
import { brief } from "./format.js";

const NUMBERS = new Set(["int", "float", "slider"]);
const PLAIN = new Set([...NUMBERS, "str", "bool", "prompt", "mustache", "query", "tab", "model"]);
const FEW = 6;

/** Fields that a person would set: shown, of a plain kind, and not fed by an edge or by the chat. */
function settable(data, input) {
  const fed = new Set(edgesOf(data).map((edge) => `${edge.target} ${edge.field}`));
  return nodesOf(data).filter((node) => !isNote(node)).map((node) => {
    const fields = fieldsOf(node)
      .filter(([name, entry]) => PLAIN.has(entry.type) && entry.show !== false && (!entry.list || entry.type === "str") && !fed.has(`${node.id} ${name}`))
      .filter(([name]) => !(name === "input_value" && node.data.type === input?.type))
      .map(([name, entry]) => ({ ...entry, name }));
    return { id: node.id, name: String(node.data.node.display_name || node.data.type), type: String(node.data.type ?? ""), plain: fields.filter((entry) => !entry.advanced), advanced: fields.filter((entry) => entry.advanced) };
  }).filter(({ plain, advanced }) => plain.length + advanced.length);
}

/** A form over the fields of a flow. `values` are the changed ones, as the API takes tweaks: node id to field to value. */
export class Tweaks {
  #key;
  #onchange;
  #secret = new Set();

  constructor(flow, input, onchange) {
    this.#key = `langflow-lite.tweaks.${flow.id}`;
    this.#onchange = onchange;
    this.nodes = settable(flow.data, input);
    for (const node of this.nodes) for (const entry of [...node.plain, ...node.advanced]) if (entry.password) this.#secret.add(`${node.id} ${entry.name}`);
    this.values = JSON.parse(sessionStorage.getItem(this.#key) ?? "{}");
    this.undo = h("button", { type: "button", onclick: () => this.#reset() }, "Undo all changes");
    this.element = h("div", { class: "tweaks" });
    this.#draw();
  }

  /** How many fields are changed. */
  get count() {
    return Object.values(this.values).reduce((sum, fields) => sum + Object.keys(fields).length, 0);
  }

  #draw() {
    this.undo.hidden = !this.count;
    show(this.element,
      h("div", { class: "row" }, h("p", { class: "muted grow" }, this.nodes.length ? "For the runs of this page only; the stored flow stays as it is." : "This flow has no fields to set."), this.undo),
      this.nodes.map((node) => this.#node(node)));
  }

  #node(node) {
    const changed = this.values[node.id] ?? {};
    const open = node.plain.length > 0 && (this.nodes.length <= FEW || Object.keys(changed).length > 0);
    return lazily({ open, class: "node" }, [h("strong", {}, brief(node.name, 80)), h("span", { class: "muted" }, brief(node.type, 80))], () => [
      node.plain.map((entry) => this.#control(node.id, entry)),
      node.advanced.length > 0 && lazily({ class: "advanced", open: node.advanced.some(({ name }) => name in changed) }, [node.plain.length ? "Advanced" : "All are advanced"], () => node.advanced.map((entry) => this.#control(node.id, entry))),
    ]);
  }

  #control(id, entry) {
    const changed = this.values[id]?.[entry.name];
    const stored = entry.load_from_db || entry.password ? undefined : entry.value;
    const row = h("label", { class: changed === undefined ? "" : "changed", title: typeof entry.info === "string" && entry.info ? entry.info : null }, h("span", {}, String(entry.display_name || entry.name)));
    row.append(...control(`${id}-${entry.name}`, entry, changed ?? stored, (value) => row.classList.toggle("changed", this.#set(id, entry, value, stored))));
    return row;
  }

  /** Take a value; undefined stands for the stored one. Whether the field is changed now. */
  #set(id, entry, value, stored) {
    const fields = { ...this.values[id] };
    const same = value === undefined || value === stored || (value === "" && (stored ?? "") === "") || JSON.stringify(value) === JSON.stringify(stored);
    if (same) delete fields[entry.name];
    else fields[entry.name] = value;
    this.values = { ...this.values, [id]: fields };
    if (!Object.keys(fields).length) delete this.values[id];
    this.undo.hidden = !this.count;
    this.#keep();
    this.#onchange();
    return !same;
  }

  #reset() {
    this.values = {};
    this.#keep();
    this.#draw();
    this.#onchange();
  }

  // What was typed into a secret field is not written anywhere.
  #keep() {
    const open = Object.entries(this.values).map(([id, fields]) => [id, Object.fromEntries(Object.entries(fields).filter(([name]) => !this.#secret.has(`${id} ${name}`)))]);
    sessionStorage.setItem(this.#key, JSON.stringify(Object.fromEntries(open.filter(([, fields]) => Object.keys(fields).length))));
  }
}

/** A fold whose content is made when it is first opened: a large flow has thousands of fields. */
function lazily(props, summary, content) {
  const fill = () => fold.open && fold.children.length === 1 && fold.append(h("div", { class: "fields" }, content()));
  const fold = h("details", { ...props, ontoggle: fill }, h("summary", {}, summary));
  fill();
  return fold;
}

/** The elements to change a value of a field's kind; `set` is told the new value, undefined for "as stored". */
function control(id, entry, value, set) {
  const options = list(entry.options?.map?.((option) => (typeof option === "string" ? { name: option } : option))).filter(({ name }) => typeof name === "string");
  if (entry.type === "bool") return [h("input", { type: "checkbox", checked: value === true, onchange: (event) => set(event.target.checked) })];
  if (entry.type === "model") return model(id, options, value, set);
  if (entry.list) {
    const lines = Array.isArray(value) ? value.join("\n") : String(value ?? "");
    return [h("textarea", { rows: 3, value: lines, placeholder: "one per line", oninput: (event) => set(event.target.value.split("\n").filter(Boolean)) })];
  }
  if (options.length && !entry.combobox) {
    const names = options.map(({ name }) => name);
    const all = names.includes(value) ? names : [String(value ?? ""), ...names];
    return [h("select", { onchange: (event) => set(event.target.value) }, all.map((name) => h("option", { value: name, selected: name === value }, name)))];
  }
  if (NUMBERS.has(entry.type)) {
    const take = ({ target }) => target.validity.valid && set(target.value === "" ? undefined : target.valueAsNumber);
    return [h("input", { type: "number", step: entry.type === "int" ? "1" : "any", value: value ?? "", oninput: take })];
  }
  if ((entry.multiline || entry.type === "prompt" || entry.type === "mustache") && !entry.password) {
    return [h("textarea", { rows: 4, value: String(value ?? ""), placeholder: from(entry), oninput: (event) => set(event.target.value) })];
  }
  return [h("input", {
    type: entry.password ? "password" : "text", value: String(value ?? ""), autocomplete: entry.password ? "new-password" : "off", placeholder: from(entry),
    oninput: (event) => set(event.target.value === "" && (entry.password || entry.load_from_db) ? undefined : event.target.value),
  })];
}

function from(entry) {
  if (entry.load_from_db) return `from ${entry.value || "a variable"}`;
  return entry.password && entry.value ? "as stored" : null;
}

/** A model by its name; the provider stays the stored one unless the name says another, as in `openai:gpt-4o-mini`. */
function model(id, options, value, set) {
  const [chosen] = [value].flat();
  const name = typeof chosen === "string" ? chosen : chosen?.name;
  const provider = typeof chosen === "object" ? chosen?.provider : undefined;
  const take = ({ target }) => {
    const typed = target.value.trim();
    const known = options.find((option) => option.name === typed);
    const owner = known?.provider ?? provider;
    set(typed === "" ? undefined : owner && !typed.includes(":") ? [{ name: typed, provider: owner }] : typed);
  };
  return [
    h("input", { type: "text", list: `models-${id}`, value: String(name ?? ""), autocomplete: "off", placeholder: "the server's default model", onchange: take, oninput: take }),
    h("datalist", { id: `models-${id}` }, options.map((option) => h("option", { value: option.name }, option.provider))),
  ];
}
