// The list of jobs, live.

import { get, query } from "./api.js";
import { h, options, say, show, toast } from "./dom.js";
import { flowFilter } from "./flow_filter.js";
import { ago, brief, duration, moment } from "./format.js";
import { table } from "./listing.js";
import { repeat } from "./live.js";
import { ACTIVE, flowLink, isActive, JOBS, ran, sessionLink, stateOf, STATUS, stopJob } from "./status.js";

const PAGE = 50;
const BUSY = 1000;
const CALM = 2500;
const TICK = 200;

export async function jobsView(main, { flow_id: flowId = "", status = "" }) {
	let jobs = [];
	let rows = new Map();
	let more = false;
	let filters = 0;
	const flows = flowFilter(flowId, filter);
	const states = h("select", { label: "State", onchange: filter }, options([["", "All states"], ...Object.entries(STATUS)], status));
	const note = h("p.muted.hint", { role: "status" });
	const body = h("tbody");
	const list = h("div.scroll.jobs", table(["State", "Flow", "Session", "Started", "Duration"], body));
	const moreButton = h("button.more", { hidden: true, onclick: loadMore }, "Load more");
	const empty = h("p.empty.card", { hidden: true });

	// Puts a page in the place of what it covers: new jobs come in, those that the filter no longer lets through go out.
	async function readPage(before) {
		const asked = filters;
		const path = query(`${JOBS}/jobs`, { flow_id: flowId, status, before, limit: PAGE });
		const { jobs: page, next } = await get(path, { signal: live.signal });
		if (asked !== filters) return;
		const at = (id) => jobs.findIndex((job) => job.job_id === id);
		const last = next === null ? -1 : at(page.at(-1).job_id);
		if (last < 0) more = next !== null;
		jobs = [...jobs.slice(0, at(before) + 1), ...page, ...(last < 0 ? [] : jobs.slice(last + 1))];
	}

	async function refresh(signal) {
		await readPage();
		for (let start = PAGE; start < jobs.length; start += PAGE) {
			if (jobs.slice(start, start + PAGE).some(isActive)) await readPage(jobs[start - 1].job_id);
		}
		await flows.load(jobs.map((job) => job.flow_id), signal);
		draw();
	}

	function failed(error, refused) {
		show(note, h("span.failure", error.message), refused ? h("button", live.again, "Try again") : " Trying again …");
	}

	async function loadMore() {
		const known = jobs.length;
		await readPage(jobs.at(-1).job_id);
		draw();
		if (jobs[known]) rows.get(jobs[known].job_id).open.focus();
	}

	function draw() {
		rows = new Map(jobs.map((job) => [job.job_id, rows.get(job.job_id) ?? jobRow(job, stop)]));
		for (const job of jobs) rows.get(job.job_id).update(job, flows.nameOf(job.flow_id));
		show(body, [...rows.values()].map(({ element }) => element));
		const counts = ACTIVE.map((state) => [jobs.filter((job) => job.status === state).length, STATUS[state].toLowerCase()]);
		say(note, counts.filter(([count]) => count).map(([count, state]) => `${count} ${state}`).join(", ") || "Nothing is running.");
		list.hidden = !jobs.length;
		empty.hidden = Boolean(jobs.length);
		empty.textContent = flowId || status ? "No job matches." : "No jobs yet. Whatever is said to a flow on its page is a job.";
		moreButton.hidden = !more;
	}

	async function stop(id) {
		const { open, element } = rows.get(id);
		const focused = element.contains(document.activeElement);
		await stopJob(id);
		if (focused) open.focus();
		toast("The job was stopped.");
		live.again();
	}

	function filter() {
		flowId = flows.element.value;
		status = states.value;
		history.replaceState(null, "", query("#/jobs", { flow_id: flowId, status }));
		filters += 1;
		jobs = [];
		live.again();
	}

	await flows.load();
	show(main, h("div.row.head", h("h1.grow", "Jobs"), flows.element, states), note, list, empty, moreButton);
	const live = repeat(refresh, () => (jobs.some((job) => isActive(job) && job.status !== "suspended") ? BUSY : CALM), failed);
	await live.again();
	const ticking = setInterval(() => rows.forEach((row) => row.tick()), TICK);
	return () => {
		live.stop();
		clearInterval(ticking);
	};
}

function jobRow({ job_id: id, session_id, flow_id }, stop) {
	let job;
	let shown = "";
	const [state, flow, started, time] = [h("td"), h("td.what"), h("td"), h("td.number")];
	const stopButton = h("button.danger", { label: `Stop job ${id.slice(-8)}`, onclick: () => stop(id) }, "Stop");
	const open = h("a.button", { href: `#/jobs/${id}`, label: `Open job ${id.slice(-8)}` }, "Open");
	const session = h("td.what", sessionLink({ session_id, flow_id }));
	const element = h("tr", { "data-id": id }, state, flow, session, started, time, h("td.actions", stopButton, " ", open));

	function update(next, name) {
		job = next;
		const since = moment(job.started_timestamp ?? job.created_timestamp);
		say(started, ago(since));
		tick();
		if (shown === `${job.status} ${name}`) return;
		shown = `${job.status} ${name}`;
		started.title = since.toLocaleString();
		show(state, stateOf(job.status));
		show(flow, flowLink(job, name), h("div.muted", brief(job.input[0]?.data ?? "")));
		stopButton.hidden = !isActive(job);
	}

	function tick() {
		const seconds = ran(job);
		say(time, seconds === null ? "" : duration(seconds));
	}

	return { element, open, update, tick };
}
