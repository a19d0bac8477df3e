// The events of a run, one line each; the whole event in its fold.

import { h } from "./dom.js";
import { brief, duration } from "./format.js";

const SHOWN = 500;
const TAIL = 80;

/** A list that grows with the frames of a run; consecutive tokens share a line. `name` gives the display name of a vertex. */
export class EventList {
  #drawn = 0;
  #tokens = null;

  constructor(name) {
    this.name = name;
    this.count = h("span", { class: "count" });
    this.element = h("ol", { class: "events", tabindex: 0, "aria-label": "Events" });
  }

  clear() {
    this.#drawn = 0;
    this.#tokens = null;
    this.element.replaceChildren();
    this.counted(0);
  }

  /** Only say how many there are. */
  counted(count) {
    this.count.textContent = count || "";
  }

  /** Add the frames that are new. */
  update(frames) {
    if (this.#drawn === frames.length) return;
    const list = this.element;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    for (; this.#drawn < frames.length; this.#drawn++) {
      const frame = frames[this.#drawn];
      if (frame.event === "token" && this.#tokens?.id === frame.data.id) {
        this.#tokens.add(frame);
        continue;
      }
      this.#tokens?.draw();
      list.append(this.#line(frame));
      if (list.children.length > 2 * SHOWN) this.#forget();
    }
    this.#tokens?.draw();
    this.#forget();
    this.counted(frames.length);
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  #forget() {
    while (this.element.children.length > SHOWN) this.element.firstElementChild.remove();
  }

  #line(frame) {
    const number = h("span", { class: "number" }, String(frame.sequence_id));
    const what = h("span", { class: "what" }, summary(frame, this.name));
    const fold = h("details", { ontoggle: () => fold.open && fold.children.length === 1 && fold.append(h("pre", { tabindex: 0 }, JSON.stringify(frame.data, null, 2))) },
      h("summary", {}, number, h("span", { class: `name ${frame.event}` }, frame.event), what));
    this.#tokens = frame.event === "token" ? grouped(frame, number, what) : null;
    return h("li", {}, fold);
  }
}

/** A line for consecutive tokens, of which the last characters are kept. */
function grouped(first, number, what) {
  let last = first.sequence_id;
  let tail = first.data.chunk;
  return {
    id: first.data.id,
    add(frame) {
      last = frame.sequence_id;
      tail = (tail + frame.data.chunk).slice(-TAIL);
    },
    draw() {
      if (last === first.sequence_id) return;
      number.textContent = `${first.sequence_id}–${last}`;
      what.textContent = `${tail.length < TAIL ? "" : "…"}${brief(tail, TAIL)}`;
    },
  };
}

function summary({ event, data }, name) {
  switch (event) {
    case "vertices_sorted":
      return `${data.to_run.length} to run`;
    case "build_start":
    case "build_end":
      return data.id ? brief(name(data.id)) : "";
    case "end_vertex": {
      const built = data.build_data;
      return `${brief(name(built.id))} · ${built.valid ? duration(built.data?.timedelta ?? 0) : brief(built.params, 80)}`;
    }
    case "add_message":
      return `${brief(data.sender_name ?? data.sender ?? "", 40)}: ${brief(data.text ?? "", 80)}`;
    case "output":
      return `${brief(data.display_name, 80)}: ${brief(data.content ?? "", 80)}`;
    case "token":
      return brief(data.chunk, TAIL);
    case "human_input_required":
      return brief(data.prompt ?? "", 100);
    case "log":
      return `${brief(name(data.component_id))}: ${brief(data.message ?? data.name, 80)}`;
    case "end":
      return data.build_duration === undefined ? "" : duration(data.build_duration);
    default:
      return brief(data.text ?? data.error ?? data.message ?? data.reason ?? "", 100);
  }
}
