// What a view shows is kept fresh while somebody can see it.

/**
 * Call `work` now and again `pause()` milliseconds after each call has ended, but not while the tab is hidden; a `pause`
 * of null ends it until `again` is called. Returns `{again, stop}`.
 */
export function repeat(work, pause) {
  let timer = 0;
  let working = false;
  let asked = false;
  let stopped = false;

  async function turn() {
    clearTimeout(timer);
    asked ||= working;
    if (stopped || working || document.hidden) return;
    working = true;
    do {
      asked = false;
      await work();
    } while (asked && !stopped);
    working = false;
    const wait = pause();
    if (!stopped && wait !== null) timer = setTimeout(turn, wait);
  }

  document.addEventListener("visibilitychange", turn);
  return {
    again: turn,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", turn);
    },
  };
}
