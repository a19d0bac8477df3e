// The list of flows: search, import, download, delete.

import { call, get, remove, saveBlob } from "./api.js";
import { ask, h, show, toast } from "./dom.js";
import { ago, brief, moment } from "./format.js";
import { findings } from "./checked.js";

const LOCAL = new Set(["user_id", "folder_id", "updated_at", "version", "version_token", "workspace_id", "name_key"]);

/** Draw the view into `main`; returns what to do when it is left. */
export async function flowsView(main) {
  let flows = [];
  const search = h("input", { type: "search", placeholder: "Search flows", "aria-label": "Search flows", oninput: () => draw() });
  const rows = h("ul", { class: "cards" });
  const imported = h("div", { class: "imported", "aria-live": "polite" });
  const picker = h("input", { type: "file", accept: ".json,.zip,application/json", multiple: true, hidden: true, onchange: () => take([...picker.files]) });

  async function load() {
    flows = await get("api/v1/flows/?header_flows=true");
    flows.sort((a, b) => a.name.localeCompare(b.name));
    draw();
  }

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = flows.filter((flow) => {
      const text = [flow.name, flow.description, flow.endpoint_name, flow.id, ...(flow.tags ?? [])].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    show(rows, found.length ? found.map(card) : h("li", { class: "empty" }, flows.length ? "No flow matches." : "No flows yet. Drop an exported JSON file here."));
  }

  function card(flow) {
    return h("li", { class: "card" },
      h("a", { class: "title", href: `#/flows/${flow.id}` }, flow.name),
      h("p", { class: "muted" }, brief(flow.description ?? "", 160)),
      h("p", { class: "facts" }, flow.endpoint_name && h("code", {}, flow.endpoint_name), h("span", { class: "muted" }, `changed ${ago(moment(flow.updated_at))}`)),
      h("div", { class: "row" },
        h("a", { class: "button primary", href: `#/flows/${flow.id}`, "aria-label": `Open ${flow.name}` }, "Open"), h("span", { class: "grow" }),
        h("button", { type: "button", "aria-label": `Download ${flow.name}`, onclick: () => download(flow) }, "Download"),
        h("button", { type: "button", class: "quiet-danger", "aria-label": `Delete ${flow.name}`, onclick: () => drop(flow) }, "Delete")));
  }

  async function drop(flow) {
    const sure = await ask({ title: `Delete “${brief(flow.name, 60)}”?`, content: h("p", {}, "Its messages and files go with it. This cannot be undone."), action: "Delete", danger: true });
    if (!sure) return;
    await remove(`api/v1/flows/${flow.id}`);
    toast("The flow was deleted.");
    await load();
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
          const panel = h("section", { class: "card" },
            h("div", { class: "row" }, h("strong", { class: "grow" }, "Imported ", h("a", { href: `#/flows/${flow.id}` }, flow.name)), h("button", { type: "button", onclick: () => panel.remove() }, "Close")),
            findings(check));
          imported.prepend(panel);
        }
      } catch (error) {
        toast(`${brief(file.name, 60)} was not imported: ${error.message}`, "error");
      }
    }
    await load();
  }

  const leave = acceptDrops(main, take);
  show(main,
    h("div", { class: "row head" }, h("h1", { class: "grow" }, "Flows"), search, h("button", { type: "button", class: "primary", onclick: () => picker.click() }, "Import"), picker),
    h("p", { class: "muted hint" }, "Drop exported JSON or ZIP files anywhere on this page."),
    imported, rows);
  await load();
  return leave;
}

/** Take files that are dropped anywhere; returns how to stop. */
function acceptDrops(main, take) {
  const over = (event) => {
    event.preventDefault();
    main.classList.add("dropping");
  };
  const out = (event) => {
    if (!event.relatedTarget) main.classList.remove("dropping");
  };
  const drop = (event) => {
    event.preventDefault();
    main.classList.remove("dropping");
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  };
  const listeners = { dragover: over, dragleave: out, drop };
  for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener);
  };
}

/** Save a flow as the file it could be imported from. */
export async function download(flow) {
  const whole = await get(`api/v1/flows/${flow.id}`);
  const document = Object.fromEntries(Object.entries(whole).filter(([name]) => !LOCAL.has(name)));
  saveBlob(new Blob([JSON.stringify(document, null, 2)], { type: "application/json" }), `${flow.endpoint_name || flow.name.replaceAll(/[^\w-]+/g, "_")}.json`);
}
