// A run: a background job on the server, followed by its numbered events. A reload or a lost connection loses nothing.

import { ApiError, events, get, post } from "./api.js";

const WAITS = [250, 500, 1000, 2000, 4000];
const TERMINAL = new Set(["end", "cancelled"]);
const UNFINISHED = new Set(["running", "pending"]);
export const ACTIVE = new Set(["queued", "in_progress", "suspended"]);

/**
 * What is known of one job. Tells of changes with "change" events; `frames` are all its events so far, in order, and
 * `turn` counts the changes of its vertices. `requests` are the decisions that a person has to make before it goes on.
 */
export class Run extends EventTarget {
  #stop = new AbortController();

  constructor(jobId, flowId) {
    super();
    this.jobId = jobId;
    this.flowId = flowId;
    this.status = "queued";
    this.connection = "connecting";
    this.frames = [];
    this.vertices = new Map();
    this.turn = 0;
    this.messages = new Map();
    this.outputs = [];
    this.requests = new Map();
    this.error = "";
    this.begun = null;
    this.seconds = null;
  }

  /** Start a background job and follow it. */
  static async start(flowId, request) {
    const job = await post("api/v2/workflows", { ...request, flow_id: flowId, background: true });
    return Run.of(job, flowId);
  }

  /** Follow a job from its first event on, however far it has come. One that a request waits for keeps no events. */
  static of(job, flowId) {
    const run = new Run(job.job_id, flowId);
    run.#read(job);
    if (job.links) run.follow();
    else run.connection = "ended";
    return run;
  }

  get active() {
    return ACTIVE.has(this.status);
  }

  /** Read every event until the job has ended; takes up the stream again when it breaks. */
  async follow() {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        for await (const frame of events(`api/v2/workflows/${this.jobId}/events`, this.frames.length, this.#stop.signal)) {
          failures = 0;
          this.connection = "live";
          this.apply(frame);
        }
        if (await this.#ended()) return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) return this.#giveUp(error);
      }
      this.connection = "reconnecting";
      this.#changed();
      await this.#pause(WAITS[Math.min(failures++, WAITS.length - 1)]);
    }
  }

  /** End the job itself. */
  async stop() {
    await post("api/v2/workflows/stop", { job_id: this.jobId });
  }

  /** Answer a request of the job, which then goes on. */
  async decide(request, action) {
    await post(`api/v2/workflows/${this.jobId}/resume`, { request_id: request.request_id, decision: { action_id: action } });
  }

  /** Stop following; the job goes on. */
  leave() {
    this.#stop.abort();
  }

  /** Wait, but not on once the network is back or nobody follows any more. */
  #pause(milliseconds) {
    return new Promise((resolve) => {
      const over = new AbortController();
      const done = () => {
        clearTimeout(timer);
        over.abort();
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      window.addEventListener("online", done, { signal: over.signal });
      this.#stop.signal.addEventListener("abort", done, { signal: over.signal });
    });
  }

  /** The events cannot be had: they are no longer kept, or the job is not. What is known of the job itself is shown. */
  async #giveUp(reason) {
    const ended = await this.#ended().catch(() => false);
    this.error ||= reason.message;
    if (ended) return;
    this.status = "failed";
    this.#end();
  }

  #read(job) {
    this.status = job.status;
    if (job.started_timestamp) this.begun = Date.parse(job.started_timestamp);
    if (job.finished_timestamp && this.begun) this.seconds = (Date.parse(job.finished_timestamp) - this.begun) / 1000;
  }

  async #ended() {
    const job = await get(`api/v2/workflows?job_id=${this.jobId}`, { signal: this.#stop.signal });
    this.#read(job);
    if (this.active) return false;
    if (this.status === "failed" || this.status === "timed_out") {
      this.error ||= job.errors.map((error) => error.message ?? error.error ?? String(error)).join("; ") || "The run failed.";
    }
    this.#end();
    return true;
  }

  #end() {
    const left = this.status === "completed" ? "skipped" : "stopped";
    for (const vertex of this.vertices.values()) {
      if (UNFINISHED.has(vertex.state)) vertex.state = vertex.state === "running" ? left : "skipped";
    }
    for (const [id, message] of this.messages) {
      if (message.properties?.state === "partial") this.messages.set(id, { ...message, properties: { ...message.properties, state: "complete" } });
    }
    this.turn += 1;
    this.requests.clear();
    this.connection = "ended";
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #vertex(id) {
    let vertex = this.vertices.get(id);
    if (!vertex) this.vertices.set(id, (vertex = { id, state: "pending", seconds: null, times: 0, data: null, error: "" }));
    this.turn += 1;
    return vertex;
  }

  /** Take in the next event. */
  apply(frame) {
    const { event, data } = frame;
    this.frames.push(frame);
    if (this.status === "queued") this.status = "in_progress";
    this.begun ??= Date.now();
    if (event === "vertices_sorted") {
      data.to_run.forEach((id) => this.#vertex(id));
      data.ids.forEach((id) => (this.#vertex(id).state = "running"));
    } else if (event === "build_start" && data.id) {
      this.#vertex(data.id).state = "running";
    } else if (event === "build_end" && data.id) {
      this.#vertex(data.id).state = "done";
    } else if (event === "end_vertex") {
      this.#endVertex(data.build_data);
    } else if (event === "add_message") {
      this.#message(data);
    } else if (event === "token") {
      const message = this.messages.get(data.id);
      if (message) this.messages.set(data.id, { ...message, text: message.text + data.chunk });
    } else if (event === "remove_message") {
      this.messages.delete(data.id);
    } else if (event === "human_input_required") {
      this.requests.set(data.request_id, data);
      if (this.active) this.status = "suspended";
    } else if (event === "output") {
      this.outputs.push(data);
    } else if (event === "error") {
      if (data.id) this.#message(data);
      this.error ||= data.data?.text?.trim() || data.text?.trim() || data.error || "The run failed.";
    } else if (TERMINAL.has(event)) {
      for (const vertex of this.vertices.values()) if (vertex.state === "running") this.#vertex(vertex.id).state = "stopped";
    }
    this.#changed();
  }

  #endVertex(built) {
    const vertex = this.#vertex(built.id);
    vertex.state = built.valid ? "done" : "failed";
    vertex.times += 1;
    vertex.data = built.data;
    vertex.seconds = (vertex.seconds ?? 0) + (built.data?.timedelta ?? 0);
    if (!built.valid) vertex.error = built.params;
    for (const id of this.requests.keys()) if (id.startsWith(`${built.id}:`)) this.requests.delete(id);
    if (this.status === "suspended" && !this.requests.size) this.status = "in_progress";
    for (const id of built.inactivated_vertices ?? []) this.#vertex(id).state = "inactive";
    for (const id of built.next_vertices_ids ?? []) {
      const next = this.#vertex(id);
      if (next.state === "pending") next.state = "running";
    }
  }

  #message(dump) {
    const message = { ...dump, ...dump.data };
    this.messages.set(message.id, { ...message, text: message.text ?? "" });
  }
}
