// The page: which view the address names, and how the server is.

import { address, key } from "./api.js";
import { h, show } from "./dom.js";
import { flowView } from "./flow.js";
import { flowsView } from "./flows.js";
import { brief } from "./format.js";
import { jobView } from "./job.js";
import { jobsView } from "./jobs.js";
import { sessionsView } from "./sessions.js";
import { settingsView } from "./settings.js";

// All of them and, with an id, one of them. A view draws itself into an element and answers what to do when it is left.
const VIEWS = { flows: [flowsView, flowView], jobs: [jobsView, jobView], messages: [sessionsView], settings: [settingsView] };

const main = document.getElementById("main");
const toasts = document.getElementById("toasts");
const healthPlace = document.getElementById("health");
let leave = null;
let shown = 0;
let version = "";

async function route() {
	const hash = /^#\/./.test(location.hash) ? location.hash : "#/flows";
	const [path, search] = hash.slice(1).split("?");
	const [, kind, id] = path.split("/");
	const turn = ++shown;
	leave?.();
	leave = null;
	for (const link of document.querySelectorAll(".top nav a")) {
		const current = path.startsWith(link.getAttribute("href").slice(1));
		if (current) document.title = `${link.textContent} · langflow-lite`;
		link.ariaCurrent = current ? "page" : null;
	}
	const view = VIEWS[kind]?.[id ? 1 : 0];
	// A view that takes long must not draw over the one that was opened after it.
	const place = h("div.view", h("p.loading", { role: "status" }, "Loading …"));
	show(main, place);
	show(toasts);
	scrollTo(0, 0);
	try {
		if (!view) throw new Error("There is no such page.");
		const left = await view(place, { ...Object.fromEntries(new URLSearchParams(search)), id });
		if (turn !== shown) return left?.();
		leave = left;
		// Who goes on by keyboard goes on from the new view.
		if (document.activeElement === document.body && turn > 1) main.focus({ preventScroll: true });
	} catch (error) {
		show(place, h("div.card.problem", { role: "alert" }, h("h1", "This did not work"), h("p", error.message),
			h("div.row", h("button.primary", route, "Try again"), h("a.button", { href: "#/flows" }, "All flows"))));
	}
}

async function health() {
	try {
		const response = await fetch(address("health"), { cache: "no-store" });
		if (!response.ok) {
			const { detail } = await response.json().catch(() => ({}));
			const wrong = Object.entries(detail ?? {}).map(([part, reason]) => `${part}: ${reason}`).join("; ");
			return say("bad", wrong ? `Unhealthy: ${brief(wrong, 80)}` : "Unhealthy", wrong);
		}
		if (!version) {
			// Where a key is asked for, the view that is open asks for it.
			const headers = key() ? { "x-api-key": key() } : {};
			({ version = "" } = await (await fetch(address("api/v1/version"), { headers })).json());
		}
		say("ok", version ? `Running · ${version}` : "Running");
	} catch {
		say("bad", "Not reachable");
	}
}

function say(kind, text, title = "") {
	healthPlace.title = title;
	if (healthPlace.textContent !== text) show(healthPlace, h("span.dot", { class: kind }), text);
}

window.addEventListener("hashchange", route);
// A file that is dropped beside its place must not take the browser away from the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
document.querySelector(".skip").addEventListener("click", (event) => {
	event.preventDefault();
	main.focus();
});
health();
setInterval(health, 15_000);
for (const name of ["online", "offline"]) window.addEventListener(name, health);
route();
