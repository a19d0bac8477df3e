"""The published clients, unchanged, over a socket."""

from pathlib import Path

from tests.documented.clients import patient
from tests.documented.test_examples import output_of

HERE = Path(__file__).parent


@patient
def test_the_python_clients_run_unchanged(world, python):
    flow_id, key = world.names["$FLOW_ID"], world.names["$LANGFLOW_API_KEY"]
    assert "all well" in output_of(world, python, HERE / "use_python_clients.py", world.url, key, flow_id)


@patient
def test_the_javascript_client_runs_unchanged(world, node_modules):
    flow_id, key = world.names["$FLOW_ID"], world.names["$LANGFLOW_API_KEY"]
    script = HERE / "use_node_client.mjs"
    assert "all well" in output_of(world, "node", script, world.url, key, flow_id, "ChatInput-b67sL", node_modules)
