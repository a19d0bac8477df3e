// The events of a run once more, at a pace that eyes can follow.

import { Run } from "./run.js";

const LONGEST = 20_000;

/** Milliseconds before an event, as long as its vertex took where that is neither too short nor too long to see. */
function pace({ event, data }) {
  if (event === "token") return 25;
  if (event === "vertices_sorted") return 400;
  if (event === "end_vertex") return Math.min(1500, Math.max(350, (data.build_data.data?.timedelta ?? 0) * 1000));
  return 60;
}

/** Plays the events of `recorded`; `follow()` of a run that has just begun. */
export class Replay extends Run {
  #recorded;
  #stopped = false;

  constructor({ job, frames }) {
    super(job);
    this.status = "Replay";
    this.connection = "ended";
    this.#recorded = [...frames];
  }

  /** Resolves when the last event is shown, or nobody follows any more. */
  async follow() {
    const waits = this.#recorded.map(pace);
    const scale = Math.min(1, LONGEST / waits.reduce((sum, wait) => sum + wait, 0));
    const begun = performance.now();
    let due = 0;
    for (const [index, frame] of this.#recorded.entries()) {
      due += waits[index] * scale;
      while (performance.now() - begun < due) await new Promise(requestAnimationFrame);
      if (this.#stopped) return;
      this.apply(frame);
    }
  }

  leave() {
    this.#stopped = true;
  }
}
