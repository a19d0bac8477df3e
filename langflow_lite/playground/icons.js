import { h } from "./dom.js";

// On a field of 24 by 24.
const STROKES = {
	attach: "M20 11.5 12 19.5a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.7 17.2a1.7 1.7 0 0 1-2.4-2.4l7.5-7.5",
	send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
	stop: "M7 7h10v10H7z",
	save: "M12 4v11M7 10.5 12 15.5l5-5M5 20h14",
	trash: "M4.5 7h15M10 11v6M14 11v6M6 7l1 12.5h10L18 7M9 7l.6-2.5h4.8L15 7",
	plus: "M12 5v14M5 12h14",
	upload: "M12 16V5M7 9.5 12 4.5l5 5M5 20h14",
};

/** A picture that says nothing by itself: the button has a label. */
export function icon(name) {
	return h("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: STROKES[name] }));
}
