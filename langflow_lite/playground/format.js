// Times, durations and values as people read them.

const KILOBYTES = new Intl.NumberFormat("en", { style: "unit", unit: "kilobyte", maximumFractionDigits: 1 });
const AGO = new Intl.RelativeTimeFormat("en");

/** "0.4 ms", "230 ms", "1.2 s", "2 min 5 s". */
export function duration(seconds) {
	if (seconds < 0.00005) return "<0.1 ms";
	if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
	if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
	if (seconds < 60) return `${seconds.toFixed(1)} s`;
	return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** A moment of the API; those of messages have no zone and are UTC. */
export function moment(text) {
	const iso = text.replace(" UTC", "Z").replace(" ", "T");
	return new Date(/(Z|[+-]\d\d:\d\d)$/.test(iso) ? iso : `${iso}Z`);
}

/** The time of day, with the day when it is another one. */
export function clock(date) {
	const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
	return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}

export function ago(date) {
	const seconds = (Date.now() - date) / 1000;
	const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
	const [unit, length] = units.find(([, one]) => seconds >= one) ?? [];
	return unit ? AGO.format(-Math.floor(seconds / length), unit) : "just now";
}

export const size = (bytes) => KILOBYTES.format(bytes / 1000);

/** At most `length` characters of any value, on one line and in one direction. */
export function brief(value, length = 80) {
	const whole = typeof value === "string" ? value : JSON.stringify(value) ?? "";
	const text = whole.slice(0, 4 * length + 1000).replaceAll(/[\s\u202a-\u202e\u2066-\u2069]+/g, " ").trim();
	// Half of a surrogate pair is no character.
	return text.length > length ? `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
}

export function matcher(search) {
	const words = search.toLowerCase().split(/\s+/);
	return (text) => words.every((word) => text.toLowerCase().includes(word));
}

/** The name of a stored file, without the time that was put in front of it. */
export const fileName = (path) => String(path).split("/").pop().replace(/^\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}_/, "");
