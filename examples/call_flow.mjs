// Call a flow from JavaScript (Node 18 or later, or a browser's console without the last lines).
//
//   node call_flow.mjs "Hello!"
//   node call_flow.mjs --flow prompt-chain --stream "rain"
//
// The server is http://127.0.0.1:7860, or LANGFLOW_URL; a key, if it asks for one, is taken from LANGFLOW_API_KEY.

import { parseArgs } from "node:util";

async function call(url, flow, text, { session, stream, key }) {
  const response = await fetch(`${url}/api/v1/run/${flow}?stream=${stream}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(key && { "x-api-key": key }) },
    body: JSON.stringify({ input_value: text, session_id: session, input_type: "chat", output_type: "chat" }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response;
}

function answers(result) {
  return result.outputs
    .flatMap((run) => run.outputs)
    .flatMap((output) => Object.values(output.results))
    .map((message) => message.text);
}

// Every event is one JSON object followed by an empty line.
async function* events(response) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body) {
    const frames = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) yield JSON.parse(frame);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: process.env.LANGFLOW_URL ?? "http://127.0.0.1:7860" },
    flow: { type: "string", default: "echo" },
    session: { type: "string", default: "example" },
    stream: { type: "boolean", default: false },
  },
});

function fail({ message, cause }) {
  console.error(cause ? `${values.url} cannot be reached: ${cause.message}` : message);
  process.exit(1);
}

const response = await call(values.url, values.flow, positionals.join(" "), {
  session: values.session,
  stream: values.stream,
  key: process.env.LANGFLOW_API_KEY,
}).catch(fail);
if (!values.stream) {
  console.log(answers(await response.json()).join("\n"));
} else {
  let shown = false;
  for await (const { event, data } of events(response)) {
    if (event === "token") {
      process.stdout.write(data.chunk);
      shown = true;
    } else if (event === "error") {
      fail({ message: `The run failed: ${data.error}` });
    } else if (event === "end") {
      // Without a model there are no tokens: the answer comes whole.
      console.log(shown ? "" : answers(data.result).join("\n"));
    }
  }
}
