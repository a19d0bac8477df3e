"""The engine: runs a compiled graph."""
