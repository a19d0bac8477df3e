// A choice among the flows there are, to narrow a list.

import { get } from "./api.js";
import { h, options, show } from "./dom.js";
import { brief } from "./format.js";

/** A select whose `value` is the id of a flow, "" for all. */
export class FlowFilter {
  #names = new Map();

  constructor(chosen, onchange) {
    this.element = h("select", { "aria-label": "Flow", onchange }, options([[chosen, "…"]]));
  }

  get value() {
    return this.element.value;
  }

  /** Read which flows there are, unless all of these are known; one that was deleted is looked for once. */
  async load(ids = [""], signal) {
    if (ids.every((id) => this.#names.has(id))) return;
    const flows = await get("api/v1/flows/?header_flows=true", { signal });
    const chosen = this.value;
    const choices = flows.map(({ id, name }) => [id, brief(name, 60)]).sort(([, a], [, b]) => a.localeCompare(b));
    this.#names = new Map([...ids.map((id) => [id]), ...flows.map(({ id, name }) => [id, name])]);
    if (chosen && !this.name(chosen)) choices.push([chosen, `Deleted flow ${chosen.slice(-8)}`]);
    show(this.element, options([["", "All flows"], ...choices], chosen));
  }

  /** The name of a flow; undefined when it was deleted, or is newer than the last `load`. */
  name(id) {
    return this.#names.get(id);
  }
}
