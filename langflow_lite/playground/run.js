import { ApiError, events, post } from "./api.js";
import { isActive, JOBS, ran, readJob, stopJob } from "./status.js";

const LONGEST_WAIT = 4000;

/**
 * A job on the server, followed by its numbered events, so that a reload or a lost connection loses nothing; tells of "change"s.
 * `turn` counts those of its vertices, `requests` are the decisions that a person has to make before it goes on.
 */
export class Run extends EventTarget {
	#leaving = new AbortController();

	constructor(job, connection) {
		super();
		this.connection = connection;
		this.frames = [];
		this.vertices = new Map();
		this.turn = 0;
		this.messages = new Map();
		this.outputs = [];
		this.requests = new Map();
		this.error = "";
		this.#read(job);
	}

	static async start(flowId, request) {
		return Run.of(await post(JOBS, { ...request, flow_id: flowId, background: true }));
	}

	/** Follow a job from its first event on. One that a request waits for keeps no events. */
	static of(job) {
		const run = new Run(job, job.links ? "connecting" : "ended");
		if (job.links) run.#follow();
		return run;
	}

	get id() {
		return this.job.job_id;
	}

	get active() {
		return isActive(this);
	}

	get seconds() {
		return this.active || this.job.finished_timestamp ? ran(this.job) : null;
	}

	get left() {
		return this.#leaving.signal;
	}

	async #follow() {
		let failures = 0;
		while (!this.left.aborted) {
			try {
				for await (const frame of events(`${JOBS}/${this.id}/events`, this.frames.length, this.left)) {
					failures = 0;
					this.connection = "live";
					this.apply(frame);
				}
				if (await this.#ended()) return;
			} catch (error) {
				if (this.left.aborted) return;
				if (error instanceof ApiError && error.status >= 400 && error.status < 500) return this.#giveUp(error);
			}
			this.connection = "reconnecting";
			this.#changed();
			await this.#pause(Math.min(LONGEST_WAIT, 250 * 2 ** failures++));
		}
	}

	async refresh() {
		this.#read(await readJob(this.id, { signal: this.left }));
		this.#changed();
	}

	stop() {
		return stopJob(this.id);
	}

	decide({ request_id: id }, action) {
		return post(`${JOBS}/${this.id}/resume`, { request_id: id, decision: { action_id: action } });
	}

	leave() {
		this.#leaving.abort();
	}

	/** Wait, but not on once the network is back. */
	#pause(milliseconds) {
		return new Promise((resolve) => {
			setTimeout(resolve, milliseconds);
			window.addEventListener("online", resolve, { once: true, signal: this.left });
		});
	}

	/** The events, or even the job, are no longer kept. What is known of the job itself is shown. */
	async #giveUp(reason) {
		const ended = await this.#ended().catch(() => false);
		this.error ||= reason.message;
		if (ended) return;
		this.status = "failed";
		this.#end();
	}

	#read(job) {
		this.job = job;
		this.status = job.status;
	}

	async #ended() {
		await this.refresh();
		if (this.active) return false;
		if (this.status === "failed" || this.status === "timed_out") {
			const errors = this.job.errors.map((error) => error.message ?? error.error ?? String(error));
			this.error ||= errors.join("; ") || "The run failed.";
		}
		this.#end();
		return true;
	}

	#end() {
		const left = this.status === "completed" ? "skipped" : "stopped";
		for (const vertex of this.vertices.values()) {
			if (vertex.state === "running") vertex.state = left;
			else if (vertex.state === "pending") vertex.state = "skipped";
		}
		for (const [id, message] of this.messages) {
			const { properties } = message;
			if (properties?.state === "partial") this.messages.set(id, { ...message, properties: { ...properties, state: "complete" } });
		}
		this.turn += 1;
		this.requests.clear();
		this.connection = "ended";
		this.#changed();
	}

	#changed() {
		this.dispatchEvent(new Event("change"));
	}

	apply(frame) {
		const { event, data } = frame;
		this.frames.push(frame);
		if (this.status === "queued") this.status = "in_progress";
		this.job.started_timestamp ??= new Date().toISOString();
		if (event === "vertices_sorted") {
			data.to_run.forEach((id) => this.#vertex(id));
			data.ids.forEach((id) => this.#vertex(id, "running"));
		} else if (event === "build_start" && data.id) {
			this.#vertex(data.id, "running");
		} else if (event === "build_end" && data.id) {
			this.#vertex(data.id, "done");
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
		}
		this.#changed();
	}

	#vertex(id, state) {
		const vertex = this.vertices.get(id) ?? { id, state: "pending", seconds: null, times: 0, data: null, error: "" };
		vertex.state = state ?? vertex.state;
		this.vertices.set(id, vertex);
		this.turn += 1;
		return vertex;
	}

	#endVertex(built) {
		const vertex = this.#vertex(built.id, built.valid ? "done" : "failed");
		vertex.times += 1;
		vertex.data = built.data;
		vertex.seconds += built.data?.timedelta ?? 0;
		if (!built.valid) vertex.error = built.params;
		for (const id of this.requests.keys()) if (id.startsWith(`${built.id}:`)) this.requests.delete(id);
		if (this.status === "suspended" && !this.requests.size) this.status = "in_progress";
		for (const id of built.inactivated_vertices ?? []) this.#vertex(id, "inactive");
		for (const id of built.next_vertices_ids ?? []) if (this.#vertex(id).state === "pending") this.#vertex(id, "running");
	}

	#message(dump) {
		const message = { ...dump, ...dump.data };
		this.messages.set(message.id, { ...message, text: message.text ?? "" });
	}
}
