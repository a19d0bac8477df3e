"""langflow_lite: run exported Langflow flows over the same REST API, from one small process."""

__version__ = "0.1.0"
