// The fields of a flow that matter, to be changed for the next runs only.

import { h, options, show } from "./dom.js";
import { edgesOf, fieldsOf, isNote, list, nodesOf, text } from "./exported.js";
import { brief } from "./format.js";

const NUMBERS = ["int", "float", "slider"];
const LONG = ["prompt", "mustache"];
const PLAIN = new Set([...NUMBERS, ...LONG, "str", "bool", "query", "tab", "model"]);
const FEW = 6;

/** Fields that a person would set: shown, of a plain kind, and not fed by an edge or by the chat. */
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

/** A form over the fields of a flow. `values` are the changed ones, as the API takes tweaks: node id to field to value. */
export class Tweaks {
  #key;
  #onchange;
  #secret;

  constructor(flow, input, onchange) {
    this.#key = `langflow-lite.tweaks.${flow.id}`;
    this.#onchange = onchange;
    this.nodes = settable(flow.data, input);
    this.#secret = new Set(this.nodes.flatMap(({ id, fields }) =>
      fields.filter((field) => field.password).map((field) => `${id} ${field.name}`)));
    this.values = JSON.parse(sessionStorage.getItem(this.#key) ?? "{}");
    this.undo = h("button", { onclick: () => this.#reset() }, "Undo all changes");
    this.element = h("div.tweaks");
    this.#draw();
  }

  /** How many fields are changed. */
  get count() {
    return Object.values(this.values).reduce((sum, fields) => sum + Object.keys(fields).length, 0);
  }

  #draw() {
    const hint = this.nodes.length
      ? "For the runs of this page only; the stored flow stays as it is."
      : "This flow has no fields to set.";
    this.undo.hidden = !this.count;
    show(this.element, h("div.row", h("p.muted.grow", hint), this.undo), this.nodes.map((node) => this.#node(node)));
  }

  #node({ id, name, type, fields }) {
    const changed = this.values[id] ?? {};
    const [plain, advanced] = [fields.filter((field) => !field.advanced), fields.filter((field) => field.advanced)];
    const controls = (some) => some.map((field) => this.#control(id, field));
    const open = plain.length > 0 && (this.nodes.length <= FEW || Object.keys(changed).length > 0);
    return lazily({ class: "node", open }, [h("strong", brief(name, 80)), h("span.muted", brief(type, 80))], () => [
      controls(plain),
      advanced.length > 0 && lazily(
        { class: "advanced", open: advanced.some((field) => field.name in changed) },
        plain.length ? "Advanced" : "All are advanced",
        () => controls(advanced)),
    ]);
  }

  #control(id, field) {
    const changed = this.values[id]?.[field.name];
    const stored = field.load_from_db || field.password ? undefined : field.value;
    const set = (value) => row.classList.toggle("changed", this.#set(id, field, value, stored));
    const row = h("label", { class: changed !== undefined && "changed", title: text(field.info) || null },
      h("span", String(field.display_name || field.name)),
      control(`${id}-${field.name}`, field, changed ?? stored, set));
    return row;
  }

  /** Take a value; undefined stands for the stored one. Whether the field is changed now. */
  #set(id, { name }, value, stored) {
    const fields = { ...this.values[id] };
    const same = value === undefined || (value === "" && (stored ?? "") === "") || JSON.stringify(value) === JSON.stringify(stored);
    if (same) delete fields[name];
    else fields[name] = value;
    this.values = { ...this.values, [id]: fields };
    if (!Object.keys(fields).length) delete this.values[id];
    this.#changed();
    return !same;
  }

  #reset() {
    this.values = {};
    this.#draw();
    this.#changed();
  }

  #changed() {
    this.undo.hidden = !this.count;
    // What was typed into a secret field is not written anywhere.
    const kept = Object.entries(this.values).map(([id, fields]) =>
      [id, Object.fromEntries(Object.entries(fields).filter(([name]) => !this.#secret.has(`${id} ${name}`)))]);
    sessionStorage.setItem(this.#key, JSON.stringify(Object.fromEntries(kept)));
    this.#onchange();
  }
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
  const { type, password, load_from_db: fromVariable } = field;
  const choices = list(field.options?.map?.((option) => (typeof option === "string" ? { name: option } : option)))
    .filter(({ name }) => typeof name === "string");
  if (type === "bool") return h("input", { type: "checkbox", checked: value === true, onchange: ({ target }) => set(target.checked) });
  if (type === "model") return model(id, choices, value, set);
  if (field.list) {
    const lines = Array.isArray(value) ? value.join("\n") : value;
    const take = ({ target }) => set(target.value.split("\n").filter(Boolean));
    return h("textarea", { rows: 3, value: lines, placeholder: "one per line", oninput: take });
  }
  if (choices.length && !field.combobox) {
    const names = new Set(choices.map(({ name }) => name));
    const all = names.has(value) ? [...names] : [String(value ?? ""), ...names];
    return h("select", { onchange: ({ target }) => set(target.value) }, options(all.map((name) => [name, name]), value));
  }
  if (NUMBERS.includes(type)) {
    const take = ({ target }) => target.validity.valid && set(target.value === "" ? undefined : target.valueAsNumber);
    return h("input", { type: "number", step: type === "int" ? "1" : "any", value, oninput: take });
  }
  const stored = fromVariable ? `from ${field.value || "a variable"}` : password && field.value && "as stored";
  const take = ({ target }) => set(target.value === "" && stored ? undefined : target.value);
  if ((field.multiline || LONG.includes(type)) && !password) {
    return h("textarea", { rows: 4, value, placeholder: stored, oninput: take });
  }
  const secrecy = password ? { type: "password", autocomplete: "new-password" } : { type: "text", autocomplete: "off" };
  return h("input", { ...secrecy, value, placeholder: stored, oninput: take });
}

/** A model by its name; the provider stays the stored one unless the name says another, as in `openai:gpt-4o-mini`. */
function model(id, choices, value, set) {
  const [chosen] = [value].flat();
  const take = ({ target }) => {
    const name = target.value.trim();
    const provider = choices.find((choice) => choice.name === name)?.provider ?? chosen?.provider;
    if (name === "") set(undefined);
    else set(provider && !name.includes(":") ? [{ name, provider }] : name);
  };
  return [
    h("input", {
      type: "text", list: `models-${id}`, value: text(chosen) || chosen?.name, autocomplete: "off",
      placeholder: "the server's default model", onchange: take, oninput: take,
    }),
    h("datalist", { id: `models-${id}` }, choices.map((choice) => h("option", { value: choice.name }, choice.provider))),
  ];
}
