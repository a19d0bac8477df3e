// The keys that open this server. A new one is shown once.

import { get, post, remove } from "./api.js";
import { copyFrom, h, show } from "./dom.js";
import { ago, brief, moment } from "./format.js";
import { Listing } from "./listing.js";

const KEYS = "api/v1/api_key/";

/** The card with the API keys. */
export function apiKeys() {
  const name = h("input", { name: "name", required: true, placeholder: "What it is for", "aria-label": "Name of the key", autocomplete: "off" });
  const made = h("div", { class: "new-key", role: "status" });
  const form = h("form", {
    class: "row add",
    onsubmit: async (event) => {
      event.preventDefault();
      await listing.change(async () => reveal(await post(KEYS, { name: name.value })));
      name.value = "";
    },
  }, name, h("button", { class: "primary" }, "Create"));

  function reveal(record) {
    const copy = h("button", { type: "button", class: "primary", onclick: () => copyFrom(copy, record.api_key) }, "Copy");
    show(made,
      h("p", {}, "Copy this key now. It is not shown again."),
      h("div", { class: "row" }, h("code", { class: "grow" }, record.api_key), copy, h("button", { type: "button", onclick: () => { show(made); name.focus(); } }, "Done")));
    copy.focus();
  }

  const listing = new Listing({
    title: "API keys",
    hint: "Whoever has one may do everything here. Only a hash of it is kept.",
    columns: ["Name", "Key", "Created", "Used"],
    empty: "No keys yet.",
    form: [form, made],
    read: async () => (await get(KEYS)).api_keys,
    row: (record) => [
      brief(record.name ?? "", 80), h("code", {}, record.api_key), ago(moment(record.created_at)),
      record.last_used_at ? `${record.total_uses} ×, ${ago(moment(record.last_used_at))}` : "never",
      listing.deleteButton(record.name || record.api_key, "Whoever uses this key is refused from now on.", () => remove(KEYS + record.id)),
    ],
  });
  return listing;
}
