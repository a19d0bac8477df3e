// A run: a background job on the server, followed by its numbered events. A reload or a lost connection loses nothing.

import { ApiError, events, get, post } from "./api.js";

const WAITS = [250, 500, 1000, 2000, 4000];
const TERMINAL = new Set(["end", "cancelled"]);
export const ACTIVE = new Set(["queued", "in_progress"]);

/** What is known of one job. Tells of changes with "change" events; `frames` are all its events so far, in order. */
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
    this.messages = new Map();
    this.outputs = [];
    this.error = "";
    this.seconds = null;
  }

  /** Start a background job and follow it. */
  static async start(flowId, request) {
    const job = await post("api/v2/workflows", { ...request, flow_id: flowId, background: true });
    const run = new Run(job.job_id, flowId);
    run.follow();
    return run;
  }

  get active() {
    return ACTIVE.has(this.status);
  }

  /** Read every event, from the first one on, until the job has ended; takes up the stream again when it breaks. */
  async follow() {
    let failures = 0;
    for (;;) {
      try {
        for await (const frame of events(`api/v2/workflows/${this.jobId}/events`, this.frames.length, this.#stop.signal)) {
          failures = 0;
          this.connection = "live";
          this.apply(frame);
        }
        if (await this.#ended()) return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
          this.error = error.message;
          this.status = "failed";
          this.#end();
          return;
        }
      }
      this.connection = "reconnecting";
      this.#changed();
      await new Promise((resolve) => setTimeout(resolve, WAITS[Math.min(failures++, WAITS.length - 1)]));
      if (this.#stop.signal.aborted) return;
    }
  }

  /** End the job itself. */
  async stop() {
    await post("api/v2/workflows/stop", { job_id: this.jobId });
  }

  /** Stop following; the job goes on. */
  leave() {
    this.#stop.abort();
  }

  async #ended() {
    const job = await get(`api/v2/workflows?job_id=${this.jobId}`, { signal: this.#stop.signal });
    this.status = job.status;
    if (this.active) return false;
    if (job.started_timestamp) this.seconds = (Date.parse(job.finished_timestamp) - Date.parse(job.started_timestamp)) / 1000;
    if (job.status === "failed" || job.status === "timed_out") {
      this.error ||= job.errors.map((error) => error.message ?? error.error ?? String(error)).join("; ") || "The run failed.";
    }
    this.#end();
    return true;
  }

  #end() {
    for (const vertex of this.vertices.values()) {
      if (vertex.state === "running" || vertex.state === "pending") vertex.state = "skipped";
    }
    this.connection = "ended";
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #vertex(id) {
    let vertex = this.vertices.get(id);
    if (!vertex) this.vertices.set(id, (vertex = { id, state: "pending", since: 0, seconds: null, times: 0, data: null, error: "" }));
    return vertex;
  }

  #begin(id) {
    const vertex = this.#vertex(id);
    vertex.state = "running";
    vertex.since = performance.now();
  }

  /** Take in the next event. */
  apply(frame) {
    const { event, data } = frame;
    this.frames.push(frame);
    if (this.status === "queued") this.status = "in_progress";
    if (event === "vertices_sorted") {
      data.to_run.forEach((id) => this.#vertex(id));
      data.ids.forEach((id) => this.#begin(id));
    } else if (event === "build_start" && data.id) {
      this.#begin(data.id);
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
    } else if (event === "output") {
      this.outputs.push(data);
    } else if (event === "error") {
      if (data.id) this.#message(data);
      this.error ||= data.data?.text?.trim() || data.text?.trim() || data.error || "The run failed.";
    } else if (TERMINAL.has(event)) {
      for (const vertex of this.vertices.values()) if (vertex.state === "running") vertex.state = "skipped";
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
    for (const id of built.inactivated_vertices ?? []) this.#vertex(id).state = "inactive";
    for (const id of built.next_vertices_ids ?? []) if (this.#vertex(id).state === "pending") this.#begin(id);
  }

  #message(dump) {
    const message = { ...dump, ...dump.data };
    this.messages.set(message.id, { ...message, text: message.text ?? "" });
  }
}
