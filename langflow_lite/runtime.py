"""Runtime: everything a running server consists of, below HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec
from msgspec.structs import replace

from langflow_lite.chores import keep_doing
from langflow_lite.compat.trusted import TrustedCode
from langflow_lite.components.registry import Registry
from langflow_lite.components.service import SERVICE_VARIABLES
from langflow_lite.context import Decide, Emit, RunContext
from langflow_lite.engine.attached import AttachedRuns
from langflow_lite.engine.executor import Shared
from langflow_lite.engine.frozen import FrozenCache
from langflow_lite.engine.inputs import check_overrides
from langflow_lite.engine.observer import Observer, together
from langflow_lite.engine.plan import Plan, has_component
from langflow_lite.engine.plans import Plans
from langflow_lite.engine.report import BuildReport, Report
from langflow_lite.engine.run import RunOutcome, chosen_vertices, run_plan
from langflow_lite.engine.variables import RunVariables, permitted_environment
from langflow_lite.errors import LangflowError, PauseUnavailable, StorageBusy
from langflow_lite.events import EventName
from langflow_lite.flow import Flow
from langflow_lite.flow_folder import FlowFolder, Loaded, load_flows
from langflow_lite.ids import new_id
from langflow_lite.job import Job, JobKind, JobResult, JobStatus, RunRequest
from langflow_lite.jobs.active import Ended, failed
from langflow_lite.jobs.callbacks import Callbacks, signing_key
from langflow_lite.jobs.polls import Polls
from langflow_lite.jobs.retention import Retention
from langflow_lite.jobs.supervisor import Supervisor
from langflow_lite.logs import LogBuffer
from langflow_lite.models.outbound import OutboundClients
from langflow_lite.models.providers import PROVIDER_VARIABLES
from langflow_lite.overrides import Overrides, resolve_overrides
from langflow_lite.settings import Settings
from langflow_lite.shortage import Shortage
from langflow_lite.storage.api_keys import ApiKeyStore
from langflow_lite.storage.database import Database
from langflow_lite.storage.files import FileStore
from langflow_lite.storage.flows import FlowStore
from langflow_lite.storage.folders import FolderStore
from langflow_lite.storage.jobs import JobTable
from langflow_lite.storage.lock import DataDirLock
from langflow_lite.storage.messages import MessageSession, MessageTable
from langflow_lite.storage.meta import Meta
from langflow_lite.storage.monitor import MonitorTable
from langflow_lite.storage.queries import ListedDatabases
from langflow_lite.storage.secretbox import SecretBox
from langflow_lite.storage.user_files import UserFiles
from langflow_lite.storage.variables import VariableStore
from langflow_lite.storage.vectors import VectorStore
from langflow_lite.subflows import SubFlows
from langflow_lite.telemetry.metrics import ServerMetrics
from langflow_lite.telemetry.otlp import open_tracing
from langflow_lite.values import utc_now

__all__ = ["PreparedRun", "Runtime"]

logger = logging.getLogger(__name__)

_AGAIN_SECONDS = 1.0


class PreparedRun(msgspec.Struct, frozen=True):
    """A run that is known to be possible and has not begun: nothing about the request can be refused any more.

    `around` are the ids of the flows that this one runs inside of, the outermost first.
    """

    runtime: Runtime
    flow: Flow
    plan: Plan
    request: RunRequest
    overrides: Overrides
    around: tuple[str, ...] = ()

    @property
    def session_id(self) -> str:
        """The session the run belongs to: the request's, else the flow's id."""
        return self.request.session_id or self.flow.id

    async def execute(
        self,
        *,
        emit: Emit | None = None,
        run_id: str | None = None,
        decide: Decide | None = None,
        report: Callable[[RunContext], Report] = Report,
        kind: str = "",
        attached: bool = True,
    ) -> RunOutcome:
        """Run the flow. With `emit` every event is sent to it and models stream their tokens; `decide` asks people.

        `kind` is that of the job. An `attached` run with `emit` is streamed by a request, and ended by a shutdown.

        Raises `ComponentError` when a component fails, unless the report keeps going, `StorageError` when the messages
        could not be kept, and what `AttachedRuns.run` raises.
        """
        runtime = self.runtime
        ctx = RunContext(
            run_id=run_id or new_id(),
            flow_id=self.flow.id,
            flow_name=self.flow.name,
            session_id=self.session_id,
            settings=runtime.settings,
            variables=RunVariables(self.request.globals, runtime.variables, runtime.environment),
            messages=MessageSession(runtime.messages),
            files=runtime.files,
            outbound=runtime.outbound,
            databases=runtime.databases,
            vectors=runtime.vectors,
            trusted=runtime.trusted,
            streaming=emit is not None,
            emit=emit,
            decide=decide,
            flows=SubFlows(
                runtime.flows, runtime.plans, runtime.run_subflow, self.request, (*self.around, self.flow.id)
            ),
            kind=kind or ("subflow" if self.around else "run"),
        )

        def run(emit: Emit | None) -> Coroutine[Any, Any, RunOutcome]:
            ctx.emit = emit
            return run_plan(self.plan, ctx, self.request, self.overrides, runtime.shared, report(ctx))

        if emit is not None and attached:
            return await runtime.attached_runs.run(run, emit)
        return await run(emit)


def _describe(job: Job) -> Mapping[str, Any]:
    result = job.result or JobResult()
    return {"job_id": job.id, "status": job.status, "outputs": result.outputs, "errors": result.errors}


class _Afterwards(Observer):
    """What is due once a job has ended."""

    def __init__(self, callbacks: Callbacks, retention: Retention) -> None:
        self._callbacks = callbacks
        self._retention = retention

    def job_ended(self, job: Job) -> None:
        self._callbacks.notify(job)
        self._retention.note(job)


class Runtime:
    """The stores, the component registry and the engine of one server, as an async context manager.

    The order in which parts are entered is the order of dependence, so leaving shuts down in the right order: HTTP
    clients before the database, the database before the lock on its directory. Enter and leave it in one task.
    Entering raises `StorageUnusable` or `SettingsError` when the server cannot start. `describe` makes what callbacks are
    told of an ended job; `trusted` is the code that may run, by default that of the data directory. `attached` holds the
    jobs that run inside their requests, as they stand, by id. `observer` is told of everything that `metrics` counts.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        describe: Callable[[Job], Mapping[str, Any]] = _describe,
        trusted: TrustedCode | None = None,
    ) -> None:
        self.settings = settings
        self.registry = Registry(settings.components_path)
        self.trusted = trusted or TrustedCode.of(settings)
        self.environment: Mapping[str, str] = {}
        if settings.fallback_to_env_var:
            names = (*PROVIDER_VARIABLES, *SERVICE_VARIABLES, *settings.variables_from_environment)
            self.environment = permitted_environment(settings.environ, names)
        self.outbound = OutboundClients(settings)
        self.metrics = ServerMetrics()
        self.tracing = open_tracing(settings.environ)
        self.observer = together(self.metrics, *(() if self.tracing is None else (self.tracing,)))
        self.database = Database(settings.database_path, observer=self.observer)
        self.meta = Meta(self.database)
        self.flows = FlowStore(self.database)
        self.folders = FolderStore(self.database, self.flows)
        self.messages = MessageTable(self.database)
        self.monitor = MonitorTable(self.database)
        self.api_keys = ApiKeyStore(self.database, settings.api_key if settings.api_key_source == "env" else "")
        self.variables = VariableStore(self.database, SecretBox(settings.secret_key, settings.data_dir / "secret_key"))
        self.files = FileStore(self.database, settings.data_dir / "files")
        self.databases = ListedDatabases(settings.sql_databases)
        self.vectors = VectorStore(self.database)
        self.user_files = UserFiles(self.database, self.files, self.meta)
        self.job_table = JobTable(self.database, self.variables)
        self.callbacks = Callbacks(self.job_table, self.outbound, describe, self._callback_key)
        self.retention = Retention(self.job_table, days=settings.job_retention_days, count=settings.job_retention_count)
        self.jobs = Supervisor(
            self.job_table,
            self._execute_job,
            concurrency=settings.max_concurrent_jobs,
            queue_size=settings.job_queue_size,
            timeout=settings.job_timeout,
            events_size=settings.max_events_size,
            observer=together(self.observer, _Afterwards(self.callbacks, self.retention)),
        )
        self.metrics.watch_jobs(self.jobs, settings.job_queue_size)
        self.metrics.watch_database(self.database)
        self.logs: LogBuffer | None = None
        if settings.enable_log_retrieval and settings.log_retriever_buffer_size > 0:
            self.logs = LogBuffer(settings.log_retriever_buffer_size)
        self.polls = Polls(self.jobs, self.job_table)
        self.attached: dict[str, Job] = {}
        self.attached_runs = AttachedRuns()
        self.flow_folder = FlowFolder(settings.load_flows_path, self.flows) if settings.load_flows_path else None
        self.loaded = Loaded()
        self._stack = AsyncExitStack()

    @property
    def user_id(self) -> str:
        """The id of the one user there is."""
        return self.meta.user_id

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self.logs is not None:
                logging.getLogger().addHandler(self.logs)
                stack.callback(logging.getLogger().removeHandler, self.logs)
            for directory in {self.settings.data_dir.resolve(), self.settings.database_path.resolve().parent}:
                stack.enter_context(DataDirLock(directory))
            if self.tracing is not None:
                await stack.enter_async_context(self.tracing)
            await stack.enter_async_context(self.database)
            await stack.enter_async_context(self.monitor)
            await stack.enter_async_context(self.outbound)
            for store in (self.meta, self.flows, self.folders, self.api_keys, self.variables, self.files):
                await store.load()
            stack.callback(self.api_keys.save_usage)
            threads = anyio.CapacityLimiter(self.settings.worker_threads)
            self.shared = Shared(FrozenCache(), threads, together(self.observer, self.monitor))
            self.plans = Plans(self.registry, self.trusted, threads, self.flows.get_version)
            self.flows.on_change(self.shared.frozen.forget)
            self.loaded = await load_flows(self.settings, self.flows, self.meta, self.flow_folder)
            await stack.enter_async_context(self.callbacks)
            await stack.enter_async_context(self.jobs)
            tasks = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(tasks.cancel_scope.cancel)
            chores = {
                "loading of components": self._load_components,
                "retention of jobs": self.retention.run,
                "watch over the event loop": self.metrics.watch_loop,
            }
            if self.settings.reload_flows and self.flow_folder is not None:
                chores["watch over flow files"] = self.flow_folder.watch
            for name, work in chores.items():
                tasks.start_soon(keep_doing, name, work, name=name)
            if self.logs is not None:
                self.logs.note(f"Started with {len(self.flows.list())} flows")
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    async def _load_components(self) -> None:
        # The server listens meanwhile; whoever asks for a component before they are all there gets them at once.
        for _ in self.registry.loading():
            await anyio.lowlevel.checkpoint()

    def problems(self) -> dict[str, str]:
        """What keeps this server from its work until it is restarted, by part (`db`, `jobs`); empty while all is well.

        A full disk is none: reads go on, and so do writes once there is room.
        """
        writer, jobs = self.database.writer.failure, self.jobs.failure
        found = {"db": None if writer is None else writer.message, "jobs": jobs}
        return {part: reason for part, reason in found.items() if reason is not None}

    async def drain(self) -> None:
        """Take no more jobs and see what runs to its end, for `shutdown_grace` seconds at most."""
        if self.logs is not None:
            self.logs.closed = True
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.attached_runs.drain, self.settings.shutdown_grace)
            await self.jobs.drain(self.settings.shutdown_grace)

    async def _callback_key(self) -> bytes:
        secret = self.settings.callback_secret
        return signing_key(secret) if secret else signing_key("", (await self.variables.open_box()).key)

    def has_component(self, node: Mapping[str, Any]) -> bool:
        """Whether this server has something that runs an exported node."""
        return has_component(node, self.registry, self.trusted)

    async def prepare(
        self,
        flow: Flow,
        request: RunRequest,
        *,
        version: str | None = None,
        may_pause: bool = False,
        around: tuple[str, ...] = (),
    ) -> PreparedRun:
        """Check a request against a flow before anything runs.

        `may_pause` says that the run can wait for people; `around` is as in `PreparedRun`.

        Raises, besides what `Plans.get` raises: `ComponentsUnsupported`, `TweaksRefused`, `InvalidRequest`, `BadRequest`,
        `PauseUnavailable`.
        """
        plan = await self.plans.get(flow, version, request.graph)
        overrides = resolve_overrides(
            plan.graph,
            tweaks=request.tweaks,
            input_value=request.input_value,
            input_type=request.input_type,
            session_id=request.session_id,
            files=request.files,
        )
        check_overrides(plan, overrides)
        pausing = plan.schedule(chosen_vertices(plan.graph, request)).pausing
        if pausing and not may_pause:
            names = ", ".join(f"{vertex.display_name} (node {vertex.id})" for vertex in pausing)
            raise PauseUnavailable(
                f"This flow waits for a person at {names}, which only a background job can: "
                'run it with POST /api/v2/workflows and "background": true'
            )
        return PreparedRun(self, flow, plan, request, overrides, around)

    async def run_subflow(self, flow: Flow, request: RunRequest, around: tuple[str, ...]) -> RunOutcome:
        """Run a flow inside others, `around` it; raises what `prepare` and `PreparedRun.execute` raise."""
        return await (await self.prepare(flow, request, around=around)).execute()

    async def run_attached(self, job: Job, prepared: PreparedRun, emit: Emit | None = None) -> Ended:
        """Run a job inside the request that asked for it, and keep it once it has ended.

        When the request is cancelled, so is the run, and the job is kept as cancelled.
        """
        job.detached = False
        job.started_at = utc_now()
        self.attached[job.id] = replace(job, status=JobStatus.IN_PROGRESS)
        ended = Ended(JobStatus.CANCELLED, JobResult(), {"reason": "the client went away"})
        try:
            ended = await self._run_job(job, prepared, emit)
        finally:
            job.status, job.result, job.finished_at = ended.status, ended.result, utc_now()
            try:
                with anyio.CancelScope(shield=True):
                    await self.job_table.record(job)
            finally:
                del self.attached[job.id]
        return ended

    async def _execute_job(self, job: Job, emit: Emit) -> Ended:
        try:
            prepared = await self._prepare_job(job)
        except LangflowError as error:
            return failed(error.message, error.code)
        return await self._run_job(job, prepared, emit, partial(self.jobs.pauses.decision, job.id))

    async def _prepare_job(self, job: Job) -> PreparedRun:
        while True:
            try:
                flow = self.flows.get_by_id(job.flow_id)
                return await self.prepare(flow, job.request, version=job.flow_version, may_pause=True)
            except Exception as error:
                # It was accepted, and nothing of it has been done: it can wait for better times.
                shortage = error if isinstance(error, StorageBusy) else Shortage.behind(error)
                if shortage is None:
                    raise
                logger.warning("job %s has to wait: %s", job.id, shortage.message)
            await anyio.sleep(_AGAIN_SECONDS)

    async def _run_job(self, job: Job, prepared: PreparedRun, emit: Emit | None, decide: Decide | None = None) -> Ended:
        outputs = job.kind is JobKind.WORKFLOW

        def report(ctx: RunContext) -> Report:
            return BuildReport(ctx, outputs=outputs)

        try:
            outcome = await prepared.execute(
                emit=emit,
                run_id=job.id,
                decide=decide,
                report=report,
                kind=str(job.kind),
                attached=not job.detached,
            )
        except LangflowError as error:
            return failed(error.message, error.code)
        except Exception as error:
            if (shortage := Shortage.behind(error)) is not None:
                return failed(shortage.message, shortage.code)
            logger.exception("job %s of flow %s failed inside the server", job.id, job.flow_id)
            return failed(f"internal error: {type(error).__name__}", "INTERNAL_ERROR")
        status = JobStatus.FAILED if outcome.failed else JobStatus.COMPLETED
        # A failed vertex has been told by then; the end itself is the same (engine rules: *Sequences*).
        return Ended(status, outcome.job_result(job.flow_id), {"build_duration": outcome.seconds}, EventName.END)
