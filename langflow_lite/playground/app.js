// The page: which view the address names, and how the server is.

import { ApiError, address, key } from "./api.js";
import { h, show, toast } from "./dom.js";
import { flowView } from "./flow.js";
import { flowsView } from "./flows.js";
import { brief } from "./format.js";
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
  const hash = location.hash.startsWith("#/") ? location.hash : "#/flows";
  const [path, search = ""] = hash.slice(1).split("?");
  const turn = ++shown;
  leave?.();
  leave = null;
  for (const link of document.querySelectorAll(".top nav a")) {
    const current = path.startsWith(link.getAttribute("href").slice(1));
    if (current) {
      link.setAttribute("aria-current", "page");
      document.title = `${link.textContent} · langflow-lite`;
    } else link.removeAttribute("aria-current");
  }
  const found = ROUTES.map(([pattern, view]) => ({ view, match: pattern.exec(path) })).find(({ match }) => match);
  // A view that takes long must not draw over the one that was opened after it.
  const place = h("div", { class: "view" }, h("p", { class: "loading", role: "status" }, "Loading …"));
  show(main, place);
  scrollTo(0, 0);
  try {
    if (!found) throw new Error("There is no such page.");
    const left = await found.view(place, { ...Object.fromEntries(new URLSearchParams(search)), ...found.match.groups });
    if (turn !== shown) return left?.();
    leave = left;
    // Who goes on by keyboard goes on from the new view.
    if (document.activeElement === document.body && turn > 1) main.focus({ preventScroll: true });
  } catch (error) {
    show(place, h("div", { class: "card problem", role: "alert" }, h("h1", {}, "This did not work"), h("p", {}, error.message),
      h("div", { class: "row" }, h("button", { type: "button", class: "primary", onclick: route }, "Try again"), h("a", { class: "button", href: "#/flows" }, "All flows"))));
  }
}

let version = "";

async function health() {
  const place = document.getElementById("health");
  const say = (kind, text, title = "") => {
    place.title = title;
    if (place.textContent !== text) show(place, h("span", { class: `dot ${kind}` }), text);
  };
  try {
    const response = await fetch(address("health"), { cache: "no-store" });
    if (!response.ok) {
      const { detail } = await response.json().catch(() => ({}));
      const wrong = Object.entries(detail ?? {}).map(([part, reason]) => `${part}: ${reason}`).join("; ");
      return say("bad", wrong ? `Unhealthy: ${brief(wrong, 80)}` : "Unhealthy", wrong);
    }
    // Where a key is asked for, the view that is open asks for it.
    if (!version) ({ version = "" } = await (await fetch(address("api/v1/version"), { headers: key() ? { "x-api-key": key() } : {} })).json());
    say("ok", version ? `Running · ${version}` : "Running");
  } catch {
    say("bad", "Not reachable");
  }
}

window.addEventListener("hashchange", route);
// A file that is dropped beside its place must not take the browser away from the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
// What the server refused is for the person, and a view that was left gives up its requests; anything else is a fault of
// the page and stays in the console.
window.addEventListener("unhandledrejection", (event) => {
  const refused = event.reason instanceof ApiError;
  if (refused) toast(event.reason.message, "error");
  if (refused || event.reason?.name === "AbortError") event.preventDefault();
});
health();
setInterval(health, 15_000);
for (const name of ["online", "offline"]) window.addEventListener(name, health);
route();
