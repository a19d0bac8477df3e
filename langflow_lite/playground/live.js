// What a view shows is kept fresh while somebody can see it.

import { toast } from "./dom.js";

/**
 * Call `work(signal)` now and again `pause()` milliseconds after each call has ended, but not while the tab is hidden. A `pause`
 * of null ends it until `again` is called, and so does a request that is refused. `failed(error, refused)` is told of those
 * and of a server that is away, which is asked again. Returns `{again, stop, signal}`.
 */
export function repeat(work, pause, failed = (error, refused) => refused && toast(error.message, "error")) {
  const gone = new AbortController();
  const { signal } = gone;
  let timer = 0;
  let working = false;
  let asked = false;

  async function turn() {
    clearTimeout(timer);
    asked ||= working;
    if (signal.aborted || working || document.hidden) return;
    working = true;
    let refused = false;
    do {
      asked = false;
      try {
        await work(signal);
        refused = false;
      } catch (error) {
        if (signal.aborted) return;
        refused = error.status >= 400 && error.status < 500;
        failed(error, refused);
      }
    } while (asked && !signal.aborted);
    working = false;
    const wait = refused ? null : pause();
    if (!signal.aborted && wait !== null) timer = setTimeout(turn, wait);
  }

  document.addEventListener("visibilitychange", turn, { signal });
  return {
    again: turn,
    signal,
    stop() {
      gone.abort();
      clearTimeout(timer);
    },
  };
}
