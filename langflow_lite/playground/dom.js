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

/** Make these the children. Those that were there before stay where they are, and so do focus, scroll position and folds. */
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

/** The options of a select, each `[value, text]`. */
export const options = (entries, chosen) => entries.map(([value, text]) => h("option", { value, selected: value === chosen }, text));

// Characters that turn the text after them around would make JSON read as what it is not.
const turning = (character) => `\\u${character.charCodeAt(0).toString(16)}`;
const json = (value) => (JSON.stringify(value, null, 2) ?? "").replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, turning);

/** A text to scroll in; of a value that is none, its JSON. */
export function pre(value, longest = Infinity) {
  const text = typeof value === "string" ? value : json(value);
  return h("pre", { tabindex: 0 }, text.length > longest ? `${text.slice(0, longest)}…` : text);
}

/** Pairs of a name and a value; those without a value are left out. */
export const facts = (pairs) =>
  pairs.filter(([, value]) => value).map(([name, value]) => h("div", h("dt", name), h("dd", value)));

/** Call `draw` once per frame, however often the returned function is called; one that takes long is called more seldom. */
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
  const note = h("div.toast", { class: kind }, text, h("button", { "aria-label": "Close", onclick: () => note.remove() }, "×"));
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

/** Ask whether something may be deleted; `consequence` says what that means. */
export const mayDelete = (what, consequence) =>
  ask({ title: `Delete ${what}?`, content: h("p", consequence), action: "Delete", danger: true });

/** The button that copies what `read` answers, and says so. */
export function copyButton(read, props) {
  const label = "Copy";
  const button = h("button", {
    ...props,
    onclick: async () => {
      if (navigator.clipboard) await navigator.clipboard.writeText(read());
      else copySelected(read(), button);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = label), 1500);
    },
  }, label);
  return button;
}

/** Over plain HTTP, anywhere but on this machine, browsers offer no other way. */
function copySelected(text, button) {
  const area = h("textarea", { value: text });
  button.after(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  button.focus();
}
