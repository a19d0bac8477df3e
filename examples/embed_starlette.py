"""langflow-lite inside a Starlette application: its API and page under /flows, beside routes of your own.

    python examples/embed_starlette.py
    curl http://127.0.0.1:8000/flows/api/v1/run/echo -H 'Content-Type: application/json' -d '{"input_value": "Hello!"}'

Settings come from LANGFLOW_* variables. Programs on this machine need no key; others always do (`langflow-lite api-key`),
and LANGFLOW_ALLOWED_HOSTS names what the server is called by then.
"""

from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from langflow_lite import create_app

flows = create_app()


@asynccontextmanager
async def lifespan(app):
    # The lifespan of a mounted application is run by the one around it, or not at all.
    async with flows.router.lifespan_context(flows):
        yield


async def names(request):
    return JSONResponse([flow.name for flow in flows.state.runtime.flows.list()])


app = Starlette(routes=[Route("/names", names), Mount("/flows", flows)], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, port=8000)
