"""Looking at exported flows before they run: which would, and what the others lack."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import msgspec

from langflow_lite.compat.trusted import TrustedCode
from langflow_lite.components.inputs import Kind
from langflow_lite.components.registry import Registry
from langflow_lite.components.service import Service
from langflow_lite.context import RunContext
from langflow_lite.engine.plan import Plan, VertexPlan
from langflow_lite.engine.variables import RunVariables
from langflow_lite.errors import ComponentsUnsupported, GraphError, LangflowError, MissingModel, NotFound
from langflow_lite.flow import Flow, decode_data
from langflow_lite.graph import compile_graph
from langflow_lite.loading import flow_files, read_flows
from langflow_lite.models.resolve import Wish, choose_model
from langflow_lite.settings import Settings

__all__ = ["Calls", "Extra", "Fault", "FlowCheck", "Need", "check_flow", "check_paths", "report_json", "report_lines"]


# The modules of the `files` extra, by the suffix of the documents they read.
_MODULES = {"pdf": "pypdf", "docx": "docx", "xlsx": "openpyxl"}


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a flow cannot run. `reason` is a word for programs; `node` and `type` are empty when it is not one node's."""

    reason: str
    message: str
    node: str = ""
    type: str = ""
    suggestion: str = ""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A global variable a flow reads. `found` says whether the environment has it; a server may have it stored."""

    variable: str
    node: str
    found: bool


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """A service on the web that a node calls, and where it is looked for."""

    service: str
    node: str
    address: str


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """A part of this package that a node needs and that is installed apart."""

    name: str
    node: str
    command: str
    found: bool


class FlowCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one flow; it runs if there is no fault. `warnings` do not keep it from running.

    `files` are the paths of uploaded files that its nodes name: they do not come along with a flow.
    """

    file: str
    name: str
    runs: bool
    faults: tuple[Fault, ...] = ()
    needs: tuple[Need, ...] = ()
    services: tuple[Calls, ...] = ()
    extras: tuple[Extra, ...] = ()
    files: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _NothingStored:
    """Variables are looked for in the environment only: a check opens no database."""

    async def get_value(self, name: str) -> str | None:
        return None

    def is_credential(self, name: str) -> bool:
        return False


def check_paths(paths: Iterable[Path], settings: Settings) -> list[FlowCheck]:
    """Check every flow in the files, and in the `*.json` of the folders, in that order.

    Raises `NotFound` for a folder without such files.
    """
    registry = Registry(settings.components_path)
    trusted = TrustedCode.of(settings)
    return [
        found for path in paths for file in _files(path) for found in _check_file(file, registry, settings, trusted)
    ]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if not (found := flow_files(path)):
        raise NotFound(f"The folder {path} holds no *.json files")
    return found


def _check_file(file: Path, registry: Registry, settings: Settings, trusted: TrustedCode) -> Iterator[FlowCheck]:
    try:
        flows = read_flows(file.read_bytes(), file.stem)
    except OSError as error:
        yield _unreadable(file, f"it cannot be read: {error.strerror}")
    except LangflowError as error:
        yield _unreadable(file, error.message)
    else:
        for flow in flows:
            yield check_flow(flow, registry, settings, trusted, file=str(file))


def _unreadable(file: Path, message: str) -> FlowCheck:
    fault = Fault(reason="unreadable", message=message)
    return FlowCheck(file=str(file), name=file.stem, runs=False, faults=(fault,))


def check_flow(
    flow: Flow, registry: Registry, settings: Settings, trusted: TrustedCode | None = None, *, file: str = ""
) -> FlowCheck:
    """Check one flow as `/run` would run it, without running anything or calling anybody."""
    faults: list[Fault] = []
    needs: list[Need] = []
    services: list[Calls] = []
    extras: list[Extra] = []
    files: list[str] = []
    warnings: list[str] = []
    try:
        plan = Plan.of(compile_graph(decode_data(flow.data)), registry, trusted)
        warnings += plan.warnings
        needed = set(plan.graph.vertices)
        try:
            schedule = plan.schedule(plan.graph.entry)
            needed = set(schedule.listed)
            warnings += [
                f"{vertex.display_name} (node {vertex.id}) waits for a person: only background jobs of it can run"
                for vertex in schedule.pausing
            ]
        except ComponentsUnsupported as error:
            faults += [_unsupported(entry) for entry in error.components]
        else:
            warnings += [
                f"{entry['display_name']} (node {id_}) is left out: {entry['suggestion']}"
                for id_, entry in plan.unsupported.items()
            ]
            warnings += [
                f"{planned.vertex.display_name} (node {id_}) is left out: nothing is connected with it"
                for id_, planned in plan.vertices.items()
                if id_ not in needed and plan.is_stranded(id_)
            ]
        for id_, planned in plan.vertices.items():
            if id_ in needed:
                fed = _fed(plan, planned)
                faults += _vertex_faults(planned, fed)
                needs += anyio.run(_vertex_needs, planned, fed, settings, faults)
                services += _services(planned, settings)
                extras += _extras(planned)
                files += _files_named(planned, fed)
                warnings += anyio.run(_lacking, planned, settings)
    except GraphError as error:
        reason = "cycle" if error.vertices and "cycle" in error.message else "graph"
        faults.append(Fault(reason=reason, message=error.message, node=", ".join(error.vertices)))
    except msgspec.DecodeError as error:
        faults.append(Fault(reason="unreadable", message=str(error)))
    return FlowCheck(
        file=file,
        name=flow.name,
        runs=not faults,
        faults=tuple(faults),
        needs=tuple(needs),
        services=tuple(services),
        extras=tuple(extras),
        files=tuple(dict.fromkeys(files)),
        warnings=tuple(warnings),
    )


def _unsupported(entry: dict[str, Any]) -> Fault:
    return Fault(
        reason=entry["reason"],
        message=f"{entry['display_name']} is not available here",
        node=entry["id"],
        type=entry["type"],
        suggestion=entry["suggestion"],
    )


def _fed(plan: Plan, planned: VertexPlan) -> set[str]:
    """The inputs that edges fill, those of sources that are not available included."""
    names = planned.component.field_names
    return {names.get(edge.field, edge.field) for edge in plan.graph.incoming[planned.vertex.id]}


def _vertex_faults(planned: VertexPlan, fed: set[str]) -> Iterator[Fault]:
    vertex = planned.vertex
    for key, message in planned.params.errors.items():
        if planned.params.fields[key].name not in fed:
            text = f"the field {key} of {vertex.display_name} cannot be used: {message}"
            yield Fault(reason="bad_value", message=text, node=vertex.id, type=vertex.type)
    for name in planned.needed:
        if name not in fed:
            text = f"nothing is connected to {planned.component.inputs[name].display_name} of {vertex.display_name}"
            yield Fault(reason="not_connected", message=text, node=vertex.id, type=vertex.type)


async def _vertex_needs(planned: VertexPlan, fed: set[str], settings: Settings, faults: list[Fault]) -> list[Need]:
    """The variables a vertex reads. A model that cannot be had at all is added to the faults."""
    waiting = {bound.name: name for bound, name in planned.params.variables.values() if bound.name not in fed}
    variables = [name for name in waiting.values() if name.isidentifier()]
    variables += _service_variables(planned, fed)
    component = planned.component()
    wish = getattr(component, "wish", None)
    if callable(wish) and "model" not in fed:
        vars(component).update({**planned.params.values, **waiting})
        try:
            variables += await _model_variables(wish(), settings)
        except MissingModel as error:
            vertex = planned.vertex
            faults.append(Fault(reason="model", message=error.message, node=vertex.id, type=vertex.type))
    environ = settings.environ
    return [
        Need(variable=name, node=planned.vertex.id, found=bool(environ.get(name))) for name in dict.fromkeys(variables)
    ]


def _service_variables(planned: VertexPlan, fed: set[str]) -> tuple[str, ...]:
    """The variable of a service's key, unless the node holds or names a key itself."""
    component, params = planned.component, planned.params
    if not issubclass(component, Service):
        return ()
    named = {bound.name for bound, _ in params.variables.values()} | fed
    own = any(
        spec.kind is Kind.SECRET and (name in named or params.values.get(name))
        for name, spec in component.inputs.items()
    )
    return () if own else component.variables[:1]


def _services(planned: VertexPlan, settings: Settings) -> Iterator[Calls]:
    component = planned.component
    if issubclass(component, Service):
        address = settings.service_url(component.service, component.address)
        yield Calls(service=component.title or component.service, node=planned.vertex.id, address=address)


def _extras(planned: VertexPlan) -> Iterator[Extra]:
    """The extras for the documents that a node names; what a run brings is not known before."""
    needed = {_MODULES[suffix] for file in _files_named(planned) if (suffix := _suffix(file)) in _MODULES}
    if needed:
        found = all(find_spec(module) is not None for module in needed)
        command = "pip install 'langflow-lite[files]'"
        yield Extra(name="files", node=planned.vertex.id, command=command, found=found)


def _suffix(file: str) -> str:
    return file.rpartition(".")[2].lower()


def _files_named(planned: VertexPlan, fed: Collection[str] = ()) -> Iterator[str]:
    """The uploaded files that a node names, those of inputs that edges fill left out."""
    for name, spec in planned.component.inputs.items():
        if spec.kind is Kind.FILE and name not in fed:
            yield from (str(path) for path in _paths(planned.params.values.get(name)))


async def _lacking(planned: VertexPlan, settings: Settings) -> list[str]:
    component = planned.component()
    component.ctx = cast("RunContext", SimpleNamespace(settings=settings))
    vars(component).update(planned.params.values)
    vertex = planned.vertex
    return [f"{vertex.display_name} (node {vertex.id}): {text}" for text in await component.lacks()]


def _paths(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


async def _model_variables(wish: Wish, settings: Settings) -> list[str]:
    """The key variable of the provider that a node's model leads to, unless the node holds or names a key itself."""
    environment = settings.environ if settings.fallback_to_env_var else {}
    surroundings = SimpleNamespace(settings=settings, variables=RunVariables({}, _NothingStored(), environment))
    provider = (await choose_model(cast("RunContext", surroundings), wish)).provider
    if not provider.protocol:
        raise MissingModel(f"The model provider {provider.name} is not supported here. {provider.instead}")
    if provider.keyless or wish.api_key:
        return []
    return list(provider.key_variables[:1])


def report_json(checks: list[FlowCheck]) -> str:
    """The findings as a JSON list, a flow per entry."""
    return msgspec.json.format(msgspec.json.encode(checks), indent=2).decode()


def report_lines(checks: list[FlowCheck]) -> Iterator[str]:
    """The findings for a person: a line per flow, and below it what it lacks and needs."""
    for found in checks:
        yield f"{'runs' if found.runs else 'cannot run':<10}  {found.name}  ({found.file})"
        for fault in found.faults:
            where = f" [{fault.type}, node {fault.node}]" if fault.type else ""
            hint = f"; {fault.suggestion}" if fault.suggestion else ""
            yield f"            - {fault.message}{where}{hint}"
        missing = sorted({need.variable for need in found.needs if not need.found})
        if missing:
            yield f"            needs {', '.join(missing)}: as global variables or in the environment"
        for service in dict.fromkeys(f"{call.service} at {call.address}" for call in found.services):
            yield f"            calls {service}"
        for extra in {extra.name: extra for extra in found.extras if not extra.found}.values():
            yield f"            needs the {extra.name} extra: {extra.command}"
        if found.files:
            names = ", ".join(dict.fromkeys(path.replace("\\", "/").rpartition("/")[2] for path in found.files))
            yield f"            reads {names}: files do not come with a flow, upload them to the server"
        for warning in found.warnings:
            yield f"            note: {warning}"
    count = sum(found.runs for found in checks)
    yield f"{count} of {len(checks)} flows can run."
