import { ApiError } from "./api.js";
import { toast } from "./dom.js";

/**
 * Keeps a view fresh: calls `work(signal)` now and `pause()` milliseconds after each call has ended, but not while the tab is
 * hidden. A pause of null ends it until `again()`, and so does a refusal; a server that is away is asked again. `failed(error,
 * refused)` is told of both.
 */
export function repeat(work, pause, failed = (error, refused) => refused && toast(error.message, "error")) {
	const gone = new AbortController();
	const { signal } = gone;
	let turns = Promise.resolve();
	let timer = 0;
	const again = () => (turns = turns.then(turn, turn));

	async function turn() {
		clearTimeout(timer);
		if (signal.aborted || document.hidden) return;
		let refused = false;
		try {
			await work(signal);
		} catch (error) {
			if (signal.aborted) return;
			if (!(error instanceof ApiError)) throw error;
			refused = error.status >= 400 && error.status < 500;
			failed(error, refused);
		}
		const wait = refused ? null : pause();
		if (wait !== null) timer = setTimeout(again, wait);
	}

	document.addEventListener("visibilitychange", again, { signal });
	const stop = () => {
		gone.abort();
		clearTimeout(timer);
	};
	return { again, stop, signal };
}
