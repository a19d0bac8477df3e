// The events of a run, one line each; the whole event in its fold.

import { h } from "./dom.js";
import { brief, duration } from "./format.js";

const SHOWN = 500;

/** A list that grows with the frames of a run. Runs of tokens share one line. */
export class EventList {
  #drawn = 0;
  #tokens = null;

  constructor() {
    this.list = h("ol", { class: "events", tabindex: 0, "aria-label": "Events" });
    this.element = this.list;
  }

  clear() {
    this.#drawn = 0;
    this.#tokens = null;
    this.list.replaceChildren();
  }

  /** Add the frames that are new; `name` gives the display name of a vertex. */
  update(frames, name) {
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    for (; this.#drawn < frames.length; this.#drawn++) {
      const frame = frames[this.#drawn];
      if (frame.event === "token" && this.#tokens?.id === frame.data.id) {
        this.#tokens.add(frame);
        continue;
      }
      const line = h("span", { class: "what" }, summary(frame, name));
      const fold = h("details", { ontoggle: () => fold.open && fold.children.length === 1 && fold.append(h("pre", {}, JSON.stringify(frame.data, null, 2))) },
        h("summary", {}, h("span", { class: "number" }, String(frame.sequence_id)), h("span", { class: `name ${frame.event}` }, frame.event), line));
      this.#tokens = null;
      if (frame.event === "token") this.#tokens = grouped(frame, line);
      this.list.append(h("li", {}, fold));
    }
    while (this.list.children.length > SHOWN) this.list.firstElementChild.remove();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }
}

function grouped(first, line) {
  let count = 1;
  let text = first.data.chunk;
  return {
    id: first.data.id,
    add(frame) {
      count += 1;
      text += frame.data.chunk;
      line.textContent = `${count} to ${frame.sequence_id}: ${brief(text.slice(-80), 80)}`;
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
      const built = data.build_data;
      return `${name(built.id)} · ${built.valid ? duration(built.data?.timedelta ?? 0) : brief(built.params, 80)}`;
    }
    case "add_message":
      return `${data.sender_name ?? data.sender ?? ""}: ${brief(data.text ?? "", 80)}`;
    case "output":
      return `${data.display_name}: ${brief(data.content ?? "", 80)}`;
    case "token":
      return brief(data.chunk, 80);
    case "log":
      return `${name(data.component_id)}: ${brief(data.message ?? data.name, 80)}`;
    case "end":
      return data.build_duration === undefined ? "" : duration(data.build_duration);
    default:
      return brief(data.text ?? data.error ?? data.message ?? data.reason ?? "", 100);
  }
}
