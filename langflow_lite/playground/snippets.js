import { address, key } from "./api.js";
import { copyButton, h, options } from "./dom.js";
import { answersInChat } from "./exported.js";

const CALLS = { wait: "Wait for the answer", stream: "Stream tokens", job: "Background job" };
const LANGUAGES = { curl, Python: python, JavaScript: javascript };

/** The code for exactly the call that the page would make, whose request `current` describes. */
export function snippetPanel(flow, input, current) {
	const name = flow.endpoint_name || flow.id;
	const chat = answersInChat(flow.data);
	const choice = (label, entries) => h("select", { label, onchange: update }, options(entries));
	const call = choice("Kind of call", Object.entries(CALLS));
	const language = choice("Language", Object.keys(LANGUAGES));
	const code = h("code");
	const element = h("div.snippets",
		h("p.muted", "The same call as from the chat: with its message, session, files and tweaks."),
		h("div.row", language, call, h("span.grow"), copyButton(() => code.textContent)),
		h("pre", { tabindex: 0 }, code));

	function update() {
		if (!element.checkVisibility()) return;
		const kind = call.value;
		const body = kind === "job" ? { flow_id: name, background: true, ...current() } : runBody(current());
		const path = { wait: `api/v1/run/${name}`, stream: `api/v1/run/${name}?stream=true`, job: "api/v2/workflows" }[kind];
		code.textContent = LANGUAGES[language.value]({ url: address(path).href, body, call: kind, chat, secured: Boolean(key()) });
	}

	function runBody({ files, tweaks, ...request }) {
		// Here files are a field of the chat input.
		const all = files && input?.kind === "chat" ? { ...tweaks, [input.id]: { ...tweaks?.[input.id], files } } : tweaks;
		return { output_type: chat ? "chat" : "any", ...request, ...(all && { tweaks: all }) };
	}

	return { element, update };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curl({ url, body, secured, call }) {
	const withKey = secured ? `-H "x-api-key: $LANGFLOW_API_KEY" ` : "";
	const code = `curl ${call === "stream" ? "-N " : ""}${quoted(url)} \\
  ${withKey}-H 'Content-Type: application/json' \\
  -d ${quoted(JSON.stringify(body, null, 2))}`;
	if (call !== "job") return code;
	return `${code}

# Follow it, with the job_id of the answer:
# curl -N ${withKey}"${url}/$JOB_ID/events"`;
}

function python({ url, body, secured, call, chat }) {
	const modules = ["json", secured && "os", call === "job" && "time", "urllib.request"].filter(Boolean);
	const wait = `with urllib.request.urlopen(request) as response:
    answer = json.load(response)
`;
	const rest = {
		wait: chat
			? `${wait}for run in answer["outputs"]:
    for output in run["outputs"]:
        print(output["results"]["message"]["text"])`
			: `${wait}print(json.dumps(answer["outputs"], indent=2))`,
		stream: `with urllib.request.urlopen(request) as response:
    for line in response:
        if line.strip():
            event = json.loads(line)
            if event["event"] == "token":
                print(event["data"]["chunk"], end="", flush=True)
            elif event["event"] in ("end", "error"):
                print(f"\\n{event}")`,
		job: `job = json.load(urllib.request.urlopen(request))
url = request.full_url + "?job_id=" + job["job_id"]
while job["status"] in ("queued", "in_progress"):
    time.sleep(0.5)
    job = json.load(urllib.request.urlopen(urllib.request.Request(url, headers=headers)))
print(job["status"], job["output"]["text"])`,
	};
	return `${modules.map((name) => `import ${name}`).join("\n")}

body = ${literal(body)}
headers = {"Content-Type": "application/json"${secured ? ', "x-api-key": os.environ["LANGFLOW_API_KEY"]' : ""}}
request = urllib.request.Request(${JSON.stringify(url)}, json.dumps(body).encode(), headers)
${rest[call]}`;
}

function literal(value, indent = "") {
	if (value === null) return "None";
	if (typeof value === "boolean") return value ? "True" : "False";
	if (typeof value !== "object") return JSON.stringify(value);
	const [open, close] = Array.isArray(value) ? "[]" : "{}";
	const deeper = `${indent}    `;
	const entries = Object.entries(value).map(([name, item]) =>
		`${deeper}${Array.isArray(value) ? "" : `${JSON.stringify(name)}: `}${literal(item, deeper)},\n`);
	return entries.length ? `${open}\n${entries.join("")}${indent}${close}` : open + close;
}

function javascript({ url, body, secured, call, chat }) {
	const rest = {
		wait: chat
			? `const answer = await response.json();
for (const run of answer.outputs) {
  for (const output of run.outputs) console.log(output.results.message.text);
}`
			: `const answer = await response.json();
console.log(JSON.stringify(answer.outputs, null, 2));`,
		stream: `let rest = "";
for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + chunk).split("\\n");
  rest = lines.pop();
  for (const line of lines.filter(Boolean)) {
    const { event, data } = JSON.parse(line);
    if (event === "token") process.stdout.write(data.chunk);
    else if (event === "end" || event === "error") console.log(\`\\n\${JSON.stringify(data)}\`);
  }
}`,
		job: `let job = await response.json();
while (job.status === "queued" || job.status === "in_progress") {
  await new Promise((resolve) => setTimeout(resolve, 500));
  job = await (await fetch(\`\${response.url}?job_id=\${job.job_id}\`, { headers })).json();
}
console.log(job.status, job.output.text);`,
	};
	return `const headers = { "Content-Type": "application/json"${secured ? ', "x-api-key": process.env.LANGFLOW_API_KEY' : ""} };
const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers,
  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")}),
});
${rest[call]}`;
}
