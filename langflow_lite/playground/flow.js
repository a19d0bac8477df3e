// One flow: its graph, the chat with it, what can be changed, and the code for the same call. A run in the middle survives a reload.

import { get, query, save } from "./api.js";
import { Chat } from "./chat.js";
import { findings } from "./checked.js";
import { h, oncePerFrame, show, tabs, toast } from "./dom.js";
import { download, fileStem } from "./flows.js";
import { brief } from "./format.js";
import { icon } from "./icons.js";
import { RunPanel } from "./run_panel.js";
import { Run } from "./run.js";
import { Snippets } from "./snippets.js";
import { Tweaks } from "./tweaks.js";

const TICK = 250;

/** Draw the view into `main`; returns what to do when it is left. */
export async function flowView(main, { id }) {
  const flow = await get(`api/v1/flows/${id}`);
  document.title = `${brief(flow.name, 60)} · langflow-lite`;
  const kept = `langflow-lite.run.${flow.id}`;
  let run = null;

  const chat = new Chat(flow, { start, stop: () => run?.stop().catch((error) => toast(error.message, "error")), onchange: () => changed() });
  const tweaks = new Tweaks(flow, chat.input, () => changed());
  const snippets = new Snippets(flow, chat.input, () => request(chat.request("Hello!")));
  const panel = new RunPanel(flow.data);
  const check = h("div", {}, h("p", { class: "muted" }, "Looking …"));
  const draw = oncePerFrame(() => {
    panel.update(run);
    chat.follow(run);
  });
  const ticking = setInterval(() => panel.tick(), TICK);

  const request = (sent) => ({ ...sent, ...(tweaks.count && { tweaks: tweaks.values }) });

  function changed() {
    snippets.update();
    tweaksTab.textContent = tweaks.count ? `Tweaks (${tweaks.count})` : "Tweaks";
  }

  function attach(next) {
    run?.leave();
    run = next;
    panel.clear();
    run.addEventListener("change", draw);
    draw();
  }

  async function start(sent) {
    attach(await Run.start(flow.id, request(sent)));
    sessionStorage.setItem(kept, run.jobId);
  }

  // The job this tab started last, else one that is running now or waits for a person, wherever it was started.
  async function reattach() {
    const jobId = sessionStorage.getItem(kept);
    const newest = async (status) => (await get(query("api/v2/workflows/jobs", { flow_id: flow.id, status, limit: 1 })).catch(() => ({ jobs: [] }))).jobs[0];
    const own = jobId && (await get(`api/v2/workflows?job_id=${jobId}`).catch(() => null));
    const job = own || (await newest("in_progress")) || (await newest("suspended"));
    if (!job) return null;
    attach(Run.of(job, flow.id));
    return run.active ? job.session_id : null;
  }

  function inspect(node) {
    panel.graph.reveal(node);
    panel.graph.choose(node);
  }

  const side = tabs("Flow", [
    { id: "chat", label: "Chat", panel: chat.element },
    { id: "tweaks", label: "Tweaks", panel: tweaks.element },
    { id: "code", label: "Code", panel: snippets.element, opened: () => snippets.update() },
    { id: "check", label: "Check", panel: check },
  ]);
  const tweaksTab = side.element.querySelector("#tab-tweaks");
  const picture = (kind) => save("GET", `api/v1/flows/${flow.id}/graph.${kind}`, `${fileStem(flow)}.${kind}`);
  const menu = h("details", { class: "menu", onfocusout: (event) => menu.contains(event.relatedTarget) || (menu.open = false), onkeydown: (event) => event.key === "Escape" && ((menu.open = false), menu.firstElementChild.focus()) },
    h("summary", { class: "button" }, icon("save"), "Download"),
    h("div", { class: "items", onclick: () => (menu.open = false) },
      h("button", { type: "button", onclick: () => download(flow) }, "Flow (JSON)"),
      h("button", { type: "button", onclick: () => picture("svg") }, "Graph (SVG)"),
      h("button", { type: "button", onclick: () => picture("mmd") }, "Graph (Mermaid)")));
  show(main,
    h("div", { class: "row head" },
      h("div", { class: "grow" }, h("h1", { title: flow.name }, flow.name, flow.endpoint_name && h("code", {}, flow.endpoint_name)), flow.description && h("p", { class: "muted lead", title: flow.description }, flow.description)),
      h("a", { class: "button", href: `#/jobs?flow_id=${flow.id}` }, "Jobs"), menu),
    h("div", { class: "flow" }, panel.element, h("section", { class: "side", "aria-label": "Try the flow" }, side.element)));
  changed();
  get(`api/v1/flows/${flow.id}/check`).then((found) => {
    show(check, findings(found, inspect));
    side.element.querySelector("#tab-check").classList.toggle("warn", !found.runs);
  }, (error) => show(check, h("p", {}, error.message)));
  const leave = () => {
    clearInterval(ticking);
    run?.leave();
  };
  try {
    await chat.load(await reattach());
  } catch (error) {
    leave();
    throw error;
  }
  // On a small screen a keyboard would come up and hide the graph; and who is somewhere else already stays there.
  if (matchMedia("(min-width: 901px)").matches && !main.contains(document.activeElement)) chat.focus();
  return leave;
}
