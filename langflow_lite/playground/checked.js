import { h } from "./dom.js";

/** What `check` found out about a flow. `open` is told the id of a component that is to be shown, where there is a graph. */
export function findings({ runs, faults, needs, services, extras, warnings }, open) {
	const missing = new Set(needs.filter(({ found }) => !found).map(({ variable }) => variable));
	const calls = new Set(services.map(({ service, address }) => `Calls ${service} at ${address}.`));
	const commands = new Set(extras.filter(({ found }) => !found).map(({ command }) => command));
	const place = (node) => (open ? h("button.link", () => open(node), node) : h("span.muted", node));
	const found = [
		...faults.map(({ message, suggestion, node }) =>
			h("li.fault", h("strong", message), suggestion && h("div.muted", suggestion), node && h("div", place(node)))),
		...[...missing].map((name) => h("li",
			"Needs ", h("code", name), ": set it under ", h("a", { href: "#/settings" }, "Settings"), " or in the environment.")),
		...[...calls].map((call) => h("li", call)),
		...[...commands].map((command) => h("li", "Needs ", h("code", command))),
		...warnings.map((warning) => h("li.muted", warning)),
	];
	return h("div.check",
		h("p.verdict", { class: runs ? "ok" : "bad" }, runs ? "This flow runs here." : "This flow cannot run here yet."),
		found.length ? h("ul", found) : h("p.muted", "Nothing is missing."));
}
