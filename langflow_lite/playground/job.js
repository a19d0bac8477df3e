// One job: its events on the graph of its flow, what was asked, and what came of it. An ended one can be played again.

import { ApiError, get, post } from "./api.js";
import { h, oncePerFrame, show, tabs, toast } from "./dom.js";
import { brief, duration, moment, STATUS } from "./format.js";
import { BUSY, CALM, flowLink, isActive, isMoving, ran, sessionLink, TICK } from "./jobs.js";
import { repeat } from "./live.js";
import { MessageList } from "./messages.js";
import { Replay } from "./replay.js";
import { Run } from "./run.js";
import { RunPanel } from "./run_panel.js";

const KINDS = { workflow: "Workflow", process: "Process", webhook: "Webhook", build: "Build" };
const CALLBACKS = { pending: "not delivered yet", delivered: "delivered", failed: "given up" };
// Characters that turn the text after them around would make JSON read as what it is not.
const turning = (character) => `\\u${character.charCodeAt(0).toString(16)}`;
const json = (value) => h("pre", { tabindex: 0 }, JSON.stringify(value, null, 2).replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, turning));

/** What `read` answers, or null where there is no such thing. */
async function ifThere(read) {
  try {
    return await read;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** The flow of a job, null when it was deleted, and the graph that the job ran. */
async function flowOf(job) {
  const flow = await ifThere(get(`api/v1/flows/${job.flow_id}`));
  if (!flow || !job.flow_version || job.flow_version === flow.version) return { flow, data: flow?.data };
  const then = await ifThere(get(`api/v1/flows/${flow.id}/versions/${job.flow_version}`));
  return { flow, data: then?.data ?? flow.data, changed: then ? "The flow was changed since; this is the graph as it was." : "The flow was changed since; this is the present graph." };
}

/** Draw the view into `main`; returns what to do when it is left. */
export async function jobView(main, { id }) {
  let job = await ifThere(get(`api/v2/workflows?job_id=${id}`));
  if (!job) {
    show(main, h("div", { class: "card problem" }, h("h1", {}, "There is no such job"),
      h("p", {}, `Job ${id} is not known here. Jobs that have ended are kept for a limited time.`), h("a", { class: "button primary", href: "#/jobs" }, "All jobs")));
    return undefined;
  }
  const short = id.slice(-8);
  document.title = `Job ${short} · langflow-lite`;
  const { flow, data, changed } = await flowOf(job);
  // A run that a request waits for keeps no events.
  const kept = Boolean(job.links);
  const run = Run.of(job, job.flow_id);
  let played = null;

  const panel = new RunPanel(data);
  const messages = new MessageList(() => h("p", { class: "empty" }, "This job has said nothing."));
  const result = h("div", { class: "made" });
  const request = h("div", { class: "made" });
  const facts = h("dl", { class: "facts" });
  const took = h("dd", {});
  const note = h("p", { class: "muted hint", role: "status", hidden: true });
  const stopButton = h("button", { type: "button", class: "danger", onclick: stop }, "Stop");
  const replayButton = h("button", { type: "button", onclick: replay }, "Replay");
  const side = tabs("Job", [
    { id: "messages", label: "Messages", panel: messages.element },
    { id: "result", label: "Result", panel: result },
    { id: "request", label: "Request", panel: request },
  ]);

  const draw = oncePerFrame(() => {
    const shown = played ?? run;
    panel.update(shown);
    messages.update([...shown.messages.values()]);
    replayButton.hidden = isActive(job) || !run.frames.length;
    replayButton.textContent = played ? "Stop replay" : "Replay";
  });

  function describe() {
    const since = (text) => text && moment(text).toLocaleString();
    const seconds = ran(job);
    took.textContent = seconds === null ? "" : duration(seconds);
    const pairs = [
      ["State", h("span", { class: `state ${job.status}` }, STATUS[job.status] ?? job.status)],
      ["Flow", flowLink(job, flow?.name)],
      ["Session", sessionLink(job)],
      ["Kind", KINDS[job.kind] ?? job.kind],
      ["Created", since(job.created_timestamp)],
      ["Took", seconds !== null && took],
      ["Callback", job.callback && `${brief(job.callback.url, 120)}: ${CALLBACKS[job.callback.state] ?? "when it has ended"}`],
    ];
    show(facts, pairs.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), value === took ? took : h("dd", {}, value))));
    stopButton.hidden = !isActive(job) || !kept;
    const outputs = Object.values(job.outputs);
    show(result,
      job.errors.map((error) => [h("p", { class: "failure" }, brief(error.error ?? error.message ?? "", 2000)), error.details?.suggestion && h("p", { class: "muted" }, error.details.suggestion), json(error)]),
      job.warnings.map((warning) => h("p", { class: "muted" }, warning)),
      outputs.map((output) => [h("h2", {}, output.display_name), typeof output.content === "string" ? h("pre", { tabindex: 0 }, output.content) : json(output.content)]),
      !job.errors.length && !outputs.length && h("p", { class: "empty" }, isActive(job) ? "Nothing yet." : "Nothing came of this job."),
      h("details", {}, h("summary", {}, "The whole job"), json(job)));
    show(request,
      h("h2", {}, "Input"), h("pre", { tabindex: 0 }, job.input[0]?.data ?? ""),
      Object.keys(job.inputs).length > 0 && [h("h2", {}, "Parameters"), json(job.inputs)],
      Object.keys(job.globals).length > 0 && [h("h2", {}, "Global variables"), json(job.globals)]);
    const said = !kept ? "The events of this job went to the request that waited for it, and were not kept."
      : !isActive(job) && run.connection === "ended" && !run.frames.length ? "The events of this job are no longer kept. What came of it still is."
      : !flow ? "The flow of this job was deleted, and its graph with it." : changed;
    note.hidden = !said;
    if (said && note.textContent !== said) note.textContent = said;
  }

  let described = "";
  async function refresh() {
    try {
      job = await get(`api/v2/workflows?job_id=${id}`);
    } catch (error) {
      if (error.status !== 0) toast(error.message, "error");
      return;
    }
    const now = JSON.stringify([job, run.connection]);
    if (now === described) return;
    described = now;
    describe();
    draw();
  }

  async function stop() {
    await post("api/v2/workflows/stop", { job_id: id });
    await live.again();
    heading.focus();
  }

  /** Show the run itself, or what is played of it. */
  function view(playing) {
    played?.leave();
    played = playing;
    played?.addEventListener("change", draw);
    panel.clear();
    draw();
  }

  async function replay() {
    if (played) return view(null);
    const playing = new Replay(run);
    view(playing);
    await playing.follow();
    if (played === playing) view(null);
  }

  const heading = h("h1", { class: "grow", tabindex: -1 }, "Job ", h("code", {}, short));
  show(main,
    h("div", { class: "row head" }, heading, replayButton, stopButton, h("a", { class: "button", href: "#/jobs" }, "All jobs")),
    facts, note,
    h("div", { class: data ? "flow job" : "flow job bare" }, panel.element, h("section", { class: "side", "aria-label": "What came of it" }, side.element)));
  describe();
  if (job.errors.length) side.open("result");
  const live = repeat(refresh, () => (isMoving(job) ? BUSY : isActive(job) || job.callback?.state === "pending" ? CALM : null));
  let standing = "";
  run.addEventListener("change", () => {
    draw();
    const now = `${run.status} ${run.connection}`;
    if (now !== standing) live.again();
    standing = now;
  });
  live.again();
  const ticking = setInterval(() => {
    panel.tick();
    if (isActive(job) && job.started_timestamp) took.textContent = duration(ran(job));
  }, TICK);
  return () => {
    run.leave();
    played?.leave();
    live.stop();
    clearInterval(ticking);
  };
}
