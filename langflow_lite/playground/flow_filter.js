// A choice among the flows there are, to narrow a list.

import { get } from "./api.js";
import { h, show } from "./dom.js";
import { brief } from "./format.js";

/** A select whose `value` is the id of a flow, "" for all. */
export class FlowFilter {
  #names = new Map();

  constructor(chosen, onchange) {
    this.element = h("select", { "aria-label": "Flow", onchange });
    this.chosen = chosen;
  }

  get value() {
    return this.element.options.length ? this.element.value : this.chosen;
  }

  /** Read which flows there are. */
  async load(options) {
    const chosen = this.value;
    const flows = await get("api/v1/flows/?header_flows=true", options);
    this.#names = new Map(flows.map(({ id, name }) => [id, name]));
    const choices = flows.map(({ id, name }) => [id, brief(name, 60)]).sort(([, a], [, b]) => a.localeCompare(b));
    if (chosen && !this.#names.has(chosen)) choices.push([chosen, `Deleted flow ${chosen.slice(-8)}`]);
    show(this.element, h("option", { value: "" }, "All flows"), choices.map(([id, name]) => h("option", { value: id, selected: id === chosen }, name)));
  }

  /** The name of a flow; undefined when it was deleted, or is newer than the last `load`. */
  name(id) {
    return this.#names.get(id);
  }
}
