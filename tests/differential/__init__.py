"""Components beside Langflow's own: the same inputs, and the outputs compared."""
