"""Everything that can be set, in one frozen object read from flags, LANGFLOW_* variables and an env file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from ipaddress import ip_address
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import platformdirs

from langflow_lite.errors import SettingsError
from langflow_lite.setting_texts import parse, read_env_file, show

__all__ = ["SettingInfo", "Settings", "default_data_dir"]

_LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_SHORTEST_KEY = 16
_HOST = re.compile(r"\*|[\w.-]+|\[?[0-9A-Fa-f:.]+\]?")
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s]+/?", re.IGNORECASE)
_PREFIX = "LANGFLOW_"
_LIKE = 0.9
_IGNORED = {
    "LANGFLOW_SUPERUSER": "there are no users here; create an API key with `langflow-lite api-key`",
    "LANGFLOW_SUPERUSER_PASSWORD": "there are no users here; create an API key with `langflow-lite api-key`",
    "LANGFLOW_NEW_USER_IS_ACTIVE": "there are no users here",
    "LANGFLOW_WORKERS": "the server is one asynchronous process by design",
    "LANGFLOW_CACHE_TYPE": "compiled flows are cached in memory",
    "LANGFLOW_STORE": "there is no store to reach",
    "LANGFLOW_BACKEND_ONLY": "the server always runs without the visual editor",
    "DO_NOT_TRACK": "nothing is ever tracked",
    "LANGFLOW_DO_NOT_TRACK": "nothing is ever tracked",
}


def default_data_dir() -> Path:
    """The per-user data directory of the platform, e.g. ~/.local/share/langflow-lite."""
    return Path(platformdirs.user_data_dir("langflow-lite", appauthor=False))


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """How one setting is named and explained outside the code; the README's table is checked against these."""

    name: str
    env: str
    default: str
    doc: str


def _setting(
    default: Any,
    env: str,
    doc: str,
    *,
    shown: str | None = None,
    secret: bool = False,
    least: int | None = None,
    most: int | None = None,
) -> Any:
    metadata = {"env": env, "doc": doc, "shown": shown, "least": least, "most": most}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a server. Build one directly in code, or with `Settings.load` from the environment.

    Raises `SettingsError` naming the variable when a value cannot be used.
    """

    host: str = _setting(
        "127.0.0.1", "LANGFLOW_HOST", "Address to listen on. Anything but loopback needs an API key to exist."
    )
    port: int = _setting(7860, "LANGFLOW_PORT", "Port to listen on; 0 picks a free one.", least=0, most=65535)
    data_dir: Path = _setting(
        default_data_dir,
        "LANGFLOW_CONFIG_DIR",
        "Directory of the database, the uploaded files and the secret key.",
        shown="the platform's user data directory",
    )
    database_url: str = _setting(
        "",
        "LANGFLOW_DATABASE_URL",
        "`sqlite:///path` of the database; empty: `langflow_lite.db` in the data directory.",
    )
    log_level: str = _setting("info", "LANGFLOW_LOG_LEVEL", "debug, info, warning, error or critical.")
    auto_login: bool = _setting(
        True, "LANGFLOW_AUTO_LOGIN", "On loopback, let local callers in without a key; false asks for a key there too."
    )
    api_key_source: str = _setting(
        "db",
        "LANGFLOW_API_KEY_SOURCE",
        "`env` also accepts the key in `LANGFLOW_API_KEY`; `db` only the stored ones.",
    )
    api_key: str = _setting(
        "",
        "LANGFLOW_API_KEY",
        "The key that `LANGFLOW_API_KEY_SOURCE=env` accepts, of 16 characters at least. "
        "Commands that call a server send it.",
        secret=True,
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (),
        "LANGFLOW_ALLOWED_HOSTS",
        "Further names accepted in the Host header, comma-separated; `*` accepts any. Loopback names and `host` always are.",
    )
    cors_origins: tuple[str, ...] = _setting(
        (), "LANGFLOW_CORS_ORIGINS", "Origins of web pages that may call the API, comma-separated. None by default."
    )
    api_key_in_query: bool = _setting(
        True, "LANGFLOW_API_KEY_IN_QUERY", "Also accept the key as the query parameter `x-api-key`."
    )
    developer_api_enabled: bool = _setting(
        True, "LANGFLOW_DEVELOPER_API_ENABLED", "Serve the Workflow API under /api/v2; false answers 404 there."
    )
    max_body_size: int = _setting(8, "LANGFLOW_MAX_BODY_SIZE", "Largest JSON body, in MB.", least=1)
    max_file_size_upload: int = _setting(100, "LANGFLOW_MAX_FILE_SIZE_UPLOAD", "Largest uploaded file, in MB.", least=1)
    max_events_size: int = _setting(
        64, "LANGFLOW_MAX_EVENTS_SIZE", "Most events, in MB, that one run may send; with more it fails.", least=1
    )
    max_loop_iterations: int = _setting(
        1000, "LANGFLOW_MAX_LOOP_ITERATIONS", "Most items a Loop component may run over.", least=1
    )
    worker_threads: int = _setting(
        16, "LANGFLOW_WORKER_THREADS", "Most threads that run the synchronous code of components at once.", least=1
    )
    max_concurrent_jobs: int = _setting(
        32, "LANGFLOW_MAX_CONCURRENT_JOBS", "Background jobs that run at once.", least=1
    )
    job_queue_size: int = _setting(
        10_000, "LANGFLOW_JOB_QUEUE_SIZE", "Background jobs that may wait; one more is answered 503.", least=1
    )
    job_timeout: float = _setting(
        0.0,
        "LANGFLOW_JOB_TIMEOUT",
        "Seconds after which a background job is ended as timed out; 0 for no limit.",
        least=0,
    )
    job_retention_days: float = _setting(
        30.0, "LANGFLOW_JOB_RETENTION_DAYS", "Days that ended jobs and their events are kept.", least=0
    )
    job_retention_count: int = _setting(
        10_000, "LANGFLOW_JOB_RETENTION_COUNT", "Ended jobs that are kept at most; the oldest go first.", least=1
    )
    callback_secret: str = _setting(
        "",
        "LANGFLOW_CALLBACK_SECRET",
        "Secret that signs callbacks (Standard Webhooks), `whsec_` and base64, or any text; "
        "empty: one derived from the key that encrypts variables.",
        secret=True,
    )
    shutdown_grace: float = _setting(
        10.0, "LANGFLOW_SHUTDOWN_GRACE", "Seconds that running jobs and requests get to finish after SIGTERM.", least=0
    )
    enable_log_retrieval: bool = _setting(
        False, "LANGFLOW_ENABLE_LOG_RETRIEVAL", "Serve recent log lines at /logs and /logs-stream."
    )
    log_retriever_buffer_size: int = _setting(
        10000, "LANGFLOW_LOG_RETRIEVER_BUFFER_SIZE", "Log lines kept in memory for /logs.", least=0
    )
    components_path: tuple[Path, ...] = _setting(
        (), "LANGFLOW_COMPONENTS_PATH", "Folders of Python files with your own components, separated by commas."
    )
    load_flows_path: Path | None = _setting(
        None, "LANGFLOW_LOAD_FLOWS_PATH", "Folder of exported flows (*.json) that are loaded at every start."
    )
    reload_flows: bool = _setting(
        False,
        "LANGFLOW_RELOAD_FLOWS",
        "Watch the folder of `LANGFLOW_LOAD_FLOWS_PATH` and load what changes in it while the server runs.",
    )
    load_examples: bool = _setting(
        True, "LANGFLOW_CREATE_STARTER_PROJECTS", "Load the example flows when the database is new."
    )
    default_model: str = _setting(
        "",
        "LANGFLOW_DEFAULT_MODEL",
        "Model for nodes that name none, or the built-in `echo` as the examples do, as `provider:model` "
        "(`openai:gpt-4o-mini`, `ollama:llama3.2`, "
        "`local:/models/x.gguf`, `echo`). "
        "Empty: the first provider whose key is set, else the built-in `echo`.",
    )
    default_embedding_model: str = _setting(
        "", "LANGFLOW_DEFAULT_EMBEDDING_MODEL", "Embedding model for nodes that name none, as `provider:model`."
    )
    mcp_servers: Path | None = _setting(
        None,
        "LANGFLOW_MCP_SERVERS",
        'JSON file of MCP servers that flows may use by name: `{"mcpServers": {name: {"url", "headers"} or '
        '{"command", "args", "env"}}}`. Commands of other servers are never run.',
    )
    model_timeout: float = _setting(
        700.0, "LANGFLOW_MODEL_TIMEOUT", "Seconds to wait for the next bytes of a model provider.", least=0
    )
    fallback_to_env_var: bool = _setting(
        True,
        "LANGFLOW_FALLBACK_TO_ENV_VAR",
        "Let a global variable that is not stored fall back to the environment variable of the same name, "
        "if it is one of the names below.",
    )
    variables_from_environment: tuple[str, ...] = _setting(
        (),
        "LANGFLOW_VARIABLES_TO_GET_FROM_ENVIRONMENT",
        "Further environment variables that flows may read as global variables, comma-separated. "
        "The known provider keys and base URLs always are.",
    )
    secret_key: str = _setting(
        "",
        "LANGFLOW_SECRET_KEY",
        "Key that encrypts stored variables; empty: one is made in the data directory, readable by its owner only.",
        secret=True,
    )
    ssrf_protection: bool = _setting(
        True,
        "LANGFLOW_SSRF_PROTECTION_ENABLED",
        "Refuse outbound requests to private, link-local and metadata addresses that a flow or request names.",
    )
    ssrf_allowed_hosts: tuple[str, ...] = _setting(
        (),
        "LANGFLOW_SSRF_ALLOWED_HOSTS",
        "Hosts (`name`, `name:port`, address or CIDR range) that flows may call although they are private, comma-separated.",
    )
    search_engine: str = _setting(
        "duckduckgo",
        "LANGFLOW_SEARCH_ENGINE",
        "What Web Search asks: `duckduckgo`, or `searxng:http://host` for an instance of your own.",
    )
    service_urls: tuple[str, ...] = _setting(
        (),
        "LANGFLOW_SERVICE_URLS",
        "Other addresses for the services that components call, as `name=http://host`, comma-separated "
        "(`tavily=http://127.0.0.1:9000`): a proxy, or a stand-in for tests.",
    )
    readable_directories: tuple[Path, ...] = _setting(
        (),
        "LANGFLOW_READABLE_DIRECTORIES",
        "Directories of this machine that flows may read with the Directory component, comma-separated.",
    )
    sql_databases: tuple[Path, ...] = _setting(
        (),
        "LANGFLOW_SQL_DATABASES",
        "SQLite files that flows may read with the SQL Database component, comma-separated.",
    )
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.log_level not in _LOG_LEVELS:
            raise SettingsError(f"LANGFLOW_LOG_LEVEL must be one of {', '.join(_LOG_LEVELS)}, not {self.log_level!r}")
        if self.api_key_source not in ("db", "env"):
            raise SettingsError(f"LANGFLOW_API_KEY_SOURCE must be db or env, not {self.api_key_source!r}")
        if self.api_key_source == "env" and len(self.api_key) < _SHORTEST_KEY:
            raise SettingsError(
                f"LANGFLOW_API_KEY_SOURCE=env needs a key of {_SHORTEST_KEY} characters or more in LANGFLOW_API_KEY, "
                f"and it {'has only ' + str(len(self.api_key)) if self.api_key else 'is not set'}"
            )
        if self.reload_flows and self.load_flows_path is None:
            raise SettingsError(
                "LANGFLOW_RELOAD_FLOWS (--reload-flows) watches a folder: name it with LANGFLOW_LOAD_FLOWS_PATH "
                "or --load-flows-path"
            )
        for f in fields(self):
            if f.metadata.get("least") is not None:
                _check_bounds(f.metadata["env"], getattr(self, f.name), f.metadata["least"], f.metadata["most"])
        for host in self.allowed_hosts:
            if not _HOST.fullmatch(host):
                raise SettingsError(
                    f"LANGFLOW_ALLOWED_HOSTS: {host!r} is not the name of a host; write it without scheme, port and path"
                )
        for origin in self.cors_origins:
            if not _ORIGIN.fullmatch(origin):
                raise SettingsError(f"LANGFLOW_CORS_ORIGINS: {origin!r} is not of the form https://host, or *")
        if self.search_engine != "duckduckgo" and not self.search_engine.startswith(
            ("searxng:http://", "searxng:https://")
        ):
            raise SettingsError(
                f"LANGFLOW_SEARCH_ENGINE must be duckduckgo or searxng:http://host, not {self.search_engine!r}"
            )
        for entry in self.service_urls:
            if not entry.partition("=")[2].startswith(("http://", "https://")):
                raise SettingsError(f"LANGFLOW_SERVICE_URLS: {entry!r} is not of the form name=http://host")
        if self.database_url and not self.database_url.startswith(("sqlite:///", "sqlite+aiosqlite:///")):
            scheme = self.database_url.partition(":")[0]
            raise SettingsError(
                f"LANGFLOW_DATABASE_URL must be sqlite:///path: this server keeps its data in one SQLite file, "
                f"and {scheme!r} is not supported. Unset it to use the data directory."
            )

    @property
    def database_path(self) -> Path:
        """The SQLite file that `database_url` names, else the one in the data directory."""
        if not self.database_url:
            return self.data_dir / "langflow_lite.db"
        # SQLAlchemy's convention, which Langflow's documentation uses: three slashes relative, four absolute.
        return Path(unquote(self.database_url.partition(":///")[2].partition("?")[0]))

    @property
    def is_loopback(self) -> bool:
        """Whether the server listens where only this machine can reach it."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """Where a program on this machine reaches the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def service_url(self, name: str, default: str) -> str:
        """The address of a service: the operator's for this name, else `default`."""
        for entry in self.service_urls:
            key, _, url = entry.partition("=")
            if key.strip() == name:
                return url.strip().rstrip("/")
        return default

    @classmethod
    def load(
        cls,
        *,
        env_file: Path | None = None,
        environ: Mapping[str, str] | None = None,
        **flags: Any,
    ) -> Settings:
        """Settings from, in rising order: defaults, `.env` in the working directory, the environment, `env_file`, flags.

        A flag of None counts as not given. An explicitly named `env_file` outranks the environment, as in Langflow.
        Raises `SettingsError`.
        """
        merged: dict[str, str] = {}
        implicit = Path(".env")
        if env_file is None and implicit.is_file():
            merged.update(read_env_file(implicit))
        merged.update(os.environ if environ is None else environ)
        if env_file is not None:
            if not env_file.is_file():
                raise SettingsError(f"--env-file: no such file: {env_file}")
            merged.update(read_env_file(env_file))
        values: dict[str, Any] = {}
        for f in fields(cls):
            env = f.metadata.get("env")
            # A variable that is left blank, as files of variables often have them, is not set.
            if env and (merged.get(env, "").strip() or (f.type == "bool" and env in merged)):
                values[f.name] = parse(str(f.type), env, merged[env])
        values.update({k: v for k, v in flags.items() if v is not None})
        return cls(environ=merged, **values)

    def ignored(self) -> list[str]:
        """One line for each variable that is set but has no meaning here: Langflow's own, and misspelt ones."""
        notes = [f"{name} is ignored: {why}" for name, why in _IGNORED.items() if self.environ.get(name)]
        known = {f.metadata["env"] for f in fields(self) if f.metadata}
        unknown = sorted(name for name in self.environ.keys() - known - _IGNORED.keys() if name.startswith(_PREFIX))
        near = ((name, get_close_matches(name, known, 1, _LIKE)) for name in unknown)
        return notes + [f"{name} is no setting; did you mean {found[0]}?" for name, found in near if found]

    @classmethod
    def describe(cls) -> list[SettingInfo]:
        """Every setting with its variable, default and meaning, in the order of the class."""
        described = []
        for f in fields(cls):
            if "env" not in f.metadata:
                continue
            shown = f.metadata["shown"]
            if shown is None:
                shown = show(f.default if f.default is not MISSING else None)
            described.append(SettingInfo(f.name, f.metadata["env"], shown, f.metadata["doc"]))
        return described


def _check_bounds(env: str, value: float, least: int, most: int | None) -> None:
    if most is not None and not least <= value <= most:
        raise SettingsError(f"{env} must be between {least} and {most}, not {value}")
    if not least <= value < inf:
        raise SettingsError(f"{env} must be at least {least}{'' if value < inf else ' and finite'}, not {value}")
