// Elements from code. Text only ever becomes text nodes, so nothing that comes from a flow or a model can be markup.

// Here a title is that of a line in a picture.
const SVG = new Set(["svg", "path", "title"]);

/**
 * An element, as in `h("p.muted", { label: "Done" }, "Text ", h("button", save, "Save"))`. After the tag and its classes there may
 * be props, or only what a click does. Props are attributes, but `on…` listeners, `label` what is read aloud, and `style` a map;
 * null and false are none. A button submits only if its `type` says so.
 */
export function h(selector, ...rest) {
	const [tag, ...classes] = selector.split(".");
	const element = document.createElementNS(`http://www.w3.org/${SVG.has(tag) ? "2000/svg" : "1999/xhtml"}`, tag);
	if (tag === "button") element.type = "button";
	const [first] = rest;
	if (typeof first === "function") rest[0] = { onclick: first };
	const { class: others, ...props } = rest[0]?.constructor === Object ? rest.shift() : {};
	const all = [...classes, others].filter(Boolean).join(" ");
	if (all) element.setAttribute("class", all);
	for (const [name, value] of Object.entries(props).filter(([, value]) => isThere(value))) {
		if (name.startsWith("on")) element.addEventListener(name.slice(2), listener(value));
		else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, to);
		else if (name === "value") element.value = value;
		else element.setAttribute(name === "label" ? "aria-label" : name, value === true ? "" : value);
	}
	element.append(...nodes(rest));
	return element;
}

/** A listener for `act`. What the server refuses is for the person, and a view that was left gives up its requests. */
export const listener = (act) => async (event) => {
	try {
		await act(event);
	} catch (error) {
		if (error.name === "ApiError") toast(error.message, "error");
		else if (error.name !== "AbortError") throw error;
	}
};

const isThere = (value) => value !== null && value !== undefined && value !== false;
const nodes = (children) => children.flat(Infinity).filter(isThere);

/** Make these the children. Those that were there before stay where they are, with focus, scroll position and folds. */
export function show(parent, ...children) {
	const wanted = new Set(nodes(children).map((child) => (child instanceof Node ? child : new Text(child))));
	for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
	let next = parent.firstChild;
	for (const child of wanted) {
		if (child === next) next = next.nextSibling;
		else parent.insertBefore(child, next);
	}
}

/** Write a text that is not there already: in a live region it is read aloud. */
export function say(place, text) {
	if (place.textContent !== text) place.textContent = text;
}

/** The options of a select, each a text or `[value, text]`. */
export const options = (entries, chosen) =>
	entries.map((entry) => [entry].flat()).map(([value, text = value]) => h("option", { value, selected: value === chosen }, text));

// Characters that turn the text after them around would make JSON read as what it is not.
const turning = (character) => `\\u${character.charCodeAt(0).toString(16)}`;
const json = (value) => (JSON.stringify(value, null, 2) ?? "").replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, turning);

export function pre(value, longest = Infinity) {
	const text = typeof value === "string" ? value : json(value);
	return h("pre", { tabindex: 0 }, text.length > longest ? `${text.slice(0, longest)}…` : text);
}

export const facts = (pairs) =>
	h("dl.facts", pairs.filter(([, value]) => value).map(([name, value]) => h("div", h("dt", name), h("dd", value))));

export const searchField = (label, oninput) =>
	h("input", { type: "search", placeholder: label, label, oninput });

export const closeButton = (onclick) => h("button.ghost", { label: "Close", onclick }, "×");

/** A function that calls `draw` once per frame, however often it is called; more seldom when that takes long. */
export function oncePerFrame(draw) {
	let due = false;
	let rest = 0;
	const frame = () => {
		due = false;
		const began = performance.now();
		draw();
		rest = 3 * (performance.now() - began);
	};
	return () => {
		if (!due) setTimeout(() => requestAnimationFrame(frame), rest);
		due = true;
	};
}

/** Tabs with these panels, by name; the first is open. */
export function tabs(label, contents, onopen = () => {}) {
	const names = Object.keys(contents);
	const buttons = names.map((name, index) => h("button", {
		role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`,
		onclick: () => open(name),
		onkeydown: (event) => {
			const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 }[event.key];
			if (next === undefined) return;
			event.preventDefault();
			const button = buttons.at(next % names.length);
			button.click();
			button.focus();
		},
	}, name));
	const panels = names.map((name) =>
		h("div.panel", { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` }, contents[name]));
	function open(name) {
		names.forEach((other, index) => {
			buttons[index].setAttribute("aria-selected", other === name);
			buttons[index].tabIndex = other === name ? 0 : -1;
			panels[index].hidden = other !== name;
		});
		onopen();
	}
	open(names[0]);
	return { element: h("div.tabs", h("div", { role: "tablist", label }, buttons), panels), open };
}

export function toast(text, kind = "info") {
	const note = h("div.toast", { class: kind }, text, closeButton(() => note.remove()));
	document.getElementById("toasts").append(note);
	if (kind !== "error") setTimeout(() => note.remove(), 5000);
}

/** Ask in a modal dialog; resolves with the values of its named fields, or null when it was given up. */
export function ask({ title, content, action, danger = false }) {
	return new Promise((resolve) => {
		let given = null;
		const go = h("button", { type: "submit", class: danger ? "danger" : "primary" }, action);
		const form = h("form", { method: "dialog", onsubmit: () => (given = Object.fromEntries(new FormData(form))) },
			h("h2", title), content,
			h("div.row.answers", h("button", () => dialog.close(), "Cancel"), go));
		const dialog = h("dialog", {
			onclose: () => {
				dialog.remove();
				resolve(given);
			},
		}, form);
		document.body.append(dialog);
		dialog.showModal();
		(form.querySelector("input, textarea") ?? go).focus();
	});
}

/** The button that does the `work` of deleting once the person, told the `consequence`, is sure. */
export function deleteButton({ what, label = `Delete ${what}`, content = "Delete", consequence, work }) {
	const sure = () => ask({ title: `Delete ${what}?`, content: h("p", consequence), action: "Delete", danger: true });
	return h("button.quiet-danger", { label, onclick: async () => (await sure()) && work() }, content);
}

export function copyButton(read, props) {
	const copy = async () => {
		if (navigator.clipboard) await navigator.clipboard.writeText(read());
		else {
			// Over plain HTTP, anywhere but on this machine, browsers offer no other way.
			const area = h("textarea", { value: read() });
			button.after(area);
			area.select();
			document.execCommand("copy");
			area.remove();
			button.focus();
		}
		button.textContent = "Copied";
		setTimeout(() => (button.textContent = "Copy"), 1500);
	};
	const button = h("button", { ...props, onclick: copy }, "Copy");
	return button;
}
