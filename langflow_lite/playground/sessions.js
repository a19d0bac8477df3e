// The stored messages, session by session: read, corrected, renamed and deleted.

import { call, get, query, remove } from "./api.js";
import { ask, h, show, toast } from "./dom.js";
import { FlowFilter } from "./flow_filter.js";
import { brief } from "./format.js";
import { repeat } from "./live.js";
import { MessageList } from "./messages.js";

const PAGE = 100;
const NAMES = 300;
const CALM = 2500;
const MESSAGES = "api/v1/monitor/messages";

// A path is answered without its last slash, so a name that ends with one needs another.
const sessionPath = (session) => `${MESSAGES}/session/${encodeURIComponent(session)}/`;

/** Draw the view into `main`; returns what to do when it is left. */
export async function sessionsView(main, { flow_id: flowId = "", session = "" }) {
  let names = [];
  let messages = [];
  let limit = PAGE;
  let halted = false;
  const gone = new AbortController();
  const flows = new FlowFilter(flowId, () => open("", flows.value));
  const search = h("input", { type: "search", placeholder: "Search sessions", "aria-label": "Search sessions", oninput: () => drawNames() });
  const list = h("ul", { class: "names" });
  const title = h("h2", { class: "grow", tabindex: -1 });
  const chat = new MessageList(() => h("p", { class: "empty" }, session ? "There are no messages in this session." : "Choose a session."), actions);
  const earlier = h("button", { type: "button", class: "earlier", hidden: true, onclick: showEarlier }, "Show earlier messages");
  const about = h("div", { class: "row" },
    h("button", { type: "button", class: "back", onclick: () => open("") }, "All sessions"), title,
    h("button", { type: "button", onclick: rename }, "Rename"),
    h("button", { type: "button", class: "quiet-danger", onclick: dropSession }, "Delete"));
  const split = h("div", { class: "split" },
    h("nav", { class: "card", "aria-label": "Sessions" }, search, list),
    h("section", { class: "card", "aria-label": "Session" }, about, earlier, chat.element));

  const nameOf = (id) => (flows.name(id) ? `Default session of ${flows.name(id)}` : id);
  const addressOf = (id) => query("#/messages", { flow_id: flowId, session: id });

  function drawNames() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = names.filter((id) => words.every((word) => nameOf(id).toLowerCase().includes(word)));
    const focused = list.contains(document.activeElement) && document.activeElement.dataset.session;
    show(list, found.slice(0, NAMES).map((id) => h("li", {}, h("a", {
      href: addressOf(id), title: brief(nameOf(id), 300), dataset: { session: id }, "aria-current": id === session ? "true" : null,
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        open(id);
      },
    }, brief(nameOf(id), 120)))),
      found.length > NAMES && h("li", { class: "muted" }, `${found.length - NAMES} more; search to find them.`),
      !found.length && h("li", { class: "empty" }, names.length ? "No session matches." : "No messages yet."));
    if (focused) [...list.querySelectorAll("a")].find((link) => link.dataset.session === focused)?.focus();
  }

  function drawMessages() {
    split.classList.toggle("open", Boolean(session));
    about.hidden = !session;
    title.textContent = brief(nameOf(session), 300);
    earlier.hidden = messages.length < limit;
    chat.update(messages);
  }

  async function readNames() {
    const found = await get(query(`${MESSAGES}/sessions`, { flow_id: flowId }), { signal: gone.signal });
    if (found.join("\n") === names.join("\n") && list.children.length) return;
    names = found;
    drawNames();
  }

  async function readMessages() {
    const asked = `${flowId} ${session} ${limit}`;
    const found = session ? await get(query(MESSAGES, { flow_id: flowId, session_id: session, order: "DESC", limit }), { signal: gone.signal }) : [];
    if (asked !== `${flowId} ${session} ${limit}`) return;
    // Those that are the same stay the same objects, and are not drawn anew.
    const known = new Map(messages.map((message) => [message.id, message]));
    messages = found.reverse().map((message) => (JSON.stringify(known.get(message.id)) === JSON.stringify(message) ? known.get(message.id) : message));
    drawMessages();
  }

  async function refresh() {
    try {
      await Promise.all([readNames(), readMessages()]);
    } catch (error) {
      if (gone.signal.aborted || !error.status || error.status >= 500) return;
      halted = true;
      toast(error.message, "error");
    }
  }

  /** Open a session, "" for none, of one flow or all. */
  async function open(next, flow = flowId) {
    session = next;
    limit = PAGE;
    messages = [];
    if (flow !== flowId) names = [];
    flowId = flow;
    history.pushState(null, "", addressOf(session));
    await Promise.all([readNames(), readMessages()]);
    drawNames();
    chat.element.scrollTop = chat.element.scrollHeight;
    if (session) title.focus();
  }

  async function showEarlier() {
    limit += 2 * PAGE;
    const from = chat.element.scrollHeight - chat.element.scrollTop;
    await readMessages();
    chat.element.scrollTop = chat.element.scrollHeight - from;
    chat.element.querySelector("button")?.focus({ preventScroll: true });
  }

  async function rename() {
    const name = await ask({
      title: "Rename the session",
      content: [h("p", { class: "muted" }, "If there is a session of that name, the messages join it."), h("input", { name: "name", required: true, value: session, "aria-label": "New name" })],
      action: "Rename", answer: (form) => form.elements.name.value,
    });
    if (!name || name === session) return;
    await call("PATCH", query(sessionPath(session), { new_session_id: name }));
    await open(name);
  }

  async function dropSession() {
    const sure = await ask({ title: "Delete this session?", content: h("p", {}, `All messages of “${brief(nameOf(session), 80)}” go with it. This cannot be undone.`), action: "Delete", danger: true });
    if (!sure) return;
    await remove(sessionPath(session));
    toast("The session was deleted.");
    await open("");
    search.focus();
  }

  function actions(message) {
    return [
      h("button", { type: "button", "aria-label": `Edit the message ${brief(message.text, 40)}`, onclick: () => edit(message) }, "Edit"),
      h("button", { type: "button", class: "quiet-danger", "aria-label": `Delete the message ${brief(message.text, 40)}`, onclick: () => drop(message) }, "Delete"),
    ];
  }

  async function edit(message) {
    const text = await ask({
      title: "Edit the message", content: h("textarea", { name: "text", rows: 8, value: message.text, "aria-label": "Text" }),
      action: "Save", answer: (form) => ({ text: form.elements.text.value }),
    });
    if (!text || text.text === message.text) return;
    await call("PUT", `${MESSAGES}/${message.id}`, { json: text });
    await readMessages();
  }

  async function drop(message) {
    const sure = await ask({ title: "Delete this message?", content: h("p", {}, brief(message.text, 200)), action: "Delete", danger: true });
    if (!sure) return;
    await remove(MESSAGES, [message.id]);
    await Promise.all([readNames(), readMessages()]);
    title.focus();
  }

  await flows.load();
  show(main, h("div", { class: "row head" }, h("h1", { class: "grow" }, "Messages"), flows.element), split);
  drawMessages();
  const live = repeat(refresh, () => (halted ? null : CALM));
  await live.again();
  chat.element.scrollTop = chat.element.scrollHeight;
  return () => {
    gone.abort();
    live.stop();
  };
}
