// The fields of a flow that matter, to be changed for the next runs only.

import { h, show } from "./dom.js";

const TYPES = { str: "text", int: "number", float: "number", bool: "checkbox", slider: "number" };

/** Fields that a person would set: shown, not advanced, of a plain kind, and not fed by an edge. */
function settable(data) {
  const fed = new Set((data?.edges ?? []).map((edge) => `${edge.target} ${field(edge)}`));
  return (data?.nodes ?? []).filter((node) => node.data?.node?.template && node.type !== "noteNode").map((node) => ({
    id: node.id,
    name: node.data.node.display_name || node.data.type,
    fields: Object.entries(node.data.node.template)
      .filter(([name, entry]) => entry && typeof entry === "object" && name !== "code" && entry.type in TYPES && entry.show !== false && !entry.advanced && !entry.list)
      .filter(([name]) => !fed.has(`${node.id} ${name}`))
      .map(([name, entry]) => ({ ...entry, name })),
  })).filter(({ fields }) => fields.length);
}

function field(edge) {
  const handle = edge.data?.targetHandle ?? edge.targetHandle;
  if (typeof handle !== "string") return handle?.fieldName;
  return /œfieldNameœ:\s*œ([^œ]*)œ/.exec(handle)?.[1] ?? handle.split("|")[1];
}

/** A form over the fields of a flow. `values` are the changed ones, as the API takes tweaks: node id to field to value. */
export class Tweaks {
  #key;
  #onchange;
  #secret = new Set();

  constructor(flow, onchange) {
    this.#key = `langflow-lite.tweaks.${flow.id}`;
    this.#onchange = onchange;
    this.nodes = settable(flow.data);
    for (const node of this.nodes) for (const entry of node.fields) if (entry.password) this.#secret.add(`${node.id} ${entry.name}`);
    this.values = JSON.parse(sessionStorage.getItem(this.#key) ?? "{}");
    this.element = h("div", { class: "tweaks" });
    this.#draw();
  }

  /** How many fields are changed. */
  get count() {
    return Object.values(this.values).reduce((sum, fields) => sum + Object.keys(fields).length, 0);
  }

  #draw() {
    show(this.element,
      h("p", { class: "muted" }, this.nodes.length ? "Changes apply to runs from this page only; the stored flow stays as it is." : "This flow has no fields to set."),
      this.nodes.map((node) => h("fieldset", {}, h("legend", {}, node.name), node.fields.map((entry) => this.#control(node.id, entry)))),
      this.count > 0 && h("button", { type: "button", onclick: () => this.#reset() }, "Undo all changes"));
  }

  #control(id, entry) {
    const changed = this.values[id]?.[entry.name];
    const stored = entry.load_from_db || entry.password ? undefined : entry.value;
    const value = changed ?? stored ?? "";
    const options = Array.isArray(entry.options) ? entry.options.filter((option) => typeof option === "string") : [];
    const set = (to) => this.#set(id, entry, to, stored);
    let control;
    if (entry.type === "bool") {
      control = h("input", { type: "checkbox", checked: value === true, onchange: (event) => set(event.target.checked) });
    } else if (options.length && !entry.combobox) {
      const all = options.includes(value) ? options : [value, ...options];
      control = h("select", { onchange: (event) => set(event.target.value) }, all.map((option) => h("option", { value: option, selected: option === value }, String(option))));
    } else if (entry.multiline && !entry.password) {
      control = h("textarea", { rows: 3, value: String(value), oninput: (event) => set(event.target.value) });
    } else {
      control = h("input", {
        type: entry.password ? "password" : TYPES[entry.type], step: entry.type === "int" ? "1" : "any", value: String(value), autocomplete: "off",
        placeholder: entry.load_from_db ? `from ${entry.value || "a variable"}` : entry.password && entry.value ? "as stored" : null,
        oninput: (event) => set(TYPES[entry.type] === "number" ? (event.target.value === "" ? "" : event.target.valueAsNumber) : event.target.value),
      });
    }
    return h("label", { class: changed === undefined ? "" : "changed", title: entry.info || null }, h("span", {}, entry.display_name || entry.name), control);
  }

  #set(id, entry, value, stored) {
    const fields = { ...this.values[id] };
    if (value === stored || (value === "" && (stored === undefined || stored === ""))) delete fields[entry.name];
    else fields[entry.name] = value;
    this.values = { ...this.values, [id]: fields };
    if (!Object.keys(fields).length) delete this.values[id];
    this.#keep();
    this.#onchange();
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
