import { Run } from "./run.js";

const LONGEST = 20_000;

/** Milliseconds before an event, as long as its vertex took where that is neither too short nor too long to see. */
function pace({ event, data }) {
	if (event === "token") return 25;
	if (event === "vertices_sorted") return 400;
	if (event === "end_vertex") return Math.min(1500, Math.max(350, (data.build_data.data?.timedelta ?? 0) * 1000));
	return 60;
}

/** A run once more, at a pace that eyes can follow, and what resolves when it is over or was left. */
export function replayOf({ job, frames }) {
	const run = new Run({ ...job, status: "Replay" }, "ended");
	return { run, over: play(run, [...frames]) };
}

async function play(run, frames) {
	const waits = frames.map(pace);
	const scale = Math.min(1, LONGEST / waits.reduce((sum, wait) => sum + wait, 0));
	const begun = performance.now();
	let due = 0;
	for (const [index, frame] of frames.entries()) {
		due += waits[index] * scale;
		while (performance.now() - begun < due) await new Promise(requestAnimationFrame);
		if (run.left.aborted) return;
		run.apply(frame);
	}
}
