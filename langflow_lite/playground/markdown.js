// The part of Markdown that models write, as elements: code, headings, lists, quotes, emphasis, links. Never as markup.

import { h } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"])/g;

function inline(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [, code, bold, strong, emphasis, label, link, bare] = match;
    if (code) parts.push(h("code", {}, code));
    else if (bold ?? strong) parts.push(h("strong", {}, bold ?? strong));
    else if (emphasis) parts.push(h("em", {}, emphasis));
    else parts.push(h("a", { href: link ?? bare, target: "_blank", rel: "noopener noreferrer" }, label ?? bare));
  }
  parts.push(text.slice(at));
  return parts;
}

/** The elements for a text. */
export function markdown(text) {
  const blocks = [];
  const lines = text.split("\n");
  let at = 0;
  const take = (pattern) => {
    const taken = [];
    while (at < lines.length && pattern.test(lines[at])) taken.push(lines[at++]);
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = /^\s*(`{3,}|~{3,})/.exec(line);
    const heading = /^(#{1,6})\s+(.*)/.exec(line);
    if (fence) {
      at++;
      const body = [];
      while (at < lines.length && !lines[at].trim().startsWith(fence[1])) body.push(lines[at++]);
      at++;
      blocks.push(h("pre", {}, h("code", {}, body.join("\n"))));
    } else if (heading) {
      at++;
      blocks.push(h("p", { class: "heading" }, inline(heading[2])));
    } else if (/^\s*[-*+]\s+/.test(line)) {
      blocks.push(h("ul", {}, take(/^\s*[-*+]\s+/).map((item) => h("li", {}, inline(item.replace(/^\s*[-*+]\s+/, ""))))));
    } else if (/^\s*\d+[.)]\s+/.test(line)) {
      const start = parseInt(line, 10);
      blocks.push(h("ol", { start }, take(/^\s*\d+[.)]\s+/).map((item) => h("li", {}, inline(item.replace(/^\s*\d+[.)]\s+/, ""))))));
    } else if (/^>\s?/.test(line)) {
      blocks.push(h("blockquote", {}, inline(take(/^>\s?/).map((quoted) => quoted.replace(/^>\s?/, "")).join("\n"))));
    } else if (!line.trim()) {
      at++;
    } else {
      const paragraph = [lines[at++]];
      paragraph.push(...take(/^(?!\s*(`{3}|~{3}|[-*+]\s|\d+[.)]\s|#{1,6}\s|>)).*\S/));
      blocks.push(h("p", {}, inline(paragraph.join("\n"))));
    }
  }
  return blocks;
}
