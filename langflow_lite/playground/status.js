// How a job, an object of the Workflow API, stands.

import { get, post, query } from "./api.js";
import { h } from "./dom.js";
import { brief } from "./format.js";

export const STATUS = {
	queued: "Queued", in_progress: "Running", suspended: "Suspended", completed: "Completed", failed: "Failed",
	cancelled: "Stopped", timed_out: "Timed out",
};
export const ACTIVE = ["queued", "in_progress", "suspended"];
export const isActive = ({ status }) => ACTIVE.includes(status);

export const JOBS = "api/v2/workflows";
export const readJob = (id, options) => get(query(JOBS, { job_id: id }), options);
export const stopJob = (id) => post(`${JOBS}/stop`, { job_id: id });

/** The seconds a job has run so far, or ran; null while it has not begun. */
export function ran({ started_timestamp: started, finished_timestamp: finished }) {
	return started ? Math.max(0, ((finished ? Date.parse(finished) : Date.now()) - Date.parse(started)) / 1000) : null;
}

export const stateOf = (status) => h("span.state", { class: status }, STATUS[status] ?? status);

export function flowLink({ flow_id: id }, name) {
	return name ? h("a", { href: `#/flows/${id}` }, brief(name, 80)) : h("span.muted", `Deleted flow ${id.slice(-8)}`);
}

export function sessionLink({ session_id: session, flow_id: flowId }) {
	return session && h("a", { href: query("#/messages", { session }) }, session === flowId ? "Default session" : brief(session, 60));
}
