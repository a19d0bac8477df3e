// Reading exported flows of every release; whatever is not as expected is left out.

const FARTHEST = 1e6;

export const list = (value) => (Array.isArray(value) ? value.filter((item) => item && typeof item === "object") : []);

export const text = (value) => (typeof value === "string" ? value : "");

export const number = (value, otherwise) => (typeof value === "number" && Math.abs(value) <= FARTHEST ? value : otherwise);

export const nodesOf = (data) => list(data?.nodes).filter((node) => typeof node.id === "string");

export const isNote = (node) => node.type === "noteNode" || node.data?.type === "note";

const componentsOf = (data) => nodesOf(data).filter((node) => !isNote(node)).flatMap((node) => [node, ...members(node)]);

export const members = (node) => componentsOf(node.data?.node?.flow?.data);

export function fieldsOf(node) {
	return Object.entries(node.data?.node?.template ?? {})
		.filter(([name, field]) => field && typeof field === "object" && name !== "code" && !name.startsWith("_"));
}

function handle(edge, key) {
	const found = edge.data?.[key] ?? edge[key];
	if (typeof found !== "string") return found ?? {};
	try {
		// The editor writes the JSON of a handle with every quote as a ligature.
		return JSON.parse(found.replaceAll("œ", '"')) ?? {};
	} catch {
		// Before 1.0: Type;Type|field|id.
		return key === "targetHandle" ? { fieldName: found.split("|")[1] } : {};
	}
}

/** The edges of the `data` of a flow. `loop` names the output that one leads back to, instead of a `field`. */
export function edgesOf(data) {
	return list(data?.edges).map((edge) => {
		const from = handle(edge, "sourceHandle");
		const to = handle(edge, "targetHandle");
		const field = text(to.fieldName) || undefined;
		return {
			source: edge.source, target: edge.target, output: text(from.name) || undefined, field,
			loop: field ? undefined : text(to.name) || undefined, type: text(from.output_types?.[0] ?? from.baseClasses?.[0]),
		};
	});
}

const INPUTS = { ChatInput: "chat", TextInput: "text", Webhook: "any" };

/** The component that takes the input of a flow, with the API's word for that `kind` of input; null for none. */
export function inputOf(data) {
	const components = componentsOf(data);
	for (const [type, kind] of Object.entries(INPUTS)) {
		const found = components.find((node) => node.data?.type === type);
		if (found) return { type, kind, id: found.id };
	}
	return null;
}

export const answersInChat = (data) => componentsOf(data).some((node) => node.data?.type === "ChatOutput");
