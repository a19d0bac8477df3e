// What this server keeps beside its flows, and how this tab is let in.

import { ApiError, askForKey, get, key, setKey } from "./api.js";
import { apiKeys } from "./api_keys.js";
import { h, show, toast } from "./dom.js";
import { files } from "./files.js";
import { variables } from "./variables.js";

/** Draw the view into `main`; returns what to do when it is left. */
export async function settingsView(main) {
  const listings = [variables(), apiKeys(), files()];
  const tab = h("section", { class: "card listing", "aria-label": "This tab" });
  const server = h("section", { class: "card listing", "aria-label": "Server" });

  async function load() {
    await Promise.all([...listings.map((listing) => listing.load()), describe()]);
  }

  function drawTab() {
    const known = key();
    show(tab,
      h("h2", {}, "This tab"),
      h("p", { class: "muted" }, known ? `It sends the key ${known.slice(0, 6)}… and forgets it when it is closed.` : "It sends no key."),
      h("div", { class: "row" },
        h("button", { type: "button", onclick: enter }, known ? "Use another key" : "Enter a key"),
        known && h("button", { type: "button", onclick: forget }, "Forget the key")));
  }

  async function enter() {
    if (await askForKey("")) await load();
    tab.querySelector("button").focus();
  }

  function forget() {
    setKey(null);
    toast("The key was forgotten.");
    tab.querySelector("button").focus();
  }

  async function describe() {
    const { version } = await get("api/v1/version");
    let config = null;
    try {
      config = await get("api/v1/config");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    const pairs = [
      ["Version", version],
      ["Asks for a key", config && (config.webhook_auth_enable ? "yes" : "no, it is open to this machine")],
      ["Largest upload", config && `${config.max_file_size_upload} MB`],
      ["Own components", config && (config.allow_custom_components ? "from a folder" : "none")],
    ];
    show(server,
      h("h2", {}, "Server"),
      h("dl", { class: "facts" }, pairs.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
      h("div", { class: "row" }, h("a", { class: "button", href: "docs" }, "API documentation"), h("a", { class: "button", href: "openapi.json" }, "OpenAPI"), config?.webhook_auth_enable === false && h("a", { class: "button", href: "metrics" }, "Metrics")));
  }

  drawTab();
  show(main, h("div", { class: "row head" }, h("h1", { class: "grow" }, "Settings")),
    h("div", { class: "settings" }, listings.map(({ element }) => element), h("div", { class: "two" }, tab, server)));
  window.addEventListener("key", drawTab);
  await load();
  return () => window.removeEventListener("key", drawTab);
}
