// What this server keeps beside its flows, and how this tab is let in.

import { ApiError, askForKey, get, key, setKey } from "./api.js";
import { facts, h, show } from "./dom.js";
import { apiKeys, files, variables } from "./kept.js";

export async function settingsView(main) {
	const listings = [variables(), apiKeys(), files()];
	const tab = h("section.card.listing", { label: "This tab" });
	const server = h("section.card.listing", { label: "Server" });
	const link = (href, text) => h("a.button", { href }, text);

	const load = () => Promise.all([...listings.map((listing) => listing.load()), describe()]);

	function drawTab() {
		const known = key();
		show(tab,
			h("h2", "This tab"),
			h("p.muted", known ? `It sends the key ${known.slice(0, 6)}… and forgets it when it is closed.` : "It sends no key."),
			h("div.row",
				h("button", enter, known ? "Use another key" : "Enter a key"),
				known && h("button", forget, "Forget the key")));
	}

	async function enter() {
		if (await askForKey("")) await load();
		tab.querySelector("button").focus();
	}

	function forget() {
		setKey(null);
		tab.querySelector("button").focus();
	}

	async function describe() {
		const { version } = await get("api/v1/version");
		const config = await get("api/v1/config").catch((error) => {
			if (!(error instanceof ApiError)) throw error;
		});
		show(server,
			h("h2", "Server"),
			facts([
				["Version", version],
				["Asks for a key", config && (config.webhook_auth_enable ? "yes" : "no, it is open to this machine")],
			]),
			// The metrics ask for a key where there is one, and a link can send none.
			h("div.row", link("docs", "API documentation"),
				config?.webhook_auth_enable === false && link("metrics", "Metrics")));
	}

	drawTab();
	show(main, h("div.row.head", h("h1.grow", "Settings")),
		h("div.settings", listings.map(({ element }) => element), h("div.two", tab, server)));
	window.addEventListener("key", drawTab);
	await load();
	return () => window.removeEventListener("key", drawTab);
}
