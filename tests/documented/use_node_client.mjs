// Uses the published JavaScript client unchanged. Arguments: URL, API key, id of a chat flow, id of its chat input.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [url, key, flowId, inputId, modules] = process.argv.slice(2);
const path = createRequire(`${modules}/`).resolve("@datastax/langflow-client");
const { LangflowClient } = await import(pathToFileURL(path));

const client = new LangflowClient({ baseUrl: url, apiKey: key });
const flow = client.flow(flowId);
assert.equal((await flow.run("hi")).chatOutputText(), "ANSWER[hi]");

const events = [];
let text = "";
for await (const event of await flow.stream("hi there")) {
  events.push(event.event);
  if (event.event === "token") text += event.data.chunk;
}
assert.equal(text, "ANSWER[hi there]");
assert.equal(events.at(-1), "end");

const file = await flow.uploadFile(new File(["a,b\n"], "table.csv", { type: "text/csv" }));
assert.ok(file.filePath.endsWith("_table.csv"), file.filePath);
const tweaked = await flow.tweak(inputId, { files: file.filePath }).run("with a file");
assert.ok(tweaked.chatOutputText().includes("with a file"));

const own = await client.files.upload(new File(["c"], "own.txt"));
assert.ok((await client.files.list()).some((listed) => listed.id === own.id));

assert.ok(Array.isArray(await client.logs.fetch()));
await assert.rejects(client.flow("no-such-flow").run("hi"));
console.log("all well");
