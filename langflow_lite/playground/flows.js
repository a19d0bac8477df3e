// The list of flows: search, import, download, delete.

import { call, get, remove, saveBlob } from "./api.js";
import { ask, h, show, toast } from "./dom.js";
import { ago, brief, moment } from "./format.js";
import { findings } from "./checked.js";
import { icon } from "./icons.js";

const LOCAL = new Set(["user_id", "folder_id", "updated_at", "version", "version_token", "workspace_id", "name_key"]);

/** Draw the view into `main`; returns what to do when it is left. */
export async function flowsView(main) {
  let flows = [];
  const search = h("input", { type: "search", placeholder: "Search flows", "aria-label": "Search flows", oninput: () => draw() });
  const rows = h("ul", { class: "cards" });
  const found = h("p", { class: "muted hint", role: "status" });
  const imported = h("div", { class: "imported", "aria-live": "polite" });
  const picker = h("input", { type: "file", accept: ".json,.zip,application/json", multiple: true, hidden: true, "aria-label": "Flow files", onchange: () => take([...picker.files]) });
  const choose = (label) => h("button", { type: "button", class: "primary", onclick: () => picker.click() }, icon("upload"), label);

  async function load() {
    flows = await get("api/v1/flows/?header_flows=true");
    flows.sort((a, b) => a.name.localeCompare(b.name));
    draw();
  }

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = flows.filter((flow) => {
      const text = [flow.name, flow.description, flow.endpoint_name, flow.id, ...(flow.tags ?? [])].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    found.textContent = words.length ? `${matching.length} of ${flows.length} flows` : `${flows.length === 1 ? "1 flow" : `${flows.length} flows`}. Drop exported JSON or ZIP files anywhere to import more.`;
    if (!flows.length) show(rows, h("li", { class: "empty card" }, h("h2", {}, "No flows yet"), h("p", {}, "Export a flow from Langflow as JSON and drop the file here."), choose("Choose a file")));
    else if (!matching.length) show(rows, h("li", { class: "empty" }, "No flow matches."));
    else show(rows, matching.map(card));
  }

  function card(flow) {
    const name = brief(flow.name, 120);
    return h("li", { class: "card" },
      h("a", { class: "title", href: `#/flows/${flow.id}` }, name),
      h("p", { class: "muted" }, flow.description ? brief(flow.description, 400) : "No description."),
      h("div", { class: "row foot" },
        flow.endpoint_name && h("code", {}, flow.endpoint_name),
        h("time", { class: "muted grow", datetime: moment(flow.updated_at).toISOString() }, ago(moment(flow.updated_at))),
        h("button", { type: "button", class: "ghost", "aria-label": `Download ${name}`, title: "Download", onclick: () => download(flow) }, icon("save")),
        h("button", { type: "button", class: "ghost quiet-danger", "aria-label": `Delete ${name}`, title: "Delete", onclick: () => drop(flow) }, icon("trash"))));
  }

  async function drop(flow) {
    const sure = await ask({ title: `Delete “${brief(flow.name, 60)}”?`, content: h("p", {}, "Its messages and files go with it. This cannot be undone."), action: "Delete", danger: true });
    if (!sure) return;
    await remove(`api/v1/flows/${flow.id}`);
    toast("The flow was deleted.");
    await load();
    search.focus();
  }

  async function take(files) {
    picker.value = "";
    for (const file of files) {
      const form = new FormData();
      form.append("file", file);
      try {
        const stored = await call("POST", "api/v1/flows/upload/", { form });
        for (const flow of stored) {
          const check = await get(`api/v1/flows/${flow.id}/check`);
          const panel = h("section", { class: `card ${check.runs ? "" : "lacking"}` },
            h("div", { class: "row" }, h("h2", { class: "grow" }, "Imported ", h("a", { href: `#/flows/${flow.id}` }, brief(flow.name, 120))), h("button", { type: "button", class: "ghost", "aria-label": "Close", onclick: () => panel.remove() }, "×")),
            findings(check));
          imported.prepend(panel);
        }
      } catch (error) {
        toast(`${brief(file.name, 60)} was not imported: ${error.message}`, "error");
      }
    }
    await load();
  }

  show(main, h("div", { class: "row head" }, h("h1", { class: "grow" }, "Flows"), search, choose("Import"), picker), found, imported, rows);
  await load();
  return acceptDrops(main, take);
}

/** Take files that are dropped anywhere; returns how to stop. */
function acceptDrops(main, take) {
  const gone = new AbortController();
  const on = (name, act) => window.addEventListener(name, act, { signal: gone.signal });
  on("dragover", () => main.classList.add("dropping"));
  on("dragleave", (event) => event.relatedTarget || main.classList.remove("dropping"));
  on("drop", (event) => {
    main.classList.remove("dropping");
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
  return () => gone.abort();
}

/** The name of a file for a flow, without its suffix. */
export const fileStem = (flow) => flow.endpoint_name || flow.name.slice(0, 80).replaceAll(/[^\p{L}\p{N}_-]+/gu, "_");

/** Save a flow as the file it could be imported from. */
export async function download(flow) {
  const whole = await get(`api/v1/flows/${flow.id}`);
  const document = Object.fromEntries(Object.entries(whole).filter(([name]) => !LOCAL.has(name)));
  saveBlob(new Blob([JSON.stringify(document, null, 2)], { type: "application/json" }), `${fileStem(flow)}.json`);
}
