import json
import zipfile
from io import BytesIO
from uuid import UUID, uuid4

import pytest

from langflow_lite.flow import Flow
from langflow_lite.http.flow_import import MAX_EDGES, MAX_NODES

pytestmark = pytest.mark.anyio

FLOWS = "/api/v1/flows/"
SEED_KEYS = {
    "name", "description", "icon", "icon_bg_color", "gradient", "data", "is_component", "updated_at", "webhook",
    "endpoint_name", "tags", "locked", "id", "user_id", "folder_id",
}  # fmt: skip
FULL = {
    "name": "f1",
    "description": "string",
    "icon": "string",
    "icon_bg_color": "#FF0000",
    "gradient": "string",
    "data": {},
    "is_component": False,
    "updated_at": "2024-12-30T15:48:01.519Z",
    "webhook": False,
    "endpoint_name": "f1",
    "tags": ["string"],
    "locked": False,
    "user_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "folder_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
}


async def create(client, **fields):
    answer = await client.post(FLOWS, json={"name": "f", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def upload(content, name="agent.json"):
    return {"file": (name, content if isinstance(content, bytes) else json.dumps(content), "application/json")}


async def test_create_shows_every_documented_key_and_puts_the_caller_and_default_folder_in(client, runtime):
    answer = await client.post(FLOWS, json=FULL)
    assert answer.status_code == 201
    flow = answer.json()
    assert flow.keys() >= SEED_KEYS
    for key in FULL.keys() - {"updated_at", "user_id", "folder_id"}:
        assert flow[key] == FULL[key]
    assert flow["user_id"] == runtime.user_id
    assert flow["folder_id"] == runtime.folders.default.id
    assert flow["updated_at"].endswith("+00:00")
    assert flow["updated_at"] > FULL["updated_at"]
    assert str(UUID(flow["id"])) == flow["id"]
    assert (await client.get(FLOWS + flow["id"])).json() == flow


async def test_defaults_of_a_flow_with_only_a_name(client):
    flow = await create(client)
    assert flow["data"] is None
    assert flow["endpoint_name"] is None
    assert (flow["is_component"], flow["webhook"], flow["locked"], flow["mcp_enabled"]) == (False,) * 4
    assert (flow["access_type"], flow["flow_type"]) == ("PRIVATE", "workflow")


async def test_taken_names_get_numbers(client):
    await client.post(FLOWS, json=FULL)
    second = (await client.post(FLOWS, json=FULL)).json()
    assert (second["name"], second["endpoint_name"]) == ("f1 (1)", "f1-1")


async def test_data_comes_back_as_it_was_sent_unknown_keys_and_numbers_included(client):
    data = '{"nodes": [], "edges": [], "viewport": {"x": 1e2, "zoom": 1.0}, "future": {"é": [1, null, 1e400]}}'
    created = await client.post(FLOWS, content='{"name": "f", "data": ' + data.replace("1e400", "1e300") + "}")
    read = await client.get(FLOWS + created.json()["id"])
    assert data.replace("1e400", "1e300").encode() in read.content


async def test_keys_of_later_releases_survive(client):
    flow = await create(client, mcp_enabled=True, action_name="do_it", last_tested_version="1.13.0")
    assert (flow["mcp_enabled"], flow["action_name"]) == (True, "do_it")
    patched = (await client.patch(FLOWS + flow["id"], json={"action_description": "does it"})).json()
    assert (patched["mcp_enabled"], patched["action_name"], patched["action_description"]) == (
        True,
        "do_it",
        "does it",
    )


async def test_an_exported_id_is_kept_while_it_is_free(client):
    wanted = str(uuid4())
    assert (await create(client, id=wanted))["id"] == wanted
    assert (await create(client, id=wanted))["id"] != wanted
    assert (await create(client, id="not a uuid"))["id"] != "not a uuid"


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        ({"description": "no name"}, ["body", "name"], "missing"),
        ({"name": 5}, ["body", "name"], "string_type"),
        ({"name": ""}, ["body", "name"], "value_error"),
        ({"name": "f", "tags": [1]}, ["body", "tags", 0], "string_type"),
        ({"name": "f", "data": []}, ["body", "data"], "dict_type"),
        ({"name": "f", "data": "x"}, ["body", "data"], "dict_type"),
        ({"name": "f", "endpoint_name": "a/b"}, ["body", "endpoint_name"], "value_error"),
        ({"name": "f", "endpoint_name": ""}, ["body", "endpoint_name"], "value_error"),
        (
            {"name": "f", "data": {"nodes": [{"id": "a"}, {"id": "a"}]}},
            ["body", "data", "nodes", 1, "id"],
            "value_error",
        ),
        ({"name": "f", "data": {"nodes": [{}] * (MAX_NODES + 1)}}, ["body", "data", "nodes"], "too_long"),
        ({"name": "f", "data": {"edges": [0] * (MAX_EDGES + 1)}}, ["body", "data", "edges"], "too_long"),
    ],
    ids=lambda value: (
        None if isinstance(value, dict) else "-".join(map(str, value)) if isinstance(value, list) else value
    ),
)
async def test_what_cannot_be_saved_is_refused_with_its_place(client, body, loc, kind):
    answer = await client.post(FLOWS, json=body)
    assert answer.status_code == 422
    assert [(p["loc"], p["type"]) for p in answer.json()["detail"]] == [(loc, kind)]


@pytest.mark.parametrize("inside", ['"\\ud800"', '"\xff"', "NaN"], ids=["lone surrogate", "not UTF-8", "NaN"])
async def test_data_that_could_never_be_read_again_is_refused(client, inside):
    raw = '{"name": "f", "data": {"x": %s}}' % inside  # noqa: UP031
    answer = await client.post(FLOWS, content=raw.encode("latin-1"))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "json_invalid"


async def test_nodes_without_ids_and_other_oddities_are_accepted(client):
    data = {"nodes": [{}, {"id": None}, 7], "edges": "none"}
    assert (await create(client, data=data))["data"] == data


async def test_unknown_and_malformed_ids(client):
    missing = await client.get(FLOWS + str(uuid4()))
    assert (missing.status_code, missing.json()) == (404, {"detail": "Flow not found"})
    malformed = await client.get(FLOWS + "nonsense")
    assert malformed.status_code == 422
    assert malformed.json()["detail"][0]["loc"] == ["path", "flow_id"]


async def test_list_is_plain_by_default_and_paged_on_request(client):
    folder = (await client.post("/api/v1/folders/", json={"name": "d"})).json()
    ids = [(await create(client, folder_id=folder["id"]))["id"] for _ in range(3)]
    await create(client)
    assert len((await client.get(FLOWS)).json()) == 4
    page = (
        await client.get(FLOWS, params={"get_all": "false", "folder_id": folder["id"], "page": 2, "size": 2})
    ).json()
    assert [flow["id"] for flow in page["items"]] == ids[2:]
    assert {k: page[k] for k in ("total", "page", "size", "pages")} == {"total": 3, "page": 2, "size": 2, "pages": 2}


async def test_list_flags(client, runtime):
    await runtime.flows.create_examples([Flow(id=str(uuid4()), name="example")])
    await create(client, name="plain", data={"nodes": []})
    await create(client, name="component", is_component=True, data={"nodes": []})

    async def names(**params):
        return {flow["name"] for flow in (await client.get(FLOWS, params=params)).json()}

    assert await names() == {"example", "plain", "component"}
    assert await names(remove_example_flows="true") == {"plain", "component"}
    assert await names(components_only="True") == {"component"}
    headers = {f["name"]: f["data"] for f in (await client.get(FLOWS, params={"header_flows": "true"})).json()}
    assert headers == {"example": None, "plain": None, "component": {"nodes": []}}
    assert [f["name"] for f in (await client.get("/api/v1/flows/basic_examples/")).json()] == ["example"]


@pytest.mark.parametrize("query", ["get_all=maybe", "page=0", "size=x", "size=101", "folder_id=nonsense"])
async def test_query_errors_name_the_parameter(client, query):
    answer = await client.get(f"{FLOWS}?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


async def test_patch_changes_only_what_is_sent(client):
    flow = (await client.post(FLOWS, json=FULL)).json()
    changed = (await client.patch(FLOWS + flow["id"], json={"webhook": True, "icon": "Braces"})).json()
    assert {**changed, "updated_at": ""} == {**flow, "webhook": True, "icon": "Braces", "updated_at": ""}
    renamed = (await client.patch(FLOWS + flow["id"], json={"name": "b", "data": {"nodes": []}})).json()
    assert (renamed["name"], renamed["data"], renamed["webhook"]) == ("b", {"nodes": []}, True)
    assert renamed["version"] != flow["version"]


async def test_null_leaves_a_flow_as_it_is_but_takes_its_endpoint_name_away(client):
    flow = (await client.post(FLOWS, json=FULL)).json()
    untouched = {**dict.fromkeys((*FULL, "folder_id")), "endpoint_name": flow["endpoint_name"]}
    changed = (await client.patch(FLOWS + flow["id"], json=untouched)).json()
    assert {**changed, "updated_at": ""} == {**flow, "updated_at": ""}
    nameless = (await client.patch(FLOWS + flow["id"], json={"endpoint_name": None})).json()
    assert nameless["endpoint_name"] is None


async def test_a_locked_flow_is_423_until_it_is_unlocked(client):
    flow = await create(client, locked=True)
    for method, body in (("PATCH", {"name": "b"}), ("PUT", {"name": "b"})):
        answer = await client.request(method, FLOWS + flow["id"], json=body)
        assert (answer.status_code, answer.json()["detail"][:15]) == (423, "Flow is locked.")
    same_id = upload({"name": "b", "id": flow["id"]})
    assert (await client.post("/api/v1/flows/upload/", files=same_id)).status_code == 423
    assert (await client.patch(FLOWS + flow["id"], json={"locked": False})).status_code == 200
    assert (await client.patch(FLOWS + flow["id"], json={"name": "b"})).json()["name"] == "b"


async def test_patch_refuses_what_is_wrong(client):
    first = await create(client, endpoint_name="one")
    second = await create(client, endpoint_name="two")
    clash = await client.patch(FLOWS + second["id"], json={"endpoint_name": "one"})
    assert (clash.status_code, clash.json()) == (400, {"detail": "Endpoint name must be unique"})
    clash = await client.patch(FLOWS + second["id"], json={"name": first["name"]})
    assert (clash.status_code, clash.json()) == (400, {"detail": "Name must be unique"})
    for body in ({"name": ""}, {"data": []}, {"endpoint_name": "a b"}, {"endpoint_name": ""}):
        assert (await client.patch(FLOWS + first["id"], json=body)).status_code == 422
    no_body = await client.patch(FLOWS + first["id"])
    assert (no_body.status_code, no_body.json()["detail"][0]["loc"]) == (422, ["body"])
    assert (await client.patch(FLOWS + str(uuid4()), json={})).status_code == 404


async def test_put_stores_under_the_id_or_changes_what_it_names(client):
    flow_id = str(uuid4())
    made = (await client.put(FLOWS + flow_id, json={"name": "a", "icon": "i", "data": {}})).json()
    assert (made["id"], made["icon"]) == (flow_id, "i")
    changed = (await client.put(FLOWS + flow_id, json={"name": "b", "data": {"nodes": []}})).json()
    assert {**changed, "updated_at": "", "version": ""} == {
        **made,
        "name": "b",
        "data": {"nodes": []},
        "updated_at": "",
        "version": "",
    }
    assert (await client.put(FLOWS + flow_id, json={"icon": "i"})).status_code == 422


async def test_batch_stores_all_or_none(client):
    answer = await client.post(
        "/api/v1/flows/batch/", json={"flows": [{"name": "a", "endpoint_name": "a"}, {"name": "b"}]}
    )
    assert answer.status_code == 201
    assert [flow["name"] for flow in answer.json()] == ["a", "b"]
    refused = await client.post("/api/v1/flows/batch/", json={"flows": [{"name": "c"}, {"name": "d", "data": 1}]})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "flows", 1, "data"]
    assert len((await client.get(FLOWS)).json()) == 2


@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: [f], lambda f: {"flows": [f]}], ids=["one", "list", "flows"])
async def test_upload_takes_each_form_of_export(client, wrap):
    folder = (await client.post("/api/v1/folders/", json={"name": "d"})).json()
    flow = {"name": "fu1", "description": "", "data": {"nodes": [], "edges": []}}
    answer = await client.post(f"/api/v1/flows/upload/?folder_id={folder['id']}", files=upload(wrap(flow)))
    assert answer.status_code == 201
    (stored,) = answer.json()
    assert (stored["name"], stored["description"], stored["icon"], stored["folder_id"]) == (
        "fu1",
        "",
        None,
        folder["id"],
    )


async def test_upload_accepts_a_byte_order_mark(client):
    answer = await client.post("/api/v1/flows/upload/", files=upload(b'\xef\xbb\xbf{"name": "bom"}'))
    assert answer.status_code == 201


async def test_upload_of_a_flow_that_is_here_changes_it_in_place(client):
    flow = await create(client, name="old", endpoint_name="here", icon="Braces")
    fresh = {"name": "new", "id": str(uuid4())}
    sent = {"flows": [{"name": "renamed", "id": flow["id"]}, fresh]}
    changed, added = (await client.post("/api/v1/flows/upload/", files=upload(sent))).json()
    assert {**changed, "updated_at": ""} == {**flow, "name": "renamed", "updated_at": ""}
    assert added["id"] == fresh["id"]
    assert len((await client.get(FLOWS)).json()) == 2


async def test_upload_can_be_repeated_where_another_flow_has_the_name(client):
    await create(client, name="mine", endpoint_name="here")
    sent = {"name": "mine", "endpoint_name": "here", "id": str(uuid4()), "description": ""}
    for description in ("first", "second"):
        answer = await client.post("/api/v1/flows/upload/", files=upload({**sent, "description": description}))
        assert answer.status_code == 201
        [stored] = answer.json()
        assert stored["id"] == sent["id"]
        assert (stored["name"], stored["endpoint_name"]) == ("mine (1)", "here-1")
        assert stored["description"] == description


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{bad", 400),
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"PK\x03\x04zip", 422),
        (b"[1]", 422),
        (b'{"flows": 1}', 422),
    ],
)
async def test_upload_of_something_else_is_refused(client, content, status):
    assert (await client.post("/api/v1/flows/upload/", files=upload(content))).status_code == status


async def test_upload_without_a_file_is_refused(client):
    for options in ({"data": {"file": "text"}}, {"json": {}}, {"files": {"other": b"x"}}):
        answer = await client.post("/api/v1/flows/upload/", **options)
        assert (answer.status_code, answer.json()["detail"][:16]) == (400, "No file provided")


@pytest.mark.parametrize("count", [1, 2])
async def test_download_is_a_zip_with_one_json_per_flow_ready_to_be_uploaded(client, count):
    flows = [await create(client, name=f"f\u202eb/{i}", data={"nodes": []}) for i in range(count)]
    answer = await client.post("/api/v1/flows/download/", json=[flow["id"] for flow in flows])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-zip-compressed"
    assert answer.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"f_b_{i}.json" for i in range(count)]
        exported = json.loads(archive.read("f_b_0.json"))
    assert exported["id"] == flows[0]["id"]
    assert exported["data"] == {"nodes": []}
    assert not exported.keys() & {"user_id", "folder_id", "updated_at"}
    assert (await client.post("/api/v1/flows/upload/", files=upload(exported))).status_code == 201


async def test_download_nulls_passwords_but_keeps_the_names_of_variables(client):
    template = {
        "api_key": {"password": True, "value": "canary", "load_from_db": False},
        "named": {"password": True, "value": "OPENAI_API_KEY", "load_from_db": True},
        "model": {"password": False, "value": "gpt"},
    }
    flow = await create(client, data={"nodes": [{"id": "n", "data": {"node": {"template": template}}}]})
    answer = await client.post("/api/v1/flows/download/", json=[flow["id"]])
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        exported = json.loads(archive.read("f.json"))["data"]["nodes"][0]["data"]["node"]["template"]
    assert [exported[key]["value"] for key in template] == [None, "OPENAI_API_KEY", "gpt"]


async def test_every_saved_version_can_be_read(client):
    first = await create(client, data={"nodes": [], "edges": [], "mine": 1})
    second = (await client.patch(FLOWS + first["id"], json={"data": {"nodes": [], "edges": []}})).json()
    for flow in (first, second):
        answer = await client.get(f"{FLOWS}{flow['id']}/versions/{flow['version']}")
        assert answer.json() == {"flow_id": flow["id"], "version": flow["version"], "data": flow["data"]}
    assert (await client.get(f"{FLOWS}{first['id']}/versions/other")).status_code == 404
    assert (await client.get(f"{FLOWS}{uuid4()}/versions/{first['version']}")).status_code == 404


async def test_download_of_nothing_is_404(client):
    assert (await client.post("/api/v1/flows/download/", json=[str(uuid4())])).status_code == 404


async def test_delete_works_once_and_takes_the_files_along(client, runtime):
    flow = await create(client)
    await client.post(f"/api/v1/files/upload/{flow['id']}", files={"file": ("a.txt", b"x")})
    assert len(list((runtime.settings.data_dir / "files").iterdir())) == 1
    first = await client.delete(FLOWS + flow["id"])
    assert (first.status_code, first.json()) == (200, {"message": "Flow deleted successfully"})
    second = await client.delete(FLOWS + flow["id"])
    assert (second.status_code, second.json()) == (404, {"detail": "Flow not found"})
    assert list((runtime.settings.data_dir / "files").iterdir()) == []


async def test_delete_several_passes_over_unknown_ids(client):
    flows = [await create(client) for _ in range(3)]
    ids = [flows[0]["id"], flows[1]["id"], str(uuid4())]
    answer = await client.request("DELETE", FLOWS, json=ids)
    assert (answer.status_code, answer.json()) == (200, {"deleted": 2})
    assert [flow["id"] for flow in (await client.get(FLOWS)).json()] == [flows[2]["id"]]
