// The files that belong to no flow, for every flow to read.

import { call, get, remove, save } from "./api.js";
import { h, toast } from "./dom.js";
import { ago, brief, fileName, moment, size } from "./format.js";
import { Listing } from "./listing.js";

const FILES = "api/v2/files/";

/** The card with the files. */
export function files() {
  const picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => upload([...picker.files]) });

  async function upload(chosen) {
    picker.value = "";
    await listing.change(async () => {
      for (const file of chosen) {
        const form = new FormData();
        form.append("file", file);
        try {
          await call("POST", FILES, { form });
        } catch (error) {
          toast(`${brief(file.name, 60)}: ${error.message}`, "error");
        }
      }
    });
  }

  const listing = new Listing({
    title: "Files",
    hint: "They belong to no flow; any may read them by their path.",
    columns: ["Name", "Path", "Size", "Changed"],
    empty: "No files yet.",
    form: h("div", { class: "row add" }, h("button", { type: "button", onclick: () => picker.click() }, "Upload"), picker),
    read: () => get(FILES),
    row: (file) => [
      brief(file.name, 80), h("code", {}, brief(file.path, 120)), size(file.size), ago(moment(file.updated_at)),
      [
        h("button", { type: "button", "aria-label": `Download ${brief(file.name, 60)}`, onclick: () => save("GET", FILES + file.id, fileName(file.path)) }, "Download"), " ",
        listing.deleteButton(file.name, "Flows that read it will not find it any more.", () => remove(FILES + file.id)),
      ],
    ],
  });
  return listing;
}
