// The list of jobs: how each stands, live, filtered by flow and state, and the button to stop it.

import { get, post, query } from "./api.js";
import { h, show, toast } from "./dom.js";
import { FlowFilter } from "./flow_filter.js";
import { ago, brief, duration, moment, STATUS } from "./format.js";
import { repeat } from "./live.js";
import { ACTIVE } from "./run.js";

const PAGE = 50;
export const BUSY = 1000;
export const CALM = 2500;
export const TICK = 200;

export const isActive = (job) => ACTIVE.has(job.status);
/** Whether a job goes on by itself. */
export const isMoving = (job) => isActive(job) && job.status !== "suspended";

/** The seconds a job has run so far, or ran; null while it has not begun. */
export function ran(job) {
  if (!job.started_timestamp) return null;
  const until = job.finished_timestamp ? Date.parse(job.finished_timestamp) : Date.now();
  return Math.max(0, (until - Date.parse(job.started_timestamp)) / 1000);
}

/** Draw the view into `main`; returns what to do when it is left. */
export async function jobsView(main, { flow_id: flowId = "", status = "" }) {
  let jobs = [];
  let more = false;
  let halted = false;
  let filters = 0;
  const looked = new Set();
  const rows = new Map();
  const gone = new AbortController();
  const flows = new FlowFilter(flowId, () => filter());
  const statusFilter = h("select", { "aria-label": "State", onchange: () => filter() },
    h("option", { value: "" }, "All states"), Object.entries(STATUS).map(([id, label]) => h("option", { value: id, selected: id === status }, label)));
  const note = h("p", { class: "muted hint", role: "status" });
  const body = h("tbody", {});
  const table = h("table", { class: "table jobs" },
    h("thead", {}, h("tr", {}, ["State", "Flow", "Session", "Started", "Duration"].map((name) => h("th", { scope: "col" }, name)), h("td", {}))), body);
  const moreButton = h("button", { type: "button", hidden: true, onclick: () => loadMore() }, "Load more");
  const empty = h("p", { class: "empty card", hidden: true });

  const read = (before) => get(query("api/v2/workflows/jobs", { flow_id: flowId, status, before, limit: PAGE }), { signal: gone.signal });

  // Puts a page in the place of what it covers: new jobs come in, those that the filter no longer lets through go out.
  async function readPage(start) {
    const asked = filters;
    const { jobs: page, next } = await read(jobs[start - 1]?.job_id);
    if (asked !== filters) return;
    const last = next === null ? jobs.length - 1 : jobs.findIndex(({ job_id: id }) => id === page.at(-1).job_id);
    if (last < 0 || next === null) more = next !== null;
    jobs = [...jobs.slice(0, start), ...page, ...(last < 0 ? [] : jobs.slice(last + 1))];
  }

  async function refresh() {
    try {
      await readPage(0);
      for (let start = PAGE; start < jobs.length; start += PAGE) {
        if (jobs.slice(start, start + PAGE).some(isActive)) await readPage(start);
      }
      halted = false;
      const strange = jobs.map((job) => job.flow_id).filter((id) => !flows.name(id) && !looked.has(id));
      strange.forEach((id) => looked.add(id));
      if (strange.length) await flows.load({ signal: gone.signal });
      draw();
    } catch (error) {
      if (gone.signal.aborted) return;
      // A server that is away comes back; a refusal stays one.
      halted = error.status >= 400 && error.status < 500;
      show(note, h("span", { class: "failure" }, error.message), halted ? h("button", { type: "button", onclick: () => live.again() }, "Try again") : " Trying again …");
    }
  }

  async function loadMore() {
    const asked = filters;
    const { jobs: page, next } = await read(jobs.at(-1).job_id);
    if (asked !== filters) return;
    const known = new Set(jobs.map(({ job_id: id }) => id));
    const added = page.filter(({ job_id: id }) => !known.has(id));
    jobs = [...jobs, ...added];
    more = next !== null;
    draw();
    if (added.length) rows.get(added[0].job_id).open.focus();
  }

  function draw() {
    const wanted = jobs.map((job) => {
      const row = rows.get(job.job_id) ?? new Row(job, () => stop(job.job_id));
      rows.set(job.job_id, row);
      row.update(job, flows.name(job.flow_id));
      return row.element;
    });
    // Rows that stay are not moved, so that focus and scroll position stay, too.
    const kept = new Set(wanted);
    for (const element of [...body.children]) if (!kept.has(element)) element.remove();
    wanted.forEach((element, index) => {
      if (body.children[index] !== element) body.insertBefore(element, body.children[index] ?? null);
    });
    for (const [id, row] of rows) if (!kept.has(row.element)) rows.delete(id);
    const counts = [...ACTIVE].map((state) => [jobs.filter((job) => job.status === state).length, STATUS[state].toLowerCase()]);
    const said = counts.filter(([count]) => count).map(([count, state]) => `${count} ${state}`).join(", ") || "Nothing is running.";
    if (note.textContent !== said) note.textContent = said;
    table.hidden = !jobs.length;
    empty.hidden = Boolean(jobs.length);
    empty.textContent = flowId || status ? "No job matches." : "No jobs yet. Whatever is said to a flow on its page is a job.";
    moreButton.hidden = !more;
  }

  async function stop(id) {
    const { open, element } = rows.get(id);
    const focused = element.contains(document.activeElement);
    await post("api/v2/workflows/stop", { job_id: id });
    if (focused) open.focus();
    toast("The job was stopped.");
    live.again();
  }

  async function filter() {
    flowId = flows.value;
    status = statusFilter.value;
    history.replaceState(null, "", query("#/jobs", { flow_id: flowId, status }));
    filters += 1;
    jobs = [];
    await live.again();
  }

  await flows.load();
  show(main,
    h("div", { class: "row head" }, h("h1", { class: "grow" }, "Jobs"), flows.element, statusFilter),
    note, h("div", { class: "scroll" }, table), empty, h("div", { class: "row more" }, moreButton));
  const live = repeat(refresh, () => (halted ? null : jobs.some(isMoving) ? BUSY : CALM));
  await live.again();
  const ticking = setInterval(() => {
    if (!document.hidden) for (const job of jobs) if (isActive(job)) rows.get(job.job_id)?.tick();
  }, TICK);
  return () => {
    gone.abort();
    live.stop();
    clearInterval(ticking);
  };
}

/** One job in the table. */
class Row {
  #shown = "";

  constructor(job, stop) {
    const short = job.job_id.slice(-8);
    this.status = h("span", {});
    this.flow = h("td", { class: "what" });
    this.started = h("td", { "data-label": "Started" });
    this.duration = h("td", { class: "number", "data-label": "Duration" });
    this.stop = h("button", { type: "button", class: "danger", "aria-label": `Stop job ${short}`, onclick: stop }, "Stop");
    this.open = h("a", { class: "button", href: `#/jobs/${job.job_id}`, "aria-label": `Open job ${short}` }, "Open");
    this.element = h("tr", { dataset: { id: job.job_id } },
      h("td", {}, this.status), this.flow,
      h("td", { class: "what", "data-label": "Session" }, sessionLink(job)),
      this.started, this.duration, h("td", { class: "actions" }, this.stop, " ", this.open));
  }

  /** Show how the job stands; `name` is its flow's, undefined for one that was deleted. */
  update(job, name) {
    this.job = job;
    const since = moment(job.started_timestamp ?? job.created_timestamp);
    this.started.textContent = ago(since);
    this.tick();
    if (this.#shown === `${job.status} ${name}`) return;
    this.#shown = `${job.status} ${name}`;
    this.started.title = since.toLocaleString();
    this.status.className = `state ${job.status}`;
    this.status.textContent = STATUS[job.status] ?? job.status;
    this.stop.hidden = !isActive(job);
    show(this.flow, flowLink(job, name), h("div", { class: "muted" }, brief(job.input[0]?.data ?? "", 90)));
  }

  tick() {
    const seconds = ran(this.job);
    this.duration.textContent = seconds === null ? "" : duration(seconds);
  }
}

/** A link to the flow of a job; its id alone when it was deleted. */
export function flowLink(job, name) {
  return name ? h("a", { href: `#/flows/${job.flow_id}` }, brief(name, 80)) : h("span", { class: "muted" }, `Deleted flow ${job.flow_id.slice(-8)}`);
}

/** A link to the messages of a job's session. */
export function sessionLink({ session_id: session, flow_id: flowId }) {
  return session && h("a", { href: query("#/messages", { session }) }, session === flowId ? "Default session" : brief(session, 60));
}
