"""Pictures of flows: what is seen of an exported graph, as SVG and as Mermaid text. Nothing here runs anything."""
