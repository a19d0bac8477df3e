// A card with a table of what the server keeps: read, shown, and read again after every change.

import { ApiError } from "./api.js";
import { h, mayDelete, show } from "./dom.js";
import { brief } from "./format.js";

/** A table whose last column, the one without a name, holds the actions. */
export const table = (columns, body) =>
  h("table.table", h("thead", h("tr", columns.map((name) => h("th", { scope: "col" }, name)), h("td"))), body);

/**
 * `read()` answers the items and `row(item)` the cells of one, the last of them its actions. More of them are made by
 * `create()` from `fields`, under a button named `add`; what that resolves to has the focus then, or else the first field.
 */
export class Listing {
  constructor({ title, hint, columns, empty, read, row, add, fields, create, below }) {
    Object.assign(this, { columns, empty, read, row });
    this.place = h("div.scroll");
    this.heading = h("h2", { tabindex: -1 }, title);
    const form = create && h("form.row.add", {
      onsubmit: async (event) => {
        event.preventDefault();
        const made = await create();
        await this.load();
        for (const field of fields) if (field.matches("input")) field.value = "";
        (made ?? fields[0]).focus();
      },
    }, fields, h("button.primary", { type: "submit" }, add));
    this.element = h("section.card.listing", { "aria-label": title }, this.heading, h("p.muted", hint), form, below, this.place);
  }

  /** Show what there is now, or why it cannot be said. */
  async load() {
    try {
      const items = await this.read();
      show(this.place, items.length
        ? table(this.columns, h("tbody", items.map((item) => this.#row(item))))
        : h("p.empty", this.empty));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      show(this.place, h("p.failure", error.message));
    }
  }

  #row(item) {
    const cells = this.row(item);
    const actions = cells.pop();
    return h("tr", cells.map((cell, index) => h("td", { "data-label": this.columns[index] }, cell)), h("td.actions", actions));
  }

  /** Make a change, then show what there is. */
  async change(work) {
    await work();
    await this.load();
  }

  /** The button that deletes an item once the person is sure; `work` is the request. */
  deleteButton(name, consequence, work) {
    const short = brief(name, 60);
    return h("button.quiet-danger", {
      "aria-label": `Delete ${short}`,
      onclick: async () => {
        if (!(await mayDelete(`“${short}”`, consequence))) return;
        await this.change(work);
        this.heading.focus();
      },
    }, "Delete");
  }
}
