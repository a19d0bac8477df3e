// The part of Markdown that models write, as elements and never as markup.

import { h } from "./dom.js";

// Bounded, so that no text takes more than a time proportional to its length.
const INLINE = new RegExp([
	/`([^`\n]{1,2000})`/,
  /\*\*([^*]{1,2000})\*\*/,
  /__([^_]{1,2000})__/,
  /\*([^*\s][^*]{0,2000})\*/,
  /\[([^\][]{1,500})\]\((https?:\/\/[^\s)]{1,2000})\)/,
  /(https?:\/\/[^\s<>()]{0,2000}[^\s<>().,;:!?'"])/,
].map(({ source }) => source).join("|"), "g");
const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^(#{1,6})\s+(.*)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])(?:\s+(.*))?$/;
const QUOTE = /^\s*>\s?/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const DEPTH = 6;

export const markdown = (text) => blocksOf(text).map(({ lines, draw }) => draw(lines));

/** A function that writes a text that grows; blocks that stay the same are kept. */
export function growingMarkdown(element) {
	let drawn = [];
	return (text) => {
		const blocks = blocksOf(text);
		const sources = blocks.map(({ lines }) => lines.join("\n"));
		const changed = drawn.findIndex((source, index) => source !== sources[index]);
		const kept = changed < 0 ? drawn.length : changed;
		while (element.children.length > kept) element.lastElementChild.remove();
		element.append(...blocks.slice(kept).map(({ lines, draw }) => draw(lines)));
		drawn = sources;
	};
}

function blocksOf(text) {
	const lines = text.split("\n");
	const blocks = [];
	let at = 0;
	const add = (draw, goesOn) => {
		const from = at++;
		while (at < lines.length && goesOn(lines[at], lines[at + 1] ?? "")) at++;
		blocks.push({ lines: lines.slice(from, at), draw });
	};
	while (at < lines.length) {
		const line = lines[at];
		const next = lines[at + 1] ?? "";
		const fence = FENCE.exec(line)?.[1];
		if (!line.trim()) at++;
		else if (fence) {
			let closed = false;
			add(code, (inside) => !closed && ((closed = inside.trim().startsWith(fence)), true));
		} else if (HEADING.test(line)) add(heading, () => false);
		else if (RULE.test(line)) add(() => h("hr"), () => false);
		else if (ITEM.test(line)) add(bullets, (one, after) => ITEM.test(one) || /^\s+\S/.test(one) || (!one.trim() && ITEM.test(after)));
		else if (QUOTE.test(line)) add(quote, (one) => QUOTE.test(one));
		else if (line.includes("|") && next.includes("-") && DIVIDER.test(next)) add(table, (one) => one.includes("|"));
		else add(paragraph, (one) => one.trim() && ![FENCE, HEADING, ITEM, QUOTE].some((pattern) => pattern.test(one)));
	}
	return blocks;
}

function code([opening, ...body]) {
	if (body.at(-1)?.trim().startsWith(FENCE.exec(opening)[1])) body.pop();
	return h("pre", { tabindex: 0 }, h("code", body.join("\n")));
}

function heading([line]) {
	const [, marks, title] = HEADING.exec(line);
	return h("p.heading", { class: `h${marks.length}` }, inline(title));
}

const quote = (lines) => h("blockquote", inline(lines.map((line) => line.replace(QUOTE, "")).join("\n")));
const paragraph = (lines) => h("p", inline(lines.join("\n")));

function bullets(lines, depth = 0) {
	const [, indent, mark] = ITEM.exec(lines[0]);
	const items = [];
	for (const line of lines) {
		const found = ITEM.exec(line);
		if (found && (found[1].length <= indent.length || depth === DEPTH)) items.push({ text: [found[3] ?? ""], deeper: [] });
		else if (found || items.at(-1).deeper.length) items.at(-1).deeper.push(line);
		else items.at(-1).text.push(line.trim());
	}
	const start = parseInt(mark, 10);
	return h(Number.isNaN(start) ? "ul" : "ol", { start: start > 1 && start },
		items.map(({ text, deeper }) => h("li", inline(text.join("\n").trim()), deeper.length > 0 && bullets(deeper, depth + 1))));
}

function table([head, , ...rows]) {
	const cells = (line, tag) => h("tr", line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => h(tag, inline(cell.trim()))));
	return h("div.scroll", { tabindex: 0 }, h("table", h("thead", cells(head, "th")), h("tbody", rows.map((row) => cells(row, "td")))));
}

function inline(text, depth = 0) {
	if (depth === DEPTH) return [text];
	const parts = [];
	let at = 0;
	for (const match of text.matchAll(INLINE)) {
		const [whole, mono, bold, strong = bold, emphasis, label, link, bare = link] = match;
		parts.push(text.slice(at, match.index));
		at = match.index + whole.length;
		if (mono) parts.push(h("code", mono));
		else if (strong) parts.push(h("strong", inline(strong, depth + 1)));
		else if (emphasis) parts.push(h("em", inline(emphasis, depth + 1)));
		else parts.push(h("a", { href: bare, target: "_blank", rel: "noopener noreferrer" }, label ?? bare));
	}
	return [...parts, text.slice(at)];
}
