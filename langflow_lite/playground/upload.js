import { call } from "./api.js";
import { h, toast } from "./dom.js";
import { brief } from "./format.js";

/** A hidden field whose `click()` asks for files; `take` is told those that were chosen. */
export function filePicker(take, props) {
	const picker = h("input", {
		type: "file", multiple: true, hidden: true, ...props,
		onchange: () => {
			const chosen = [...picker.files];
			// Or the same file could not be chosen again.
			picker.value = "";
			return take(chosen);
		},
	});
	return picker;
}

/** Upload files one by one, with the answer to each to `done`. One that is refused does not keep the others. */
export async function upload(path, files, done = () => {}) {
	for (const file of files) {
		const form = new FormData();
		form.append("file", file);
		try {
			await done(await call("POST", path, { form }));
		} catch (error) {
			toast(`${brief(file.name, 60)} was not imported: ${error.message}`, "error");
		}
	}
}
