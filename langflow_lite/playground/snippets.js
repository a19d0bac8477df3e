// The code for exactly the call that the page would make.

import { address, key } from "./api.js";
import { copyFrom, h, show } from "./dom.js";
import { answersInChat } from "./exported.js";

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

function runBody({ files, tweaks, ...request }, flow, { chat, chatInput }) {
  const all = files?.length && chatInput ? { ...tweaks, [chatInput]: { ...tweaks?.[chatInput], files } } : tweaks;
  return { output_type: chat ? "chat" : "any", ...request, ...(all && { tweaks: all }) };
}

const PYTHON = {
  wait: (_, chat) => [
    "with urllib.request.urlopen(request) as response:",
    "    answer = json.load(response)",
    ...(chat
      ? ['for run in answer["outputs"]:', '    for output in run["outputs"]:', '        print(output["results"]["message"]["text"])']
      : ['print(json.dumps(answer["outputs"], indent=2))']),
  ],
  stream: () => [
    "with urllib.request.urlopen(request) as response:",
    "    for line in response:",
    "        if line.strip():",
    "            event = json.loads(line)",
    '            if event["event"] == "token":',
    '                print(event["data"]["chunk"], end="", flush=True)',
    '            elif event["event"] in ("end", "error"):',
    '                print(f"\\n{event}")',
  ],
  job: (secured) => [
    "job = json.load(urllib.request.urlopen(request))",
    `url = request.full_url + "?job_id=" + job["job_id"]`,
    'while job["status"] in ("queued", "in_progress"):',
    "    time.sleep(0.5)",
    `    job = json.load(urllib.request.urlopen(${secured ? "urllib.request.Request(url, headers=headers)" : "url"}))`,
    'print(job["status"], job["output"]["text"])',
  ],
};

const JAVASCRIPT = {
  wait: (_, chat) => [
    "const answer = await response.json();",
    ...(chat
      ? ["for (const run of answer.outputs) {", "  for (const output of run.outputs) console.log(output.results.message.text);", "}"]
      : ["console.log(JSON.stringify(answer.outputs, null, 2));"]),
  ],
  stream: () => [
    'let rest = "";',
    "for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {",
    '  const lines = (rest + chunk).split("\\n");',
    "  rest = lines.pop();",
    "  for (const line of lines.filter(Boolean)) {",
    "    const { event, data } = JSON.parse(line);",
    '    if (event === "token") process.stdout.write(data.chunk);',
    '    else if (event === "end" || event === "error") console.log(`\\n${JSON.stringify(data)}`);',
    "  }",
    "}",
  ],
  job: () => [
    "let job = await response.json();",
    'while (job.status === "queued" || job.status === "in_progress") {',
    "  await new Promise((resolve) => setTimeout(resolve, 500));",
    "  job = await (await fetch(`${response.url}?job_id=${job.job_id}`, { headers })).json();",
    "}",
    "console.log(job.status, job.output.text);",
  ],
};

const LANGUAGES = {
  curl: ({ url, body, secured, call }) => [
    `curl ${call === "stream" ? "-N " : ""}${shell(url)} \\`,
    ...(secured ? [`  -H "x-api-key: $LANGFLOW_API_KEY" \\`] : []),
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${shell(JSON.stringify(body, null, 2))}`,
    ...(call === "job" ? ["", "# Follow it, with the job_id of the answer:", `# curl -N ${secured ? '-H "x-api-key: $LANGFLOW_API_KEY" ' : ""}"${url}/$JOB_ID/events"`] : []),
  ],
  Python: ({ url, body, secured, call, chat }) => [
    "import json",
    ...(secured ? ["import os"] : []),
    ...(call === "job" ? ["import time"] : []),
    "import urllib.request",
    "",
    `body = ${python(body)}`,
    `headers = {"Content-Type": "application/json"${secured ? ', "x-api-key": os.environ["LANGFLOW_API_KEY"]' : ""}}`,
    `request = urllib.request.Request(${JSON.stringify(url)}, json.dumps(body).encode(), headers)`,
    ...PYTHON[call](secured, chat),
  ],
  JavaScript: ({ url, body, secured, call, chat }) => [
    `const headers = { "Content-Type": "application/json"${secured ? ', "x-api-key": process.env.LANGFLOW_API_KEY' : ""} };`,
    `const response = await fetch(${JSON.stringify(url)}, {`,
    '  method: "POST",',
    "  headers,",
    `  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")}),`,
    "});",
    ...JAVASCRIPT[call](secured, chat),
  ],
};

/** A panel with the code for the request that `current` describes at that moment. */
export class Snippets {
  constructor(flow, input, current) {
    this.flow = flow;
    this.current = current;
    this.kind = { chat: answersInChat(flow.data), chatInput: input?.kind === "chat" ? input.id : null };
    this.call = h("select", { "aria-label": "Kind of call", onchange: () => this.update() }, Object.entries(CALLS).map(([id, { label }]) => h("option", { value: id }, label)));
    this.language = h("select", { "aria-label": "Language", onchange: () => this.update() }, Object.keys(LANGUAGES).map((id) => h("option", { value: id }, id)));
    this.code = h("code", {});
    this.element = h("div", { class: "snippets" },
      h("p", { class: "muted" }, "The same call as from the chat: with its message, session, files and tweaks."),
      h("div", { class: "row" }, this.language, this.call, h("span", { class: "grow" }), h("button", { type: "button", onclick: (event) => copyFrom(event.currentTarget, this.code.textContent) }, "Copy")),
      h("pre", { tabindex: 0 }, this.code));
  }

  /** Write the code again, if it can be seen. */
  update() {
    if (!this.element.checkVisibility()) return;
    const flow = this.flow.endpoint_name || this.flow.id;
    const call = CALLS[this.call.value];
    const request = { url: address(call.path(flow)).href, body: call.body(this.current(), flow, this.kind), secured: Boolean(key()), call: this.call.value, chat: this.kind.chat };
    show(this.code, LANGUAGES[this.language.value](request).join("\n"));
  }
}
