"""The yardstick: a Starlette endpoint that reads JSON and answers JSON, served exactly as the real server is."""

from __future__ import annotations

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from langflow_lite.http.server import uvicorn_config
from langflow_lite.settings import Settings


async def answer(request: Request) -> JSONResponse:
    body = await request.json()
    return JSONResponse({"session_id": body["session_id"], "text": body["input_value"]})


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"bare is listening on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    app = Starlette(routes=[Route("/run", answer, methods=["POST"])])
    uvicorn.Server(uvicorn_config(app, Settings(environ={}))).run(sockets=[listening])


if __name__ == "__main__":
    main()
