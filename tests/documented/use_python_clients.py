"""Run by an interpreter that has the published clients: uses them unchanged against the server named in argv.

Arguments: its URL, an API key, and the id of a chat flow whose model answers `ANSWER[<input>]`.
"""

import asyncio
import sys

import openai
from langflow_sdk import AsyncLangflowClient, LangflowClient
from langflow_sdk.models import FlowCreate, FlowUpdate, ProjectCreate, RunRequest

url, key, flow_id = sys.argv[1:]


def sdk() -> None:
    with LangflowClient(url, api_key=key) as client:
        flow = client.create_flow(FlowCreate(name="From the SDK", data={"nodes": [], "edges": []}))
        assert client.update_flow(flow.id, FlowUpdate(description="changed")).description == "changed"
        assert client.get_flow(flow.id).name == flow.name
        # Without get_all a Langflow answers a page, which this client cannot read from any server.
        assert flow.id in [found.id for found in client.list_flows(get_all=True)]
        _, created = client.upsert_flow(flow.id, FlowCreate(name="Again"))
        assert not created
        project = client.create_project(ProjectCreate(name="From the SDK", flows_list=[flow.id]))
        assert [found.id for found in client.get_project(project.id).flows] == [flow.id]
        assert project.id in [found.id for found in client.list_projects()]
        archive = client.download_project(project.id)
        assert [name.endswith(".json") for name in archive] == [True]
        client.delete_flow(flow.id)
        client.delete_project(project.id)
        assert client.run_flow(flow_id, RunRequest(input_value="hi")).first_text_output() == "ANSWER[hi]"
        assert client.run(flow_id, input_value="hi").first_text_output() == "ANSWER[hi]"
        chunks = list(client.stream(flow_id, input_value="hi there"))
        assert len(chunks) > 2, chunks
        assert chunks[-1].is_end, chunks[-1]


async def async_sdk() -> None:
    async with AsyncLangflowClient(url, api_key=key) as client:
        assert (await client.run(flow_id, input_value="hi")).first_text_output() == "ANSWER[hi]"
        assert [chunk async for chunk in client.stream(flow_id, input_value="hi")][-1].is_end


def responses() -> None:
    with openai.OpenAI(base_url=f"{url}/api/v1/", api_key="dummy", default_headers={"x-api-key": key}) as client:
        first = client.responses.create(model=flow_id, input="one")
        assert first.output_text == "ANSWER[one]"
        second = client.responses.create(model=flow_id, input="two", previous_response_id=first.id)
        assert second.previous_response_id == first.id
        with client.responses.stream(model=flow_id, input="three") as stream:
            deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
            assert stream.get_final_response().output_text == "".join(deltas) == "ANSWER[three]"
        refusal = None
        try:
            client.responses.create(model="no-such-flow", input="x")
        except openai.NotFoundError as error:
            refusal = error
        assert refusal is not None
        assert "no-such-flow" in refusal.message


async def completions() -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key) as client:
        assert flow_id in [model.id async for model in client.models.list()]
        messages = [{"role": "user", "content": "hi"}]
        answer = await client.chat.completions.create(model=flow_id, messages=messages)
        assert answer.choices[0].message.content == "ANSWER[hi]"
        chunks = await client.chat.completions.create(model=flow_id, messages=messages, stream=True)
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in chunks]) == "ANSWER[hi]"


sdk()
asyncio.run(async_sdk())
responses()
asyncio.run(completions())
print("all well")
