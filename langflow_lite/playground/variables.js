// The global variables: what flows may use by name. The value of a credential goes in and never comes back.

import { call, get, post, remove } from "./api.js";
import { ask, h } from "./dom.js";
import { brief } from "./format.js";
import { Listing } from "./listing.js";

const VARIABLES = "api/v1/variables/";

/** The card with the variables. */
export function variables() {
  const name = h("input", { name: "name", required: true, placeholder: "Name", "aria-label": "Name of the variable", autocomplete: "off" });
  const value = h("input", { type: "password", name: "value", required: true, placeholder: "Value", "aria-label": "Value of the variable", autocomplete: "new-password" });
  const type = h("select", { name: "type", "aria-label": "Type of the variable", onchange: () => (value.type = type.value === "Generic" ? "text" : "password") },
    h("option", {}, "Credential"), h("option", {}, "Generic"));
  const form = h("form", {
    class: "row add",
    onsubmit: async (event) => {
      event.preventDefault();
      await listing.change(() => post(VARIABLES, { name: name.value, value: value.value, type: type.value }));
      name.value = value.value = "";
      name.focus();
    },
  }, name, value, type, h("button", { class: "primary" }, "Add"));

  async function change(variable) {
    const secret = variable.type === "Credential";
    const given = await ask({
      title: `Change “${brief(variable.name, 60)}”`,
      content: h("input", { name: "value", type: secret ? "password" : "text", required: true, value: variable.value ?? "", placeholder: secret ? "The new value" : null, "aria-label": "New value", autocomplete: "new-password" }),
      action: "Save", answer: (answered) => answered.elements.value.value,
    });
    if (given !== null) await listing.change(() => call("PATCH", VARIABLES + variable.id, { json: { value: given } }));
  }

  const listing = new Listing({
    title: "Global variables",
    hint: "Flows use them by name, for keys above all. A credential is kept encrypted and never shown again.",
    columns: ["Name", "Type", "Value"],
    empty: "No variables yet.",
    form,
    read: () => get(VARIABLES),
    row: (variable) => [
      h("code", {}, brief(variable.name, 120)), variable.type,
      variable.validation_error ? h("span", { class: "failure" }, variable.validation_error) : variable.value === null ? h("span", { class: "muted" }, "••••••") : brief(variable.value, 120),
      [
        h("button", { type: "button", "aria-label": `Change ${brief(variable.name, 60)}`, onclick: () => change(variable) }, "Change"), " ",
        listing.deleteButton(variable.name, "Flows that use it will not find it any more.", () => remove(VARIABLES + variable.id)),
      ],
    ],
  });
  return listing;
}
