"""The HTTP layer: endpoint records, the guard in front of them, and one module per area."""
