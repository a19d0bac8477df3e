// The page: which view the address names, and how the server is.

import { ApiError, get } from "./api.js";
import { h, show, toast } from "./dom.js";
import { flowView } from "./flow.js";
import { flowsView } from "./flows.js";
import { jobView } from "./job.js";
import { jobsView } from "./jobs.js";
import { sessionsView } from "./sessions.js";
import { settingsView } from "./settings.js";

const ROUTES = [
  [/^\/(?:flows)?$/, flowsView],
  [/^\/flows\/(?<id>[0-9a-f-]{36})$/, flowView],
  [/^\/jobs$/, jobsView],
  [/^\/jobs\/(?<id>[^/]+)$/, jobView],
  [/^\/messages$/, sessionsView],
  [/^\/settings$/, settingsView],
];

const main = document.getElementById("main");
let leave = null;
let shown = 0;

/** Show the view that the address names; `parameters` are those of the path and of the query behind it. */
async function route() {
  const hash = location.hash || "#/flows";
  if (!hash.startsWith("#/")) return;
  const [path, search = ""] = hash.slice(1).split("?");
  const turn = ++shown;
  leave?.();
  leave = null;
  document.title = "langflow-lite";
  for (const link of document.querySelectorAll(".top nav a")) {
    const current = path.startsWith(link.getAttribute("href").slice(1));
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const found = ROUTES.map(([pattern, view]) => ({ view, match: pattern.exec(path) })).find(({ match }) => match);
  // A view that takes long must not draw over the one that was opened after it.
  const place = h("div", { class: "view" });
  show(main, place);
  try {
    if (!found) throw new Error("There is no such page.");
    const left = await found.view(place, { ...Object.fromEntries(new URLSearchParams(search)), ...found.match.groups });
    if (turn === shown) leave = left;
    else left?.();
  } catch (error) {
    show(place, h("div", { class: "card problem", role: "alert" }, h("h1", {}, "This did not work"), h("p", {}, error.message),
      h("div", { class: "row" }, h("button", { type: "button", class: "primary", onclick: route }, "Try again"), h("a", { class: "button", href: "#/flows" }, "All flows"))));
  }
}

async function health() {
  const place = document.getElementById("health");
  try {
    const { version } = await get("api/v1/version");
    show(place, h("span", { class: "dot ok" }), `API · ${version}`);
  } catch (error) {
    show(place, ...(error.status ? [h("span", { class: "dot" }), "API"] : [h("span", { class: "dot bad" }), "Not reachable"]));
  }
}

window.addEventListener("hashchange", route);
// What the server refused is for the person, and a view that was left gives up its requests; anything else is a fault of
// the page and stays in the console.
window.addEventListener("unhandledrejection", (event) => {
  const refused = event.reason instanceof ApiError;
  if (refused) toast(event.reason.message, "error");
  if (refused || event.reason?.name === "AbortError") event.preventDefault();
});
health();
setInterval(health, 15_000);
route();
