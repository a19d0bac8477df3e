from __future__ import annotations

import pytest

from langflow_lite.models.azure import connect
from langflow_lite.models.base import ChatMessage
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.outbound import OutboundClients
from tests.standin import Standin

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("ending", ["", "/", "/openai", "?api-version=2024-06-01", "/openai/?api-version=2024-06-01"])
async def test_a_deployment_is_asked_with_the_key_in_its_own_header(
    standin: Standin, outbound: OutboundClients, ending: str
) -> None:
    model = connect(
        Endpoint(
            provider="Azure OpenAI",
            model="my deployment",
            base_url=standin.url + ending,
            key="azure-123456",
            client=outbound.client(trusted=True),
        )
    )

    assert (await model.complete([ChatMessage(role="user", text="hi")])).text == "ANSWER[hi]"

    call = standin.calls[0]
    assert call.path == "/openai/deployments/my deployment/chat/completions"
    assert call.headers["api-key"] == "azure-123456"
    assert "authorization" not in call.headers
