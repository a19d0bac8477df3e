from __future__ import annotations

import re
from pathlib import Path

import pytest

from langflow_lite.errors import SettingsError
from langflow_lite.settings import Settings, default_data_dir
from tests.serving import ROOT


def table_rows() -> list[tuple[str, str, str]]:
    """Variable, default and meaning of each row of the README's settings table."""
    rows = re.findall(r"^\| `(LANGFLOW_\w+)` \| (.+?) \| (.+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return [(variable, default, meaning) for variable, default, meaning in rows]


def shown(default: str) -> str:
    return default if " " in default or default.startswith("(") else f"`{default}`"


def test_readme_documents_every_setting_as_the_code_has_it():
    rows = [(info.env, shown(info.default), info.doc) for info in Settings.describe()]
    right = "\n".join(f"| `{variable}` | {default} | {meaning} |" for variable, default, meaning in rows)
    assert table_rows() == rows, f"the table should read:\n{right}"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without an `.env`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults_are_for_one_person_on_one_machine():
    settings = Settings.load(environ={})
    assert (settings.host, settings.port, settings.is_loopback, settings.auto_login) == ("127.0.0.1", 7860, True, True)
    assert settings.data_dir == default_data_dir()
    assert settings.database_path == settings.data_dir / "langflow_lite.db"


def test_flags_outrank_the_env_file_which_outranks_the_environment_which_outranks_dotenv(elsewhere: Path):
    (elsewhere / ".env").write_text("LANGFLOW_PORT=1001\nLANGFLOW_HOST=localhost\n")
    named = elsewhere / "named.env"
    named.write_text("LANGFLOW_PORT=1003\n")
    assert Settings.load(environ={}).port == 1001
    environ = {"LANGFLOW_PORT": "1002"}
    assert Settings.load(environ=environ).port == 1002
    assert Settings.load(environ=environ).host == "localhost"
    assert Settings.load(environ=environ, env_file=named).port == 1003
    assert Settings.load(environ=environ, env_file=named, port=1004).port == 1004
    assert Settings.load(environ=environ, env_file=named, port=None).port == 1003


def test_a_named_env_file_takes_the_place_of_dotenv(elsewhere: Path):
    (elsewhere / ".env").write_text("LANGFLOW_HOST=localhost\n")
    named = elsewhere / "named.env"
    named.write_text("LANGFLOW_PORT=1003\n")
    assert Settings.load(environ={}, env_file=named).host == "127.0.0.1"


def test_variables_of_an_env_file_reach_flows(elsewhere: Path):
    named = elsewhere / "named.env"
    named.write_text("OPENAI_API_KEY=sk-1\n")
    assert Settings.load(environ={"OTHER": "x"}, env_file=named).environ == {"OTHER": "x", "OPENAI_API_KEY": "sk-1"}


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("LANGFLOW_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("LANGFLOW_PORT", " 8080 ", "port", 8080),
        ("LANGFLOW_CONFIG_DIR", "/srv/flows", "data_dir", Path("/srv/flows")),
        ("LANGFLOW_LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("LANGFLOW_AUTO_LOGIN", "False", "auto_login", False),
        ("LANGFLOW_AUTO_LOGIN", "1", "auto_login", True),
        ("LANGFLOW_DEVELOPER_API_ENABLED", "no", "developer_api_enabled", False),
        ("LANGFLOW_MAX_FILE_SIZE_UPLOAD", "5", "max_file_size_upload", 5),
        ("LANGFLOW_ENABLE_LOG_RETRIEVAL", "true", "enable_log_retrieval", True),
        ("LANGFLOW_LOG_RETRIEVER_BUFFER_SIZE", "20", "log_retriever_buffer_size", 20),
        ("LANGFLOW_COMPONENTS_PATH", "/a, /b", "components_path", (Path("/a"), Path("/b"))),
        ("LANGFLOW_LOAD_FLOWS_PATH", "/flows", "load_flows_path", Path("/flows")),
        ("LANGFLOW_LOAD_FLOWS_PATH", "", "load_flows_path", None),
        ("LANGFLOW_CORS_ORIGINS", "https://a.example, https://b.example", "cors_origins", ("https://a.example", "https://b.example")),
        ("LANGFLOW_VARIABLES_TO_GET_FROM_ENVIRONMENT", '["A", "B"]', "variables_from_environment", ("A", "B")),
        ("LANGFLOW_SHUTDOWN_GRACE", "2.5", "shutdown_grace", 2.5),
    ],
)  # fmt: skip
def test_variables_are_read_in_the_forms_people_write(variable: str, text: str, name: str, value: object):
    assert getattr(Settings.load(environ={variable: text}), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("LANGFLOW_PORT", "eighty"),
        ("LANGFLOW_PORT", "65536"),
        ("LANGFLOW_PORT", "-1"),
        ("LANGFLOW_JOB_RETENTION_DAYS", "-3"),
        ("LANGFLOW_JOB_RETENTION_DAYS", "nan"),
        ("LANGFLOW_JOB_TIMEOUT", "-0.5"),
        ("LANGFLOW_SHUTDOWN_GRACE", "inf"),
        ("LANGFLOW_MODEL_TIMEOUT", "1e999"),
        ("LANGFLOW_ALLOWED_HOSTS", "example.com, http://example.com/"),
        ("LANGFLOW_ALLOWED_HOSTS", "example.com:7860"),
        ("LANGFLOW_CORS_ORIGINS", "example.com"),
        ("LANGFLOW_CORS_ORIGINS", "https://example.com/page"),
        ("LANGFLOW_AUTO_LOGIN", "perhaps"),
        ("LANGFLOW_LOG_LEVEL", "loud"),
        ("LANGFLOW_SHUTDOWN_GRACE", "soon"),
        ("LANGFLOW_MAX_BODY_SIZE", "0"),
        ("LANGFLOW_WORKER_THREADS", "-1"),
        ("LANGFLOW_DATABASE_URL", "postgresql://db/langflow"),
    ],
)
def test_bad_values_are_refused_by_the_name_of_the_variable(variable: str, text: str):
    with pytest.raises(SettingsError, match=variable):
        Settings.load(environ={variable: text})


@pytest.mark.parametrize("host", ["*", "example.com", "my-box", "192.0.2.1", "::1", "[::1]", "döner.example"])
def test_every_name_of_a_host_is_accepted(host: str):
    assert Settings.load(environ={"LANGFLOW_ALLOWED_HOSTS": host}).allowed_hosts


def test_a_blank_variable_is_not_set():
    blank = {info.env: " " for info in Settings.describe() if info.default not in ("true", "false")}
    assert Settings.load(environ=blank) == Settings.load(environ={})


def test_a_missing_env_file_is_named(elsewhere: Path):
    with pytest.raises(SettingsError, match=r"none\.env"):
        Settings.load(environ={}, env_file=elsewhere / "none.env")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////srv/langflow.db", "/srv/langflow.db"),
        ("sqlite:///./langflow.db", "langflow.db"),
        ("sqlite+aiosqlite:////srv/lang%20flow.db?x=1", "/srv/lang flow.db"),
    ],
)
def test_database_urls_of_langflow_name_the_file(url: str, path: str):
    assert Settings.load(environ={"LANGFLOW_DATABASE_URL": url}).database_path == Path(path)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("127.example.com", False),
    ],
)
def test_only_addresses_of_this_machine_are_loopback(host: str, loopback: bool):
    assert Settings(host=host, environ={}).is_loopback is loopback


def test_what_has_no_meaning_here_is_noted():
    environ = {"LANGFLOW_SUPERUSER": "admin", "LANGFLOW_WORKERS": "4", "LANGFLOW_STORE": "", "UNRELATED": "1"}
    notes = Settings.load(environ=environ).ignored()
    assert [note.split(" is ignored: ")[0] for note in notes] == ["LANGFLOW_SUPERUSER", "LANGFLOW_WORKERS"]


def test_a_misspelt_variable_is_noted_and_the_right_one_named():
    environ = {"LANGFLOW_PROT": "1", "LANGFLOW_ALOWED_HOSTS": "x", "LANGFLOW_LOG_FILE": "x", "LANGFLOW_URL": "x"}
    assert Settings.load(environ=environ).ignored() == [
        "LANGFLOW_ALOWED_HOSTS is no setting; did you mean LANGFLOW_ALLOWED_HOSTS?",
        "LANGFLOW_PROT is no setting; did you mean LANGFLOW_PORT?",
    ]


def test_secrets_are_not_shown(elsewhere: Path):
    shown = repr(Settings.load(environ={"LANGFLOW_SECRET_KEY": "very-secret", "OPENAI_API_KEY": "sk-very-secret"}))
    assert "very-secret" not in shown
