// Requests to the server, its refusals, and its streams of events.

import { ask, h } from "./dom.js";

// The server sends a comment every 15 seconds; a connection that is silent for longer leads nowhere.
const SILENCE = 50_000;
const KEY = "langflow-lite.key";
let asking = null;

// It is gone with the tab. The window is told of changes with "key" events.
export const key = () => sessionStorage.getItem(KEY);

export function setKey(value) {
	if (value) sessionStorage.setItem(KEY, value);
	else sessionStorage.removeItem(KEY);
	window.dispatchEvent(new Event("key"));
}

/** A refused request; `status` is 0 when the server was not reached. */
export class ApiError extends Error {
	name = "ApiError";

	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

export const address = (path) => new URL(path, document.baseURI);

/** The response to a request; asks for a key when one is missing or wrong. Throws ApiError. */
export async function send(method, path, { json, form, headers = {}, signal } = {}) {
	for (;;) {
		const used = key();
		const sent = { ...headers, ...(used && { "x-api-key": used }), ...(json && { "content-type": "application/json" }) };
		const body = json ? JSON.stringify(json) : form;
		let response;
		try {
			response = await fetch(address(path), { method, signal, headers: sent, body, cache: "no-store" });
		} catch (error) {
			if (signal?.aborted) throw error;
			throw new ApiError(0, "The server cannot be reached.");
		}
		if (response.ok) return response;
		const error = await refusal(response);
		const { status, message } = error;
		if (!(status === 401 || (status === 403 && /api key/i.test(message)) || (status === 429 && used))) throw error;
		if (used !== key()) continue;
		// What was refused once would only be refused, and counted, again.
		setKey(null);
		if (!(await askForKey(message, used))) throw error;
	}
}

async function refusal(response) {
	const { detail } = (await response.json().catch(() => null)) ?? {};
	const wait = response.headers.get("retry-after");
	const said = sentence(detail) || `The server answered ${response.status}.`;
	return new ApiError(response.status, wait ? `${said} (in ${wait}\u00a0s)` : said);
}

function sentence(detail) {
	if (typeof detail === "string") {
		try {
			return JSON.parse(detail).message ?? detail;
		} catch {
			return detail;
		}
	}
	if (Array.isArray(detail)) return detail.map(({ loc = [], msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
	return detail?.message ?? "";
}

/** Ask for the key once, however many requests want it; resolves with null when it was given up. */
export function askForKey(reason, used) {
	asking ??= ask({
		title: "API key",
		content: [
			h("p", used ? "This key was refused." : "The key is kept in this tab only, until it is closed."),
			h("p.muted", reason),
			h("input", {
				type: "password", name: "key", required: true, autocomplete: "off", label: "API key", placeholder: "sk-…",
			}),
		],
		action: "Use this key",
	}).then((given) => {
		asking = null;
		if (given) setKey(given.key.trim());
		return given;
	});
	return asking;
}

export async function call(method, path, options) {
	const text = await (await send(method, path, options)).text();
	return text ? JSON.parse(text) : undefined;
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, json) => call("POST", path, { json });
export const remove = (path, json) => call("DELETE", path, { json });

/** A path with those parameters that are not empty. */
export function query(path, parameters) {
	const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
	return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** The frames of a job after a sequence number, until the stream ends. */
export async function* events(path, after, signal) {
	const headers = { accept: "text/event-stream", ...(after && { "last-event-id": String(after) }) };
	const response = await send("GET", path, { headers, signal });
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	let silent;
	try {
		for (;;) {
			silent = setTimeout(() => reader.cancel().catch(() => {}), SILENCE);
			const { done, value } = await reader.read();
			clearTimeout(silent);
			if (done) return;
			const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
			rest = blocks.pop();
			for (const block of blocks) {
				const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5));
				if (data.length) yield JSON.parse(data.join("\n"));
			}
		}
	} finally {
		clearTimeout(silent);
		reader.cancel().catch(() => {});
	}
}

export async function save(path, name) {
	saveBlob(await (await send("GET", path)).blob(), name);
}

export function saveBlob(blob, name) {
	const url = URL.createObjectURL(blob);
	h("a", { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
