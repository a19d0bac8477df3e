"""Running a flow: `POST /api/v1/run/{flow_id_or_name}`, batch and streamed (seed documents 4 and 5)."""

from __future__ import annotations

import logging
from typing import Any, Literal

import msgspec

from langflow_lite.engine.run import RunOutcome
from langflow_lite.errors import (
    ComponentError,
    ComponentsUnsupported,
    FlowNotFound,
    GraphError,
    InvalidRequest,
    LangflowError,
    PauseUnavailable,
    StorageBusy,
    StorageFull,
    TweaksRefused,
)
from langflow_lite.events import EventLog, EventName
from langflow_lite.http.endpoint import Call, Endpoint
from langflow_lite.http.globals import request_globals
from langflow_lite.http.streams import EventResponse
from langflow_lite.job import RunRequest
from langflow_lite.runtime import PreparedRun
from langflow_lite.values import to_json

__all__ = ["ENDPOINTS", "RunAnswer", "RunFailed"]

logger = logging.getLogger(__name__)


class RunContextBody(msgspec.Struct):
    """Global variables that apply to this run only."""

    request_variables: dict[str, str] = {}


class RunFields(msgspec.Struct):
    """The parameters of a run. `message` is another name of `input_value`; `stream` works like the query parameter."""

    input_value: str | None = None
    message: str | None = None
    input_type: Literal["chat", "text", "any"] = "chat"
    output_type: Literal["chat", "text", "any", "debug"] = "chat"
    output_component: str | None = ""
    tweaks: dict[str, Any] | None = None
    session_id: str | None = None
    stream: bool | None = None
    flow_version: str | None = None


class RunBody(RunFields):
    """The parameters of a run, or the same wrapped in `input_request` with a `context` beside it."""

    input_request: RunFields | None = None
    context: RunContextBody | None = None


class RunQuery(msgspec.Struct):
    """`stream` answers with events as they happen."""

    stream: bool = False


class RunAnswer(msgspec.Struct):
    """Results of the chosen components, for each input."""

    session_id: str
    outputs: list[dict[str, Any]]


class RunFailed(LangflowError):
    """500: a component failed. `detail` is a string that holds JSON, which clients of `/run` decode once more."""

    code = "RUN_FAILED"

    def __init__(self, error: ComponentError) -> None:
        super().__init__(f"Error running graph: {error.message}")
        self.error = error

    @property
    def detail(self) -> str:
        """The JSON text; `code` is the provider's HTTP status when one refused."""
        status = self.error.provider_status
        return to_json(
            {
                "message": self.message,
                "traceback": None,
                "description": None,
                "code": str(status) if status is not None else None,
                "suggestion": self.error.suggestion,
            }
        ).decode()


async def run_flow(call: Call) -> Any:
    """Run the flow and answer with its results, or with its events as they happen."""
    body: RunBody = call.body
    fields = body.input_request or body
    runtime = call.runtime
    flow = runtime.flows.get(call.params["flow_id_or_name"])
    request = RunRequest(
        input_value=fields.input_value if fields.input_value is not None else fields.message,
        input_type=fields.input_type,
        output_type=fields.output_type,
        output_component=fields.output_component or "",
        session_id=fields.session_id or None,
        tweaks=fields.tweaks,
        globals=request_globals(call.scope, body.context.request_variables if body.context else None),
    )
    prepared = await runtime.prepare(flow, request, version=fields.flow_version)
    if call.query.stream or fields.stream:
        log = EventLog(runtime.settings.max_events_size)
        return EventResponse(log.follow(), lambda: _produce(prepared, log))
    try:
        outcome = await prepared.execute()
    except ComponentError as error:
        raise RunFailed(error) from error
    return outcome.answer(request)


async def _produce(prepared: PreparedRun, log: EventLog) -> None:
    try:
        outcome = await prepared.execute(emit=log.append)
    except ComponentError as error:
        failure: LangflowError = RunFailed(error)
        log.close(EventName.ERROR, {"error": f"{failure.status}: {failure.detail}"})
    except LangflowError as error:
        log.close(EventName.ERROR, {"error": f"{error.status}: {error.message}"})
    except Exception:
        logger.exception("a streamed run of flow %s failed", prepared.flow.id)
        log.close(EventName.ERROR, {"error": "500: Internal Server Error"})
    else:
        log.close(EventName.END, {"result": _result(outcome, prepared.request)})


def _result(outcome: RunOutcome, request: RunRequest) -> dict[str, Any]:
    return {**outcome.answer(request), "message": outcome.text(request)}


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/run/{flow_id_or_name}",
        handler=run_flow,
        summary="Run a flow by id or endpoint name",
        tag="Run",
        body=RunBody,
        form=True,
        query=RunQuery,
        response=RunAnswer,
        stream_type="text/event-stream",
        errors=(
            FlowNotFound,
            InvalidRequest,
            TweaksRefused,
            GraphError,
            ComponentsUnsupported,
            PauseUnavailable,
            RunFailed,
            StorageBusy,
            StorageFull,
        ),
    ),
)
