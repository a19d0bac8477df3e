// The part of Markdown that models write, as elements: code, headings, lists, tables, quotes, emphasis, links. Never as markup.

import { h } from "./dom.js";

// Bounded, so that no text takes more than a time proportional to its length.
const INLINE = /`([^`\n]{1,2000})`|\*\*([^*]{1,2000})\*\*|__([^_]{1,2000})__|\*([^*\s][^*]{0,2000})\*|\[([^\][]{1,500})\]\((https?:\/\/[^\s)]{1,2000})\)|(https?:\/\/[^\s<>()]{0,2000}[^\s<>().,;:!?'"])/g;
const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^(#{1,6})\s+(.*)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])(?:\s+(.*))?$/;
const QUOTE = /^\s*>\s?/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const DEPTH = 6;

/** The elements for a text. */
export function markdown(text) {
  return blocksOf(text).map(({ lines, draw }) => draw(lines));
}

/** Elements that follow a text which grows: blocks that stay the same are kept. */
export class Markdown {
  #drawn = [];

  constructor(element) {
    this.element = element;
  }

  update(text) {
    const blocks = blocksOf(text);
    const sources = blocks.map(({ lines }) => lines.join("\n"));
    const same = this.#drawn.findIndex((source, index) => source !== sources[index]);
    const kept = same < 0 ? Math.min(this.#drawn.length, blocks.length) : same;
    while (this.element.children.length > kept) this.element.lastElementChild.remove();
    this.element.append(...blocks.slice(kept).map(({ lines, draw }) => draw(lines)));
    this.#drawn = sources;
  }
}

/** The blocks of a text: the lines of each, and how they are drawn. */
function blocksOf(text) {
  const lines = text.split("\n");
  const blocks = [];
  let at = 0;
  const add = (draw, goesOn) => {
    const from = at++;
    while (at < lines.length && goesOn(lines[at], at)) at++;
    blocks.push({ lines: lines.slice(from, at), draw });
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line)?.[1];
    if (!line.trim()) at++;
    else if (fence) {
      let closed = false;
      add(code, (next) => !closed && ((closed = next.trim().startsWith(fence)), true));
    } else if (HEADING.test(line)) add(heading, () => false);
    else if (RULE.test(line)) add(() => h("hr"), () => false);
    else if (ITEM.test(line)) add(bullets, (next, index) => ITEM.test(next) || /^\s+\S/.test(next) || (!next.trim() && ITEM.test(lines[index + 1] ?? "")));
    else if (QUOTE.test(line)) add(quote, (next) => QUOTE.test(next));
    else if (line.includes("|") && DIVIDER.test(lines[at + 1] ?? "") && lines[at + 1].includes("-")) add(table, (next) => next.includes("|"));
    else add(paragraph, (next) => next.trim() && ![FENCE, HEADING, ITEM, QUOTE].some((pattern) => pattern.test(next)));
  }
  return blocks;
}

function code([opening, ...body]) {
  const fence = FENCE.exec(opening)[1];
  if (body.at(-1)?.trim().startsWith(fence)) body.pop();
  return h("pre", { tabindex: 0 }, h("code", body.join("\n")));
}

function heading([line]) {
  const [, marks, title] = HEADING.exec(line);
  return h("p", { class: `heading h${marks.length}` }, inline(title));
}

const quote = (lines) => h("blockquote", inline(lines.map((line) => line.replace(QUOTE, "")).join("\n")));
const paragraph = (lines) => h("p", inline(lines.join("\n")));

/** A list, whose deeper items are lists in its items. */
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
  return h(Number.isNaN(start) ? "ul" : "ol", { start: start > 1 ? start : null },
    items.map(({ text, deeper }) => h("li", inline(text.join("\n").trim()), deeper.length > 0 && bullets(deeper, depth + 1))));
}

function table([head, , ...rows]) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));
  return h("div.scroll", { tabindex: 0 }, h("table",
    h("thead", h("tr", cells(head).map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", rows.map((row) => h("tr", cells(row).map((cell) => h("td", cell)))))));
}

function inline(text, depth = 0) {
  if (depth === DEPTH) return [text];
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, mono, bold, strong, emphasis, label, link, bare] = match;
    parts.push(text.slice(at, match.index));
    at = match.index + whole.length;
    if (mono) parts.push(h("code", mono));
    else if (bold ?? strong) parts.push(h("strong", inline(bold ?? strong, depth + 1)));
    else if (emphasis) parts.push(h("em", inline(emphasis, depth + 1)));
    else parts.push(h("a", { href: link ?? bare, target: "_blank", rel: "noopener noreferrer" }, label ?? bare));
  }
  parts.push(text.slice(at));
  return parts;
}
