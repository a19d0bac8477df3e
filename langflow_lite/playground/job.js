// One job: its events on the graph of its flow, what was asked, and what came of it.

import { get } from "./api.js";
import { facts, h, pre, say, show, tabs } from "./dom.js";
import { brief, duration, moment } from "./format.js";
import { repeat } from "./live.js";
import { messageList } from "./messages.js";
import { replayOf } from "./replay.js";
import { Run } from "./run.js";
import { runPanel } from "./run_panel.js";
import { flowLink, isActive, ran, readJob, sessionLink, stateOf } from "./status.js";

const PAUSE = 2500;
const CALLBACKS = { pending: "not delivered yet", delivered: "delivered", failed: "given up" };

const ifThere = (reading) => reading.catch((error) => {
	if (error.status !== 404) throw error;
	return null;
});

/** The flow of a job, null when it was deleted, and the graph that the job ran. */
async function flowOf(job) {
	const flow = await ifThere(get(`api/v1/flows/${job.flow_id}`));
	if (!flow || !job.flow_version || job.flow_version === flow.version) return { flow, data: flow?.data };
	const then = await ifThere(get(`api/v1/flows/${flow.id}/versions/${job.flow_version}`));
	const shown = then ? "this is the graph as it was" : "this is the present graph";
	return { flow, data: then?.data ?? flow.data, changed: `The flow was changed since; ${shown}.` };
}

export async function jobView(main, { id }) {
	const found = await ifThere(readJob(id));
	if (!found) {
		return show(main, h("div.card.problem", h("h1", "There is no such job"),
			h("p", `Job ${id} is not known here. Jobs that have ended are kept for a limited time.`),
			h("a.button.primary", { href: "#/jobs" }, "All jobs")));
	}
	const short = id.slice(-8);
	document.title = `Job ${short} · langflow-lite`;
	const { flow, data, changed } = await flowOf(found);
	const run = Run.of(found);
	let played = null;
	let described = "";

	const messages = messageList(() => h("p.empty", "This job has said nothing."));
	const result = h("div.made");
	const request = h("div.made");
	const about = h("div");
	const note = h("p.muted.hint", { role: "status", hidden: true });
	const stopButton = h("button.danger", stop, "Stop");
	const replayButton = h("button", replay, "Replay");
	const panel = runPanel(data, (shown) => {
		messages.update([...shown.messages.values()]);
		replayButton.hidden = isActive(run.job) || !run.frames.length;
		say(replayButton, played ? "Stop replay" : "Replay");
	});
	const side = tabs("Job", { Messages: messages.element, Result: result, Request: request });

	function describe() {
		const { job } = run;
		const now = JSON.stringify([job, run.connection]);
		if (now === described) return;
		described = now;
		const { callback } = job;
		show(about, facts([
			["State", stateOf(job.status)],
			["Flow", flowLink(job, flow?.name)],
			["Session", sessionLink(job)],
			["Kind", job.kind[0].toUpperCase() + job.kind.slice(1)],
			["Created", moment(job.created_timestamp).toLocaleString()],
			["Took", job.finished_timestamp && ran(job) !== null && duration(ran(job))],
			["Callback", callback && `${brief(callback.url, 120)}: ${CALLBACKS[callback.state] ?? "when it has ended"}`],
		]));
		stopButton.hidden = !isActive(job) || !job.links;
		const outputs = Object.values(job.outputs);
		show(result,
			job.errors.map((error) => [
				h("p.failure", brief(error.error ?? error.message ?? "", 2000)),
				error.details?.suggestion && h("p.muted", error.details.suggestion), pre(error),
			]),
			job.warnings.map((warning) => h("p.muted", warning)),
			outputs.map((output) => [h("h2", output.display_name), pre(output.content)]),
			!job.errors.length && !outputs.length && h("p.empty", isActive(job) ? "Nothing yet." : "Nothing came of this job."),
			h("details", h("summary", "The whole job"), pre(job)));
		show(request,
			[["Input", job.input[0]?.data ?? ""], ["Parameters", job.inputs], ["Global variables", job.globals]]
				.filter(([, value]) => typeof value === "string" || Object.keys(value).length)
				.map(([name, value]) => [h("h2", name), pre(value)]));
		say(note, lacking(job) ?? "");
		note.hidden = !note.textContent;
	}

	function lacking(job) {
		if (!job.links) return "The events of this job went to the request that waited for it, and were not kept.";
		if (!isActive(job) && run.connection === "ended" && !run.frames.length) {
			return "The events of this job are no longer kept. What came of it still is.";
		}
		return flow ? changed : "The flow of this job was deleted, and its graph with it.";
	}

	async function stop() {
		await run.stop();
		await live.again();
		heading.focus();
	}

	function view(playing) {
		played?.leave();
		played = playing;
		panel.follow(played ?? run);
	}

	async function replay() {
		if (played) return view(null);
		const { run: playing, over } = replayOf(run);
		view(playing);
		await over;
		if (played === playing) view(null);
	}

	const heading = h("h1.grow", { tabindex: -1 }, "Job ", h("code", short));
	show(main,
		h("div.row.head", heading, replayButton, stopButton, h("a.button", { href: "#/jobs" }, "All jobs")),
		about, note,
		h("div.flow.job", { class: !data && "bare" }, panel.element,
			h("section.side", { label: "What came of it" }, side.element)));
	panel.follow(run);
	describe();
	if (found.errors.length) side.open("Result");
	const live = repeat(async () => {
		await run.refresh();
		describe();
	}, () => (isActive(run.job) || run.job.callback?.state === "pending" ? PAUSE : null));
	let standing = "";
	run.addEventListener("change", () => {
		const now = `${run.status} ${run.connection}`;
		if (now !== standing) live.again();
		standing = now;
	});
	return () => {
		run.leave();
		played?.leave();
		panel.leave();
		live.stop();
	};
}
