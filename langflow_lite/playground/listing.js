// A card with a table of what the server keeps: read, shown, and read again after every change.

import { ApiError } from "./api.js";
import { ask, h, show } from "./dom.js";
import { brief } from "./format.js";

/** `read()` answers the items, `row(item)` the cells of one, the last of them its actions; `form` makes more of them. */
export class Listing {
  constructor({ title, hint, columns, empty, read, row, form }) {
    this.read = read;
    this.row = row;
    this.empty = empty;
    this.columns = columns;
    this.place = h("div", { class: "scroll" });
    this.heading = h("h2", { tabindex: -1 }, title);
    this.element = h("section", { class: "card listing", "aria-label": title }, this.heading, h("p", { class: "muted" }, hint), form, this.place);
  }

  /** Show what there is now, or why it cannot be said. */
  async load() {
    let items;
    try {
      items = await this.read();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      show(this.place, h("p", { class: "failure" }, error.message));
      return;
    }
    show(this.place, items.length
      ? h("table", { class: "table" },
        h("thead", {}, h("tr", {}, this.columns.map((name) => h("th", { scope: "col" }, name)), h("td", {}))),
        h("tbody", {}, items.map((item) => {
          const cells = this.row(item);
          return h("tr", {}, cells.map((cell, index) => h("td", { class: index === cells.length - 1 ? "actions" : null, "data-label": this.columns[index] ?? null }, cell)));
        })))
      : h("p", { class: "empty" }, this.empty));
  }

  /** Make a change, then show what there is. */
  async change(work) {
    await work();
    await this.load();
  }

  /** The button that deletes an item once the person is sure; `work` is the request. */
  deleteButton(name, consequence, work) {
    return h("button", {
      type: "button", class: "quiet-danger", "aria-label": `Delete ${brief(name, 60)}`,
      onclick: async () => {
        if (!(await ask({ title: `Delete “${brief(name, 60)}”?`, content: h("p", {}, consequence), action: "Delete", danger: true }))) return;
        await this.change(work);
        this.heading.focus();
      },
    }, "Delete");
  }
}
