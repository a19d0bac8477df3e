// The keys that open this server. A new one is shown once.

import { get, post, remove } from "./api.js";
import { copyButton, h, show } from "./dom.js";
import { ago, brief, moment } from "./format.js";
import { Listing } from "./listing.js";

const KEYS = "api/v1/api_key/";

/** The card with the API keys. */
export function apiKeys() {
  const name = h("input", { required: true, placeholder: "What it is for", "aria-label": "Name of the key", autocomplete: "off" });
  const made = h("div.new-key", { role: "status" });

  async function create() {
    const { api_key: secret } = await post(KEYS, { name: name.value });
    const done = () => {
      show(made);
      name.focus();
    };
    const copy = copyButton(() => secret, { class: "primary" });
    show(made,
      h("p", "Copy this key now. It is not shown again."),
      h("div.row", h("code.grow", secret), copy, h("button", { onclick: done }, "Done")));
    return copy;
  }

  const listing = new Listing({
    title: "API keys",
    hint: "Whoever has one may do everything here. Only a hash of it is kept.",
    columns: ["Name", "Key", "Created", "Used"],
    empty: "No keys yet.",
    add: "Create",
    fields: [name],
    create,
    below: made,
    read: async () => (await get(KEYS)).api_keys,
    row: (record) => [
      brief(record.name ?? "", 80), h("code", record.api_key), ago(moment(record.created_at)),
      record.last_used_at ? `${record.total_uses} ×, ${ago(moment(record.last_used_at))}` : "never",
      listing.deleteButton(record.name || record.api_key, "Whoever uses this key is refused from now on.", () => remove(KEYS + record.id)),
    ],
  });
  return listing;
}
