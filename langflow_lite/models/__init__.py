"""Language models: providers reached over HTTP, and the built-in echo model."""
