// The files that belong to no flow, for every flow to read.

import { get, remove, save } from "./api.js";
import { h } from "./dom.js";
import { ago, brief, fileName, moment, size } from "./format.js";
import { Listing } from "./listing.js";
import { filePicker, upload } from "./upload.js";

const FILES = "api/v2/files/";

/** The card with the files. */
export function files() {
  const picker = filePicker((chosen) => listing.change(() => upload(FILES, chosen)));
  const listing = new Listing({
    title: "Files",
    hint: "They belong to no flow; any may read them by their path.",
    columns: ["Name", "Path", "Size", "Changed"],
    empty: "No files yet.",
    below: h("div.row.add", h("button", { onclick: () => picker.click() }, "Upload"), picker),
    read: () => get(FILES),
    row: ({ id, name, path, size: bytes, updated_at: changed }) => [
      brief(name, 80), h("code", brief(path, 120)), size(bytes), ago(moment(changed)),
      [
        h("button", { "aria-label": `Download ${brief(name, 60)}`, onclick: () => save(FILES + id, fileName(path)) }, "Download"), " ",
        listing.deleteButton(name, "Flows that read it will not find it any more.", () => remove(FILES + id)),
      ],
    ],
  });
  return listing;
}
