// The events of a run, one line each; the whole event in its fold.

import { h, pre } from "./dom.js";
import { brief, duration } from "./format.js";

const SHOWN = 500;
const TAIL = 80;

/** A fold with a list of the frames of a run. Consecutive tokens share a line; `name` gives the display name of a vertex. */
export class EventLog {
  #frames = [];
  #drawn = 0;
  #tokens = null;

  constructor(name) {
    this.name = name;
    this.count = h("span.count");
    this.list = h("ol.events", { tabindex: 0, "aria-label": "Events" });
    this.element = h("details.log", { ontoggle: () => this.#draw() }, h("summary", "Events ", this.count), this.list);
  }

  /** Show these frames: more of the same array, or those of another run. */
  update(frames) {
    if (frames !== this.#frames) {
      this.#drawn = 0;
      this.#tokens = null;
      this.list.replaceChildren();
    }
    this.#frames = frames;
    this.count.textContent = frames.length || "";
    this.#draw();
  }

  #draw() {
    const { list } = this;
    if (!this.element.open || this.#drawn === this.#frames.length) return;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    for (const frame of this.#frames.slice(this.#drawn)) {
      if (frame.event === "token" && this.#tokens?.id === frame.data.id) {
        this.#tokens.add(frame);
        continue;
      }
      this.#tokens?.draw();
      list.append(this.#line(frame));
      if (list.children.length > SHOWN) list.firstElementChild.remove();
    }
    this.#tokens?.draw();
    this.#drawn = this.#frames.length;
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  #line(frame) {
    const number = h("span.number", String(frame.sequence_id));
    const what = h("span.what", brief(summary(frame, this.name)));
    const fold = h("details", { ontoggle: () => fold.open && fold.children.length === 1 && fold.append(pre(frame.data)) },
      h("summary", number, h("span.name", { class: frame.event }, frame.event), what));
    this.#tokens = frame.event === "token" ? grouped(frame, number, what) : null;
    return h("li", fold);
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
      return data.id ? name(data.id) : "";
    case "end_vertex": {
      const { id, valid, params, data: built } = data.build_data;
      return `${brief(name(id))} · ${valid ? duration(built?.timedelta ?? 0) : params}`;
    }
    case "add_message":
      return `${brief(data.sender_name ?? data.sender, 40)}: ${data.text}`;
    case "output":
      return `${brief(data.display_name, 80)}: ${brief(data.content)}`;
    case "log":
      return `${brief(name(data.component_id))}: ${brief(data.message ?? data.name)}`;
    case "end":
      return data.build_duration === undefined ? "" : duration(data.build_duration);
    default:
      return data.chunk ?? data.prompt ?? data.text ?? data.error ?? data.message ?? data.reason ?? "";
  }
}
