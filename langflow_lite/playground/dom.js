// Elements from code. Text only ever becomes text nodes, so nothing that comes from a flow or a model can be markup.

/** An element: `on...` props are listeners, `dataset` and `style` are maps, booleans switch attributes, null is left out. */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, to);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Put these children in the place of all that is there. */
export function show(parent, ...children) {
  parent.replaceChildren(...nodes(children));
}

/** Call `draw` at most once per frame, however often the returned function is called; one that takes long is called more seldom. */
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
  const buttons = entries.map(({ id, label: text, panel }, index) =>
    h("button", {
      type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`,
      onclick: () => open(id),
      onkeydown: (event) => {
        const last = entries.length - 1;
        const next = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index ? index - 1 : last, Home: 0, End: last }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        open(entries[next].id).focus();
      },
    }, text));
  const panels = entries.map(({ id, panel }) =>
    h("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, class: "panel" }, panel));
  function open(id) {
    const at = entries.findIndex((entry) => entry.id === id);
    buttons.forEach((button, index) => {
      button.setAttribute("aria-selected", index === at);
      button.tabIndex = index === at ? 0 : -1;
      panels[index].hidden = index !== at;
    });
    entries[at].opened?.();
    return buttons[at];
  }
  open(entries[0].id);
  return { element: h("div", { class: "tabs" }, h("div", { role: "tablist", "aria-label": label }, buttons), panels), open };
}

/** A note at the edge of the window that goes by itself; errors stay until they are closed. */
export function toast(text, kind = "info") {
  const note = h("div", { class: `toast ${kind}` }, h("span", {}, text),
    h("button", { type: "button", "aria-label": "Close", onclick: () => note.remove() }, "×"));
  document.getElementById("toasts").append(note);
  if (kind !== "error") setTimeout(() => note.remove(), 5000);
}

/** Ask in a modal dialog; resolves with what `answer` makes of the form, or null when it was given up. */
export function ask({ title, content, action, danger = false, answer = () => true }) {
  return new Promise((resolve) => {
    let given = null;
    const form = h("form", {
      method: "dialog",
      onsubmit: (event) => {
        if (event.submitter?.value === "go") given = answer(form);
      },
    },
      h("h2", {}, title), content,
      h("div", { class: "row end" },
        // No submit button, or it would be the one that Enter presses.
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        h("button", { value: "go", class: danger ? "danger" : "primary" }, action)));
    const dialog = h("dialog", {
      onclose: () => {
        dialog.remove();
        resolve(given);
      },
    }, form);
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector("input, textarea") ?? form.querySelector("[value=go]")).focus();
  });
}

/** Copy a text and say so on the button. */
export async function copyFrom(button, text) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copySelected(text, button);
  button.dataset.label ??= button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = button.dataset.label), 1500);
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
