// One flow: its graph, the chat with it, what can be changed, and the code for the same call. A run in the middle survives a reload.

import { get, query } from "./api.js";
import { Chat } from "./chat.js";
import { findings } from "./checked.js";
import { h, oncePerFrame, show, tabs, toast } from "./dom.js";
import { download } from "./flows.js";
import { RunPanel } from "./run_panel.js";
import { Run } from "./run.js";
import { Snippets } from "./snippets.js";
import { Tweaks } from "./tweaks.js";

/** Draw the view into `main`; returns what to do when it is left. */
export async function flowView(main, { id }) {
  const flow = await get(`api/v1/flows/${id}`);
  document.title = `${flow.name} · langflow-lite`;
  const kept = `langflow-lite.run.${flow.id}`;
  let run = null;

  const tweaks = new Tweaks(flow, () => changed());
  const chat = new Chat(flow, { start, stop: () => run?.stop().catch((error) => toast(error.message, "error")), onchange: () => changed() });
  const snippets = new Snippets(flow, () => ({ ...request(), chatInput: chat.input.chat }));
  const panel = new RunPanel(flow.data);
  const check = h("div", {}, h("p", { class: "muted" }, "Looking …"));
  const draw = oncePerFrame(() => {
    panel.update(run);
    chat.follow(run);
  });

  function request(sent = chat.request()) {
    return { ...sent, ...(tweaks.count && { tweaks: tweaks.values }) };
  }

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

  // The job this tab started last, else one that is running now, wherever it was started.
  async function reattach() {
    let jobId = sessionStorage.getItem(kept);
    let job = jobId && await get(`api/v2/workflows?job_id=${jobId}`).catch(() => null);
    if (!job) {
      const { jobs } = await get(query("api/v2/workflows/jobs", { flow_id: flow.id, status: "in_progress", limit: 1 })).catch(() => ({ jobs: [] }));
      [job] = jobs;
    }
    if (!job) return null;
    const again = new Run(job.job_id, flow.id);
    again.status = job.status;
    again.follow();
    attach(again);
    return job.session_id;
  }

  const side = tabs("Flow", [
    { id: "chat", label: "Chat", panel: chat.element },
    { id: "tweaks", label: "Tweaks", panel: tweaks.element },
    { id: "code", label: "Code", panel: snippets.element },
    { id: "check", label: "Check", panel: check },
  ]);
  const tweaksTab = side.element.querySelector("#tab-tweaks");
  show(main,
    h("div", { class: "row head" },
      h("h1", { class: "grow" }, flow.name, flow.endpoint_name && h("code", {}, flow.endpoint_name)),
      h("a", { class: "button", href: `#/jobs?flow_id=${flow.id}` }, "Jobs"),
      h("button", { type: "button", onclick: () => download(flow) }, "Download")),
    flow.description && h("p", { class: "muted hint" }, flow.description),
    h("div", { class: "flow" }, panel.element, h("section", { class: "side", "aria-label": "Try the flow" }, side.element)));
  changed();
  get(`api/v1/flows/${flow.id}/check`).then((found) => {
    show(check, findings(found));
    side.element.querySelector("#tab-check").classList.toggle("warn", !found.runs);
  }, (error) => show(check, h("p", {}, error.message)));
  await chat.load(await reattach());
  chat.box.focus();
  return () => run?.leave();
}
