"""Components: what a node of a flow can be."""
