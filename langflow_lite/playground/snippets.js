// The code for exactly the call that the page would make.

import { address, key } from "./api.js";
import { copyFrom, h, show } from "./dom.js";

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A JSON value as a Python literal. */
function python(value, indent = "") {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}    `;
  const entries = Array.isArray(value) ? value.map((item) => python(item, deeper)) : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${python(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return entries.length ? `${open}\n${entries.map((entry) => `${deeper}${entry},\n`).join("")}${indent}${close}` : open + close;
}

const CALLS = {
  wait: { label: "Wait for the answer", path: (flow) => `api/v1/run/${flow}`, body: runBody },
  stream: { label: "Stream tokens", path: (flow) => `api/v1/run/${flow}?stream=true`, body: runBody },
  job: { label: "Background job", path: () => "api/v2/workflows", body: (request, flow) => ({ flow_id: flow, background: true, ...request }) },
};

function runBody({ files, chatInput, tweaks, ...request }) {
  const all = files?.length && chatInput ? { ...tweaks, [chatInput]: { ...tweaks?.[chatInput], files } } : tweaks;
  return { output_type: "chat", ...request, ...(all && { tweaks: all }) };
}

const LANGUAGES = {
  curl: (url, body, secured, call) => [
    `curl ${call === "wait" ? "" : "-N "}${shell(url)} \\`,
    ...(secured ? [`  -H "x-api-key: $LANGFLOW_API_KEY" \\`] : []),
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${shell(JSON.stringify(body, null, 2))}`,
  ].join("\n"),

  Python: (url, body, secured, call) => [
    "import json",
    ...(secured ? ["import os"] : []),
    "import urllib.request",
    "",
    `body = ${python(body)}`,
    "request = urllib.request.Request(",
    `    ${JSON.stringify(url)},`,
    "    data=json.dumps(body).encode(),",
    `    headers={"Content-Type": "application/json"${secured ? ', "x-api-key": os.environ["LANGFLOW_API_KEY"]' : ""}},`,
    ")",
    "with urllib.request.urlopen(request) as response:",
    ...(call === "stream"
      ? ["    for line in response:", "        if line.strip():", "            event = json.loads(line)", '            print(event["event"], event["data"])']
      : ["    answer = json.load(response)", call === "job" ? 'print(answer["job_id"], answer["links"]["events"])' : 'print(json.dumps(answer["outputs"], indent=2))']),
  ].join("\n"),

  JavaScript: (url, body, secured, call) => [
    `const response = await fetch(${JSON.stringify(url)}, {`,
    '  method: "POST",',
    `  headers: { "Content-Type": "application/json"${secured ? ', "x-api-key": process.env.LANGFLOW_API_KEY' : ""} },`,
    `  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")}),`,
    "});",
    ...(call === "stream"
      ? ['let rest = "";', "for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {", '  const lines = (rest + chunk).split("\\n");', "  rest = lines.pop();",
         "  for (const line of lines.filter(Boolean)) console.log(JSON.parse(line));", "}"]
      : ["const answer = await response.json();", call === "job" ? "console.log(answer.job_id, answer.links.events);" : "console.log(JSON.stringify(answer.outputs, null, 2));"]),
  ].join("\n"),
};

/** A panel with the code for the request that `current` describes at that moment. */
export class Snippets {
  constructor(flow, current) {
    this.flow = flow;
    this.current = current;
    this.call = h("select", { "aria-label": "Kind of call", onchange: () => this.update() }, Object.entries(CALLS).map(([id, { label }]) => h("option", { value: id }, label)));
    this.language = h("select", { "aria-label": "Language", onchange: () => this.update() }, Object.keys(LANGUAGES).map((id) => h("option", { value: id }, id)));
    this.code = h("code", {});
    this.element = h("div", { class: "snippets" },
      h("div", { class: "row" }, this.language, this.call, h("button", { type: "button", onclick: (event) => copyFrom(event.currentTarget, this.code.textContent) }, "Copy")),
      h("pre", { tabindex: 0 }, this.code));
    this.update();
  }

  update() {
    const flow = this.flow.endpoint_name || this.flow.id;
    const { path, body } = CALLS[this.call.value];
    show(this.code, LANGUAGES[this.language.value](address(path(flow)).href, body(this.current(), flow), Boolean(key()), this.call.value));
  }
}
