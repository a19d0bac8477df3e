"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(tag, properties = {}, ...children) {
	const node = Object.assign(document.createElement(tag), properties);
	node.append(...children);
	return node;
}

function resolve(spec, schema) {
	const reference = schema && schema.$ref;
	return reference ? spec.components.schemas[reference.split("/").pop()] : schema || {};
}

function example(spec, schema, depth = 0) {
	const found = resolve(spec, schema);
	if (depth > 4) return null;
	if ("default" in found) return found.default;
	if (found.enum) return found.enum[0];
	const choices = found.anyOf || found.oneOf;
	if (choices) return choices.some((one) => one.type === "null") ? null : example(spec, choices[0], depth + 1);
	if (found.type === "object") {
		const entries = Object.entries(found.properties || {});
		return Object.fromEntries(entries.map(([name, value]) => [name, example(spec, value, depth + 1)]));
	}
	if (found.type === "array") return [];
	return { string: "", integer: 0, number: 0, boolean: false }[found.type] ?? null;
}

function field(parameter) {
	const input = element("input", { placeholder: parameter.schema.format || parameter.schema.type || "" });
	if (parameter.schema.default !== undefined && parameter.in === "query") input.placeholder = String(parameter.schema.default);
	const label = element("label", { className: "field" }, element("span", {}, `${parameter.name} (${parameter.in})`), input);
	return { parameter, input, label };
}

function address(path, fields) {
	const query = new URLSearchParams();
	for (const { parameter, input } of fields) {
		if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
		else if (input.value !== "") query.set(parameter.name, input.value);
	}
	const text = query.toString();
	return text ? `${path}?${text}` : path;
}

async function send(method, url, body, output) {
	const headers = {};
	const key = document.getElementById("key").value;
	if (key) headers["x-api-key"] = key;
	if (typeof body === "string") headers["content-type"] = "application/json";
	output.textContent = `${method.toUpperCase()} ${url}\n…`;
	try {
		const response = await fetch(url, { method, headers, body });
		const type = response.headers.get("content-type") || "";
		const head = `${method.toUpperCase()} ${url}\n${response.status} ${response.statusText} ${type}\n\n`;
		output.textContent = head;
		if (type.startsWith("application/json")) {
			const text = await response.text();
			output.textContent = head + JSON.stringify(JSON.parse(text), null, 2);
		} else if (type.startsWith("text/") || type.includes("ndjson")) {
			const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
			for (let part = await reader.read(); !part.done; part = await reader.read()) output.textContent += part.value;
		} else {
			output.textContent = `${head}${(await response.blob()).size} bytes`;
		}
	} catch (error) {
		output.textContent = `${method.toUpperCase()} ${url}\n${error}`;
	}
}

function operationView(spec, path, method, operation) {
	const fields = (operation.parameters || []).map(field);
	const content = operation.requestBody && operation.requestBody.content;
	let body = null;
	if (content && content["multipart/form-data"]) body = element("input", { type: "file", ariaLabel: "File" });
	else if (content) {
		const schema = Object.values(content)[0].schema;
		body = element("textarea", { ariaLabel: "Body", spellcheck: false, value: JSON.stringify(example(spec, schema), null, 2) });
	}
	const output = element("pre", { hidden: true });
	const button = element("button", { type: "button" }, "Send");
	button.addEventListener("click", () => {
		let payload;
		if (body && body.type === "file") {
			payload = new FormData();
			if (body.files[0]) payload.append("file", body.files[0]);
		} else if (body) payload = body.value;
		output.hidden = false;
		send(method, address(path, fields), payload, output);
	});
	const answers = Object.entries(operation.responses).map(([status, answer]) => `${status} ${answer.description}`);
	const title = element("code", { className: operation.deprecated ? "deprecated" : "" }, path);
	const view = element("details", {},
		element("summary", {}, element("span", { className: "method" }, method.toUpperCase()), title, ` ${operation.summary}`),
		element("p", {}, operation.description),
		...fields.map((one) => one.label),
		...(body ? [body] : []),
		element("p", {}, button, ` Answers: ${answers.join(", ")}`),
		output,
	);
	view.dataset.text = `${method} ${path} ${operation.summary}`.toLowerCase();
	return view;
}

async function show() {
	const main = document.getElementById("operations");
	const response = await fetch("openapi.json");
	const spec = await response.json();
	const sections = new Map();
	const root = spec.servers[0].url.replace(/\/$/, "");
	for (const [path, operations] of Object.entries(spec.paths)) {
		for (const method of METHODS) {
			const operation = operations[method];
			if (!operation) continue;
			const tag = operation.tags[0];
			if (!sections.has(tag)) sections.set(tag, element("section", {}, element("h2", {}, tag)));
			sections.get(tag).append(operationView(spec, root + path, method, operation));
		}
	}
	main.replaceChildren(...sections.values());
	document.getElementById("filter").addEventListener("input", (event) => {
		const wanted = event.target.value.toLowerCase();
		for (const view of main.querySelectorAll("details")) view.hidden = !view.dataset.text.includes(wanted);
	});
}

show().catch((error) => { document.getElementById("operations").textContent = `The document could not be loaded: ${error}`; });
