// The global variables: what flows may use by name. The value of a credential goes in and never comes back.

import { call, get, post, remove } from "./api.js";
import { ask, h, options } from "./dom.js";
import { brief } from "./format.js";
import { Listing } from "./listing.js";

const VARIABLES = "api/v1/variables/";

/** The card with the variables. */
export function variables() {
  const field = (label, props) => h("input", { required: true, placeholder: label, "aria-label": `${label} of the variable`, ...props });
  const name = field("Name", { autocomplete: "off" });
  const value = field("Value", { type: "password", autocomplete: "new-password" });
  const type = h("select", {
    "aria-label": "Type of the variable", onchange: () => (value.type = type.value === "Generic" ? "text" : "password"),
  }, options([["Credential", "Credential"], ["Generic", "Generic"]]));

  async function change(variable) {
    const secret = variable.type === "Credential";
    const given = await ask({
      title: `Change “${brief(variable.name, 60)}”`,
      content: h("input", {
        name: "value", type: secret ? "password" : "text", required: true, value: variable.value ?? "",
        placeholder: secret && "The new value", "aria-label": "New value", autocomplete: "new-password",
      }),
      action: "Save",
    });
    if (given) await listing.change(() => call("PATCH", VARIABLES + variable.id, { json: given }));
  }

  function valueOf(variable) {
    if (variable.validation_error) return h("span.failure", variable.validation_error);
    return variable.value === null ? h("span.muted", "••••••") : brief(variable.value, 120);
  }

  const listing = new Listing({
    title: "Global variables",
    hint: "Flows use them by name, for keys above all. A credential is kept encrypted and never shown again.",
    columns: ["Name", "Type", "Value"],
    empty: "No variables yet.",
    add: "Add",
    fields: [name, value, type],
    create: async () => {
      await post(VARIABLES, { name: name.value, value: value.value, type: type.value });
    },
    read: () => get(VARIABLES),
    row: (variable) => [
      h("code", brief(variable.name, 120)), variable.type, valueOf(variable),
      [
        h("button", { "aria-label": `Change ${brief(variable.name, 60)}`, onclick: () => change(variable) }, "Change"), " ",
        listing.deleteButton(variable.name, "Flows that use it will not find it any more.", () => remove(VARIABLES + variable.id)),
      ],
    ],
  });
  return listing;
}
