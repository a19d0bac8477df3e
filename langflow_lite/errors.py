"""The one exception tree: every error knows its HTTP status, its machine code and the `detail` it answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

__all__ = [
    "ApiKeyRefused",
    "BadRequest",
    "ComponentError",
    "ComponentsUnsupported",
    "Conflict",
    "EventLimitExceeded",
    "EventsEvicted",
    "FlowLocked",
    "FlowNotFound",
    "Forbidden",
    "GraphError",
    "IdempotencyMismatch",
    "InvalidDecision",
    "InvalidRequest",
    "JobNotFound",
    "JobNotResumable",
    "JobNotStoppable",
    "LangflowError",
    "LoopLimitExceeded",
    "MissingModel",
    "NotFound",
    "NotUnique",
    "OutboundRefused",
    "PauseUnavailable",
    "PayloadTooLarge",
    "Problem",
    "ProviderError",
    "QueueFull",
    "RequestRefused",
    "ServerStopping",
    "SettingsError",
    "StorageBusy",
    "StorageError",
    "StorageFull",
    "StorageUnusable",
    "TweaksRefused",
    "Unauthorized",
    "only_cause",
]


class LangflowError(Exception):
    """Base of all errors this package raises on purpose.

    `message` is one line for a person. `status` is the HTTP status it is answered with and `code` a stable word for
    programs; `retry_seconds` is when to come back, where that makes sense. Anything that is not a `LangflowError` is a
    fault of the server and is answered as a bare 500.
    """

    status: int = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    retry_seconds: ClassVar[int | None] = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def detail(self) -> Any:
        """The value of `detail` in the answer's body; a string unless a subclass says otherwise."""
        return self.message

    @property
    def headers(self) -> Mapping[str, str]:
        """Extra response headers: `Retry-After`, and what a subclass adds."""
        return {} if self.retry_seconds is None else {"Retry-After": str(self.retry_seconds)}


class SettingsError(LangflowError):
    """A setting has a value that cannot be used; raised before the server starts."""

    code = "SETTINGS_INVALID"


class BadRequest(LangflowError):
    """400: the request contradicts itself or is malformed below the level of JSON."""

    status = 400
    code = "BAD_REQUEST"


class RequestRefused(BadRequest):
    """400, 403, 414 or 421: the guard refuses the request before it reaches a handler (Host, Origin, limits of its head)."""

    code = "REQUEST_REFUSED"

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Unauthorized(LangflowError):
    """401: no usable credential was presented where one is needed."""

    status = 401
    code = "UNAUTHORIZED"

    @property
    def headers(self) -> Mapping[str, str]:
        """Name the scheme, as RFC 9110 section 11.6.1 asks."""
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(LangflowError):
    """403: the credential is known to be wrong, or the caller may not do this."""

    status = 403
    code = "FORBIDDEN"


class ApiKeyRefused(Forbidden):
    """403: the presented API key does not exist, is inactive or has expired."""

    code = "INVALID_API_KEY"


class NotFound(LangflowError):
    """404: the thing named in the path does not exist."""

    status = 404
    code = "NOT_FOUND"


class FlowNotFound(NotFound):
    """404: no flow has this id or endpoint name."""

    code = "FLOW_NOT_FOUND"


class Conflict(LangflowError):
    """409: the name is taken or the thing is not in a state that allows this."""

    status = 409
    code = "CONFLICT"


class NotUnique(BadRequest):
    """400: another flow has this name or endpoint name."""

    code = "NOT_UNIQUE"


class FlowLocked(LangflowError):
    """423: the flow is locked; it may be unlocked, moved and deleted, and nothing else."""

    status = 423
    code = "FLOW_LOCKED"

    def __init__(self) -> None:
        super().__init__("Flow is locked. Unlock it before making changes.")


class PayloadTooLarge(LangflowError):
    """413: the body, a part of it or an upload is over its limit."""

    status = 413
    code = "PAYLOAD_TOO_LARGE"


class Problem(NamedTuple):
    """One place in a request that is wrong: `loc` starts with body, query, path or header."""

    type: str
    loc: tuple[str | int, ...]
    msg: str


class InvalidRequest(LangflowError):
    """422: the request is well-formed but says something that cannot be accepted; lists every place it knows."""

    status = 422
    code = "INVALID_REQUEST"

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("; ".join(f"{'.'.join(map(str, p.loc))}: {p.msg}" for p in self.problems))

    @property
    def detail(self) -> list[dict[str, Any]]:
        """The list form that clients of validation errors expect."""
        return [{"type": p.type, "loc": list(p.loc), "msg": p.msg} for p in self.problems]


class TweaksRefused(LangflowError):
    """422: a tweak aims at a protected field, such as the code of a component."""

    status = 422
    code = "TWEAKS_REFUSED"

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(f"These fields are protected and cannot be tweaked: {', '.join(fields)}")
        self.fields = list(fields)

    @property
    def detail(self) -> dict[str, Any]:
        """Object with the refused field names."""
        return {"error": "Refused tweaks", "code": self.code, "message": self.message, "fields": self.fields}


class GraphError(LangflowError):
    """422: the flow's graph cannot be run: a cycle, too many nodes, a node without an id."""

    status = 422
    code = "GRAPH_INVALID"

    def __init__(self, message: str, vertices: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.vertices = list(vertices)

    @property
    def detail(self) -> dict[str, Any]:
        """Object naming the vertices concerned."""
        return {"error": "Invalid flow", "code": self.code, "message": self.message, "vertices": self.vertices}


class ComponentsUnsupported(LangflowError):
    """422: the flow needs component types this server does not have; raised before the first vertex runs."""

    status = 422
    code = "COMPONENT_UNSUPPORTED"

    def __init__(self, components: Sequence[Mapping[str, Any]]) -> None:
        named = ", ".join(f"{c['display_name']} (type {c['type']}, node {c['id']})" for c in components)
        super().__init__(f"This flow uses components that are not available here: {named}")
        self.components = [dict(c) for c in components]

    @property
    def detail(self) -> dict[str, Any]:
        """Object listing every offending node with its type, the reason and what to do."""
        return {
            "error": "Component not available",
            "code": self.code,
            "message": self.message,
            "components": self.components,
        }


class ComponentError(LangflowError):
    """500: a component failed while it ran. `cause` is the component's own one-line reason.

    `code` and `suggestion` are filled from a `ProviderError` underneath, so a client can tell an upstream 401 from a 429.
    """

    code = "COMPONENT_FAILED"

    def __init__(
        self,
        cause: str,
        *,
        component_id: str = "",
        display_name: str = "",
        provider_status: int | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(f"Error building Component {display_name}: \n\n{cause}" if display_name else cause)
        self.cause = cause
        self.component_id = component_id
        self.display_name = display_name
        self.provider_status = provider_status
        self.suggestion = suggestion


class MissingModel(LangflowError):
    """500 inside a run: a model component names no usable model or its provider's key is missing."""

    code = "MODEL_MISSING"


class ProviderError(LangflowError):
    """An upstream provider answered with an error, or could not be reached.

    `provider_status` is the upstream HTTP status (None when there was no answer), `retry_after` seconds if it said so.
    """

    code = "PROVIDER_ERROR"

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        provider_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.provider_status = provider_status
        self.retry_after = retry_after


class OutboundRefused(LangflowError):
    """A flow or request names an address that the outbound rules forbid; no connection was made."""

    code = "OUTBOUND_REFUSED"


class LoopLimitExceeded(LangflowError):
    """A loop has more items than `max_loop_iterations` allows."""

    code = "LOOP_LIMIT"


class StorageError(LangflowError):
    """500: the database failed in a way that has no better class; the unit of work was abandoned whole."""

    code = "STORAGE_FAILED"


class StorageFull(StorageError):
    """507: there is no room to write; nothing was stored, reads go on."""

    status = 507
    code = "STORAGE_FULL"


class StorageBusy(StorageError):
    """503: the database is locked or refuses to write right now; try again."""

    status = 503
    code = "STORAGE_BUSY"
    retry_seconds = 2


class StorageUnusable(StorageError):
    """The database file is damaged, is not ours, or another process holds the data directory; stops the start."""

    code = "STORAGE_UNUSABLE"


class JobNotFound(NotFound):
    """404: there is no such job, or its record has been let go."""

    code = "JOB_NOT_FOUND"


class JobNotStoppable(Conflict):
    """409: the job belongs to a request that waits for it; it ends when that request does."""

    code = "JOB_NOT_CANCELLABLE"


class JobNotResumable(Conflict):
    """409: the job waits for no decision, or not for this one."""

    code = "NOT_RESUMABLE"


class InvalidDecision(LangflowError):
    """422: the decision is not one of those that the job's request allows."""

    status = 422
    code = "INVALID_DECISION"


class PauseUnavailable(LangflowError):
    """400: the flow waits for the decision of a person, which only a background job can."""

    status = 400
    code = "HUMAN_INPUT_UNAVAILABLE"


class EventsEvicted(LangflowError):
    """410: the events before this point have been let go; read the job's result instead."""

    status = 410
    code = "EVENTS_EVICTED"


class QueueFull(LangflowError):
    """503: too many jobs are waiting, or the server is shutting down."""

    status = 503
    code = "QUEUE_FULL"
    retry_seconds = 5


class ServerStopping(LangflowError):
    """503: the server was shut down before the run inside this request had ended."""

    status = 503
    code = "server_shutdown"


class EventLimitExceeded(LangflowError):
    """500: a run has sent more events than `LANGFLOW_MAX_EVENTS_SIZE` allows."""

    code = "EVENT_LIMIT"

    def __init__(self, megabytes: int) -> None:
        super().__init__(f"the run has sent more than {megabytes} MB of events (LANGFLOW_MAX_EVENTS_SIZE)")


class IdempotencyMismatch(InvalidRequest):
    """422: this idempotency key was used for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self, key: str) -> None:
        message = f"the idempotency key {key!r} was already used for another request to this flow"
        super().__init__(Problem("idempotency_key_reused", ("body", "idempotency_key"), message))


def only_cause(error: BaseException) -> BaseException:
    """What was raised, without the groups that task groups wrap around a single error."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
