"""Components that users wrote for Langflow, once the operator has trusted their code."""
