"""How much of what people export runs here: the flows inside published langflow-base packages, run and counted."""
