// Elements from code. Text only ever becomes text nodes, so nothing that comes from a flow or a model can be markup.

/**
 * An element, as in `h("p.muted", { title: "Why" }, "Text ", h("b", "more"))`. The props may be left out: `on…` are listeners,
 * `dataset` and `style` maps, all others attributes; null and false are none. A button submits only if its `type` says so.
 */
export const h = (selector, ...rest) => element("http://www.w3.org/1999/xhtml", selector, rest);

/** The same for SVG. */
export const s = (selector, ...rest) => element("http://www.w3.org/2000/svg", selector, rest);

function element(namespace, selector, rest) {
  const [tag, ...classes] = selector.split(".");
  const made = document.createElementNS(namespace, tag);
  if (tag === "button") made.type = "button";
  const { class: others, ...props } = rest[0]?.constructor === Object ? rest.shift() : {};
  const all = [...classes, others].filter(Boolean).join(" ");
  if (all) made.setAttribute("class", all);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(made.dataset, value);
    else if (name === "style") for (const [key, to] of Object.entries(value)) made.style.setProperty(key, to);
    else if (name === "value") made.value = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...nodes(rest));
  return made;
}

const nodes = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

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

/** A text unless it is there already: what is written into a live region is read aloud. */
export function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** The options of a select, each a text or `[value, text]`. */
export const options = (entries, chosen) =>
  entries.map((entry) => [entry].flat()).map(([value, text = value]) => h("option", { value, selected: value === chosen }, text));

// Characters that turn the text after them around would make JSON read as what it is not.
const turning = (character) => `\\u${character.charCodeAt(0).toString(16)}`;
const json = (value) => (JSON.stringify(value, null, 2) ?? "").replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, turning);

/** A text to scroll in; of a value that is none, its JSON. */
export function pre(value, longest = Infinity) {
  const text = typeof value === "string" ? value : json(value);
  return h("pre", { tabindex: 0 }, text.length > longest ? `${text.slice(0, longest)}…` : text);
}

/** A list of `[name, value]`, without those that have no value. */
export const facts = (pairs) =>
  h("dl.facts", pairs.filter(([, value]) => value).map(([name, value]) => h("div", h("dt", name), h("dd", value))));

export const searchField = (label, oninput) =>
  h("input", { type: "search", placeholder: label, "aria-label": label, oninput });

export const closeButton = (onclick) => h("button.ghost", { "aria-label": "Close", onclick }, "×");

/** A function that calls `draw` once per frame, however often it is called; more seldom when that takes long. */
export function oncePerFrame(draw) {
  let due = false;
  let rested = 0;
  const frame = () => {
    due = false;
    const began = performance.now();
    draw();
    const ended = performance.now();
    rested = ended + 3 * (ended - began);
  };
  return () => {
    if (due) return;
    due = true;
    const rest = rested - performance.now();
    if (rest > 16) setTimeout(() => requestAnimationFrame(frame), rest);
    else requestAnimationFrame(frame);
  };
}

/** Tabs: `[{id, label, panel}]`; the first is open. Returns the element and `open(id)`. */
export function tabs(label, entries) {
  const last = entries.length - 1;
  const buttons = entries.map(({ id, label: text }, index) => h("button", {
    role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`,
    onclick: () => open(id),
    onkeydown: (event) => {
      const next = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index ? index - 1 : last, Home: 0, End: last }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      open(entries[next].id);
      buttons[next].focus();
    },
  }, text));
  const panels = entries.map(({ id, panel }) =>
    h("div.panel", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}` }, panel));
  function open(id) {
    entries.forEach((entry, index) => {
      const chosen = entry.id === id;
      buttons[index].setAttribute("aria-selected", chosen);
      buttons[index].tabIndex = chosen ? 0 : -1;
      panels[index].hidden = !chosen;
      if (chosen) entry.opened?.();
    });
  }
  open(entries[0].id);
  return { element: h("div.tabs", h("div", { role: "tablist", "aria-label": label }, buttons), panels), open };
}

/** A note at the edge of the window that goes by itself; errors stay until they are closed. */
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
      h("div.row.answers", h("button", { onclick: () => dialog.close() }, "Cancel"), go));
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
  return h("button.quiet-danger", { "aria-label": label, onclick: async () => (await sure()) && work() }, content);
}

/** The button that copies what `read` answers, and says so. */
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
