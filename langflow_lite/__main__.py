"""`python -m langflow_lite` is the command `langflow-lite`."""

from langflow_lite.cli import main

main()
