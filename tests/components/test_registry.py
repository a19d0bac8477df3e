from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from langflow_lite.components.base import Component, output
from langflow_lite.components.chat import ChatInput, ChatOutput
from langflow_lite.components.inputs import coerce
from langflow_lite.components.loop import LoopComponent
from langflow_lite.components.parsers import ParserComponent
from langflow_lite.components.prompts import PromptComponent
from langflow_lite.components.registry import Registry
from langflow_lite.components.routing import ConditionalRouterComponent
from langflow_lite.errors import SettingsError
from langflow_lite.values import Message, to_json

EXPORTS = msgspec.json.decode((Path(__file__).parent / "exports.json").read_bytes())

SHOUT = '''
from langflow_lite.components.base import Component, output
from langflow_lite.components.inputs import Kind, field
from langflow_lite.values import Message


class Shout(Component):
    """Says it louder."""

    name = "Shout"
    display_name = "Shout"
    category = "voices"
    text: str = field(Kind.TEXT, "Text")

    @output("loud", "Loud")
    async def shout(self) -> Message:
        return Message(text=self.text.upper())
'''


@pytest.mark.parametrize(
    ("type_name", "metadata", "component"),
    [
        ("ChatInput", None, ChatInput),
        ("Prompt", None, PromptComponent),
        ("Prompt Template", None, PromptComponent),
        ("parser", None, ParserComponent),
        ("ParserComponent", None, ParserComponent),
        ("If-Else", None, ConditionalRouterComponent),
        ("ConditionalRouterComponent", None, ConditionalRouterComponent),
        ("Loop", None, LoopComponent),
        ("ext:core:ChatOutput@official", None, ChatOutput),
        ("ext:core:ParserComponent@official", None, ParserComponent),
        ("ext:core:Parser", None, ParserComponent),
        ("ext:core:ConditionalRouter@1", None, ConditionalRouterComponent),
        ("Renamed", {"module": "lfx.components.processing.parser.ParserComponent"}, ParserComponent),
        ("Renamed", {"component_class_name": "LoopComponent"}, LoopComponent),
        ("Renamed", {"module": None, "component_class_name": 7}, None),
        ("Renamed", {}, None),
        ("ext:core:Nothing@official", None, None),
        ("ext:", None, None),
        ("chatinput", None, None),
        ("", None, None),
        ("Component", None, None),
        ("LoopingComponent", None, None),
        ("__class__", None, None),
    ],
)
def test_a_type_is_resolved_by_every_name_that_exports_use(
    registry: Registry, type_name: str, metadata: Any, component: Any
) -> None:
    assert registry.resolve(type_name, metadata) is component


@pytest.mark.parametrize(
    ("class_name", "type_name"),
    [
        ("AstraDBVectorStoreComponent", "AstraDB"),
        ("ChromaVectorStoreComponent", "Chroma"),
        ("FaissVectorStoreComponent", "FAISS"),
        ("YfinanceToolComponent", "YahooFinanceTool"),
        ("OpenAIModelComponent", "OpenAIModel"),
    ],
)
def test_a_bundle_of_later_releases_names_a_component_by_its_class(
    registry: Registry, class_name: str, type_name: str
) -> None:
    component = registry.resolve(type_name)
    assert component is not None
    assert registry.resolve(f"ext:bundle:{class_name}@official") is component


@pytest.mark.parametrize("export", EXPORTS, ids=lambda e: f"{e['type']}-{e['release']}")
def test_nodes_of_real_exports_find_their_component_fields_and_outputs(registry: Registry, export: Any) -> None:
    cls = registry.resolve(export["type"], export.get("metadata"))
    assert cls is not None
    values = {}
    for name, template_field in export["fields"].items():
        key = cls.field_names.get(name)
        if key is None:
            values[name] = template_field["value"]
        elif not cls.inputs[key].kind.edge_only:
            values[key] = template_field["value"]
    component = cls(**values)
    for key, value in values.items():
        spec = cls.inputs.get(key)
        if spec is None:
            assert component.extras[key] == value
        elif not spec.is_list:
            assert getattr(component, key) == coerce(spec.kind, value)
    for name, method, types in export["outputs"]:
        found = cls.find_output(name, method, types)
        assert found is not None
        assert name in (found.name, *found.aliases)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda e: f"{e['type']}-{e['release']}")
def test_no_field_of_a_real_export_is_left_to_chance(registry: Registry, export: Any) -> None:
    """Every exported field is declared, or is one that the component reads from its extras."""
    cls = registry.resolve(export["type"])
    assert cls is not None
    looks = {"background_color", "text_color", "chat_icon"}
    from_extras = {"ChatInput": looks, "ChatOutput": looks, "parser": {"clean_data"}}
    undeclared = set(export["fields"]) - set(cls.field_names) - from_extras.get(export["type"], set())
    assert cls is PromptComponent or not undeclared


def test_the_catalogue_describes_every_component_under_its_category(registry: Registry) -> None:
    catalogue = registry.catalogue()
    assert {name for names in catalogue.values() for name in names} == set(registry.components)
    assert all(catalogue)
    assert set(catalogue["input_output"]) == {"ChatInput", "ChatOutput", "TextInput", "TextOutput", "Webhook"}
    assert msgspec.json.decode(to_json(catalogue)) == catalogue


@pytest.mark.parametrize(
    ("name", "display_name", "output_name", "fields"),
    [
        (
            "ChatInput",
            "Chat Input",
            "Chat Message",
            {
                "code": "code",
                "context_id": "str",
                "files": "file",
                "input_value": "str",
                "sender": "str",
                "sender_name": "str",
                "session_id": "str",
                "should_store_message": "bool",
            },
        ),
        (
            "ChatOutput",
            "Chat Output",
            "Output Message",
            {
                "clean_data": "bool",
                "code": "code",
                "context_id": "str",
                "data_template": "str",
                "input_value": "other",
                "sender": "str",
                "sender_name": "str",
                "session_id": "str",
                "should_store_message": "bool",
            },
        ),
    ],
)
def test_chat_components_are_described_as_the_contract_says(
    registry: Registry, name: str, display_name: str, output_name: str, fields: dict[str, str]
) -> None:
    node = registry.catalogue()["input_output"][name]
    assert (node["display_name"], node["base_classes"]) == (display_name, ["Message"])
    [described] = node["outputs"]
    assert {key: described[key] for key in ("name", "display_name", "types", "method")} == {
        "name": "message",
        "display_name": output_name,
        "types": ["Message"],
        "method": "message_response",
    }
    assert {key: value["type"] for key, value in node["template"].items() if isinstance(value, dict)} == fields
    assert node["description"].endswith(".")


def test_the_catalogue_leaves_hidden_outputs_out(registry: Registry) -> None:
    node = registry.catalogue()["models_and_agents"]["Memory"]
    assert [described["name"] for described in node["outputs"]] == ["messages_text", "dataframe"]
    assert node["base_classes"] == ["Message", "Table"]


def test_every_component_says_what_it_is(registry: Registry) -> None:
    for name, cls in registry.components.items():
        assert cls.__doc__, name
        assert cls.display_name, name
        assert cls.category, name
        assert cls.icon, name
        assert cls.outputs, name
        assert not set(cls.inputs) & {"ctx", "node", "extras", "status", "logs", "stopped"}, name


@pytest.mark.parametrize(
    ("type_name", "metadata", "reason", "says"),
    [
        ("ComposioUnheardOfAPIComponent", None, "external_service", "MCP server"),
        ("GmailAPI", None, "external_service", "MCP server"),
        ("AstraDB", None, "external_service", "Chroma, FAISS or Knowledge"),
        ("AstraDBGraph", None, "needs_package", "Chroma, FAISS or Knowledge"),
        ("SequentialCrewComponent", None, "needs_package", "an Agent"),
        ("CrewAIAgentComponent", None, "needs_package", "an Agent"),
        ("SequentialTaskAgent", None, "needs_package", "an Agent"),
        ("Pinecone", None, "external_service", "Chroma, FAISS or Knowledge"),
        ("ext:pgvector:PGVectorStoreComponent@official", None, "external_service", "Chroma, FAISS or Knowledge"),
        ("QdrantVectorStoreComponent", None, "external_service", "Chroma, FAISS or Knowledge"),
        ("MongoDBAtlasVector", None, "external_service", "Chroma, FAISS or Knowledge"),
        ("Elasticsearch", None, "external_service", "Chroma, FAISS or Knowledge"),
        ("GoogleSearchAPICore", None, "external_service", "Web Search"),
        ("SQLAgent", None, "needs_package", "SQL Database"),
        ("CSVAgent", None, "needs_package", "Read File"),
        ("CustomComponent", None, "user_code_untrusted", "LANGFLOW_COMPONENTS_PATH"),
        ("MyOwn", {"module": "custom_components.my_own"}, "user_code_untrusted", "LANGFLOW_COMPONENTS_PATH"),
        ("MyOwn", None, "unknown_type", "named 'MyOwn'"),
        ("ExampleThing", {"module": 7}, "unknown_type", "named 'ExampleThing'"),
    ],
)
def test_an_unsupported_type_is_explained_with_what_to_do(
    registry: Registry, type_name: str, metadata: Any, reason: str, says: str
) -> None:
    explained = registry.explain(type_name, metadata)
    assert explained.reason == reason
    assert says in explained.suggestion
    assert "LANGFLOW_COMPONENTS_PATH" in explained.suggestion


def test_code_inside_a_node_decides_nothing(registry: Registry) -> None:
    assert registry.resolve("Unknown", {"code": "class ChatInput: ...", "code_hash": "0123456789ab"}) is None


class Echo(Component):
    """Says it again."""

    name = "Echo"
    aliases = ("Parrot",)
    category = "voices"

    @output("text", "Text")
    async def say(self) -> Message:
        return Message(text="again")


def test_a_component_registered_in_code_is_found_and_described() -> None:
    registry = Registry()
    assert "voices" not in registry.catalogue()
    registry.register(Echo)
    assert registry.resolve("Echo") is registry.resolve("Parrot") is Echo
    assert list(registry.catalogue()["voices"]) == ["Echo"]
    assert Registry().resolve("Echo") is None


def test_a_component_without_a_name_cannot_be_registered() -> None:
    class Nameless(Component):
        """Has no name."""

    with pytest.raises(ValueError, match="Nameless has no `name`"):
        Registry().register(Nameless)


@pytest.mark.anyio
async def test_components_of_a_folder_are_found(tmp_path: Path, place: Any) -> None:
    (tmp_path / "shout.py").write_text(SHOUT)
    (tmp_path / "__init__.py").write_text("raise RuntimeError('not a component file')")
    (tmp_path / "notes.txt").write_text("not Python")
    cls = Registry([tmp_path]).resolve("Shout")
    assert cls is not None
    assert (await place(cls(text="hi")).shout()).text == "HI"


def test_a_folder_may_sort_its_components_and_leave_names_out(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    unnamed = SHOUT.replace('    name = "Shout"\n', "").replace('    category = "voices"\n', "")
    (tmp_path / "voices" / "shout.py").write_text(unnamed)
    (tmp_path / "whisper.py").write_text(unnamed.replace("Shout", "Whisper"))
    registry = Registry([tmp_path])
    assert list(registry.catalogue()["voices"]) == ["Shout"]
    assert list(registry.catalogue()["custom_components"]) == ["Whisper"]


def test_a_component_of_a_folder_takes_the_place_of_a_built_in(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SHOUT.replace('name = "Shout"', 'name = "ChatInput"'))
    found = Registry([tmp_path]).resolve("ChatInput")
    assert found is not None
    assert found.__name__ == "Shout"
    assert Registry().resolve("ChatInput") is ChatInput


def test_files_of_one_name_in_two_folders_do_not_meet(tmp_path: Path) -> None:
    for name in ("One", "Two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "json.py").write_text(SHOUT.replace("Shout", name))
    registry = Registry([tmp_path / "One", tmp_path / "Two"])
    assert registry.resolve("One") is not None
    assert registry.resolve("Two") is not None


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("x = 1\n\nraise RuntimeError('no luck')", r"broken\.py, line 3: RuntimeError: no luck"),
        ("x = (\n", r"broken\.py, line 1: SyntaxError"),
        ("import nowhere_to_be_found", r"broken\.py, line 1: ModuleNotFoundError: .*nowhere_to_be_found"),
        ("raise SystemExit(3)", r"broken\.py, line 1: SystemExit"),
        ("x = '\0'", r"broken\.py"),
    ],
)
def test_a_broken_file_stops_the_start_naming_it(tmp_path: Path, source: str, says: str) -> None:
    (tmp_path / "broken.py").write_text(source)
    with pytest.raises(SettingsError, match=f"LANGFLOW_COMPONENTS_PATH: .*{says}"):
        Registry([tmp_path])


def test_two_components_of_one_name_stop_the_start_naming_both_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SHOUT)
    (tmp_path / "b.py").write_text(SHOUT)
    with pytest.raises(SettingsError, match=r"'Shout'.*a\.py.*b\.py"):
        Registry([tmp_path])


def test_a_folder_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no folder .*absent"):
        Registry([tmp_path / "absent"])


@pytest.mark.parametrize(
    ("program", "unwanted"),
    [
        ("from langflow_lite.components import base", "httpx2"),
        ("from langflow_lite.components.registry import Registry; Registry()", "langflow_lite.components.chat"),
        ("from langflow_lite.components.registry import Registry; Registry().components", "regex"),
        ("from langflow_lite.components.registry import Registry; Registry().components", "starlette"),
        ("from langflow_lite.components.registry import Registry; Registry().components", "aiosqlite"),
    ],
)
def test_what_is_slow_to_import_waits_until_it_is_needed(program: str, unwanted: str) -> None:
    program += f"\nimport sys; print({unwanted!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_built_ins_are_loaded_a_module_at_a_time_and_at_once_when_one_is_asked_for() -> None:
    registry = Registry()
    loading = registry.loading()
    next(loading)
    assert registry.resolve("ChatInput") is ChatInput
    assert list(loading) == []


def test_threads_that_ask_a_new_registry_all_find_what_they_ask_for() -> None:
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
from langflow_lite.components.registry import Registry

sys.setswitchinterval(1e-5)
registry = Registry()
names = ["ChatInput", "YouTubeCommentsComponent", "Prompt", "URLComponent"] * 2
with ThreadPoolExecutor(len(names)) as threads:
    print(all(threads.map(registry.resolve, names)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
