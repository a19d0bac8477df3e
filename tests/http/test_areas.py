"""Folders, API keys, variables, files, messages, base: the documented answers."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from langflow_lite.http.pages import PAGES
from langflow_lite.http.routes import PUBLIC
from langflow_lite.values import Message

pytestmark = pytest.mark.anyio


async def new_flow(client, **fields):
    return (await client.post("/api/v1/flows/", json={"name": "f", **fields})).json()


class TestFolders:
    @pytest.mark.parametrize("base", ["/api/v1/folders/", "/api/v1/projects/"])
    async def test_life_of_a_folder(self, client, base):
        made = await client.post(
            base, json={"name": "d", "description": "string", "components_list": [], "flows_list": []}
        )
        assert made.status_code == 201
        folder = made.json()
        assert {k: folder[k] for k in ("name", "description", "parent_id")} == {
            "name": "d",
            "description": "string",
            "parent_id": None,
        }
        again = (await client.post(base, json={"name": "d"})).json()
        assert again["name"] == "d (1)"
        changed = await client.patch(base + folder["id"], json={"description": "changed"})
        assert changed.json() == {**folder, "description": "changed"}
        clash = await client.patch(base + folder["id"], json={"name": "d (1)"})
        assert clash.status_code == 409
        removed = await client.delete(base + folder["id"])
        assert (removed.status_code, removed.content) == (204, b"")
        gone = await client.delete(base + folder["id"])
        assert (gone.status_code, gone.json()) == (404, {"detail": "Project not found"})

    async def test_the_default_folder_comes_first(self, client):
        await client.post("/api/v1/folders/", json={"name": "a"})
        first = (await client.get("/api/v1/folders/")).json()[0]
        assert (first["name"], first["description"], first["parent_id"]) == (
            "My Projects",
            "Manage your own projects. Download and upload folders.",
            None,
        )

    async def test_flows_move_in_on_creation_and_on_update(self, client):
        flow, component = await new_flow(client), await new_flow(client, is_component=True)
        made = (await client.post("/api/v1/folders/", json={"name": "a", "flows_list": [flow["id"]]})).json()
        read = (await client.get("/api/v1/folders/" + made["id"])).json()
        assert (read["id"], [f["id"] for f in read["flows"]]) == (made["id"], [flow["id"]])
        other = (await client.post("/api/v1/folders/", json={"name": "b"})).json()
        move = {"name": "b", "flows": [flow["id"]], "components": [component["id"]]}
        assert (await client.patch("/api/v1/folders/" + other["id"], json=move)).status_code == 200
        for moved in (flow, component):
            assert (await client.get("/api/v1/flows/" + moved["id"])).json()["folder_id"] == other["id"]

    @pytest.mark.parametrize("spelled", [str.upper, lambda id_: id_.replace("-", "")])
    async def test_ids_are_understood_in_any_spelling(self, client, spelled):
        folder = (await client.post("/api/v1/folders/", json={"name": "a"})).json()["id"]
        flow = await new_flow(client, folder_id=spelled(folder))
        assert flow["folder_id"] == folder
        other = await client.post("/api/v1/folders/", json={"name": "b", "flows_list": [spelled(flow["id"])]})
        assert (await client.get("/api/v1/flows/" + flow["id"])).json()["folder_id"] == other.json()["id"]
        moved = await client.patch("/api/v1/flows/" + flow["id"], json={"folder_id": spelled(folder)})
        assert moved.json()["folder_id"] == folder
        inside = {"parent_id": spelled(folder), "flows": [spelled(flow["id"])]}
        changed = await client.patch("/api/v1/folders/" + other.json()["id"], json=inside)
        assert changed.json()["parent_id"] == folder
        assert (await client.get("/api/v1/flows/" + flow["id"])).json()["folder_id"] == other.json()["id"]

    async def test_a_page_of_a_folder_has_what_changed_last_first(self, client):
        folder = (await client.post("/api/v1/folders/", json={"name": "a"})).json()
        flows = [await new_flow(client, name=name, folder_id=folder["id"]) for name in "xyz"]
        await client.patch("/api/v1/flows/" + flows[1]["id"], json={"description": "changed"})
        pages = [
            (await client.get("/api/v1/folders/" + folder["id"], params={"page": page, "size": 2})).json()
            for page in (1, 2)
        ]
        assert [[flow["name"] for flow in page["flows"]["items"]] for page in pages] == [["y", "z"], ["x"]]
        assert (pages[0]["flows"]["total"], pages[0]["flows"]["pages"]) == (3, 2)

    async def test_refusals(self, client):
        folder = (await client.post("/api/v1/folders/", json={"name": "a"})).json()
        unknown_parent = await client.patch("/api/v1/folders/" + folder["id"], json={"parent_id": str(uuid4())})
        assert unknown_parent.status_code == 404
        own_parent = await client.patch("/api/v1/folders/" + folder["id"], json={"parent_id": folder["id"]})
        assert own_parent.status_code == 422
        assert (await client.get("/api/v1/folders/nonsense")).status_code == 422
        assert (await client.get(f"/api/v1/folders/{uuid4()}")).status_code == 404


class TestApiKeys:
    async def test_life_of_a_key(self, client, runtime):
        made = await client.post("/api/v1/api_key/", json={"name": "k"})
        assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
        key = made.json()
        assert {k: key[k] for k in ("name", "last_used_at", "total_uses", "is_active", "expires_at", "user_id")} == {
            "name": "k",
            "last_used_at": None,
            "total_uses": 0,
            "is_active": True,
            "expires_at": None,
            "user_id": runtime.user_id,
        }
        assert re.fullmatch(r"sk-[\w-]{43}", key["api_key"])
        used = await client.get("/api/v1/version", headers={"x-api-key": key["api_key"]})
        assert used.status_code == 200
        listed = (await client.get("/api/v1/api_key/")).json()
        assert listed["total_count"] == 1
        assert listed["api_keys"][0]["total_uses"] == 1
        assert key["api_key"] not in str(listed)
        removed = await client.delete("/api/v1/api_key/" + key["id"])
        assert (removed.status_code, removed.json()) == (200, {"detail": "API Key deleted"})
        again = await client.delete("/api/v1/api_key/" + key["id"])
        assert (again.status_code, again.json()) == (400, {"detail": "API Key not found"})
        assert (await client.get("/health", headers={"x-api-key": key["api_key"]})).status_code == 403

    async def test_expiry(self, client):
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        assert (await client.post("/api/v1/api_key/", json={"expires_at": soon})).json()["expires_at"] == soon
        past = await client.post("/api/v1/api_key/", json={"expires_at": "2020-01-01T00:00:00"})
        assert (past.status_code, past.json()["detail"][0]["loc"]) == (422, ["body", "expires_at"])


class TestVariables:
    async def test_life_of_a_credential_which_never_shows_its_value(self, client):
        sent = {"name": "MY_V", "value": "canary", "type": "Credential", "default_fields": ["api_key"]}
        made = await client.post("/api/v1/variables/", json=sent)
        assert made.status_code == 201
        variable = made.json()
        assert variable == {
            "id": variable["id"],
            "name": "MY_V",
            "type": "Credential",
            "value": None,
            "has_value": True,
            "default_fields": ["api_key"],
            "is_owner": True,
            "can_manage_shares": True,
            "validation_error": None,
            "is_valid": None,
        }
        path = "/api/v1/variables/" + variable["id"]
        changed = await client.patch(path, json={"id": variable["id"], "name": "MY_V2", "value": "canary2"})
        assert (changed.status_code, changed.json()) == (200, {**variable, "name": "MY_V2"})
        listed = await client.get("/api/v1/variables/")
        assert listed.json() == [{**variable, "name": "MY_V2"}]
        assert "canary" not in made.text + changed.text + listed.text
        removed = await client.delete(path)
        assert (removed.status_code, removed.content) == (204, b"")
        assert (await client.delete(path)).status_code == 404

    async def test_generic_values_are_shown(self, client):
        sent = {"name": "G", "value": "seen", "type": "Generic"}
        assert (await client.post("/api/v1/variables/", json=sent)).json()["value"] == "seen"
        assert (await client.get("/api/v1/variables/")).json()[0]["value"] == "seen"

    async def test_refusals(self, client):
        one = (await client.post("/api/v1/variables/", json={"name": "A", "value": "v"})).json()
        assert (await client.post("/api/v1/variables/", json={"name": "A", "value": "v"})).status_code == 400
        assert (await client.post("/api/v1/variables/", json={"name": "B", "value": ""})).status_code == 422
        nothing = await client.post("/api/v1/variables/", json={})
        assert [p["loc"] for p in nothing.json()["detail"]] == [["body", "name"], ["body", "value"]]
        wrong_type = await client.post("/api/v1/variables/", json={"name": "B", "value": "v", "type": "Other"})
        assert (wrong_type.status_code, wrong_type.json()["detail"][0]["loc"]) == (422, ["body", "type"])
        other_id = await client.patch("/api/v1/variables/" + one["id"], json={"id": str(uuid4())})
        assert other_id.status_code == 422

    async def test_what_is_null_stays_as_it_is(self, client):
        sent = {"name": "G", "value": "seen", "type": "Generic"}
        kept = (await client.post("/api/v1/variables/", json=sent)).json()
        nothing = {"id": kept["id"].upper(), "name": None, "value": None, "type": None, "default_fields": None}
        assert (await client.patch(f"/api/v1/variables/{kept['id']}", json=nothing)).json() == kept


class TestFiles:
    CSV = b"film,year\nMarty,1955\n"

    async def test_life_of_a_file(self, client):
        flow_id = (await new_flow(client))["id"]
        answer = await client.post(
            f"/api/v1/files/upload/{flow_id}", files={"file": ("the_oscar_award.csv", self.CSV, "text/csv")}
        )
        assert answer.status_code == 201
        stored = answer.json()
        assert stored["flowId"] == flow_id
        pattern = flow_id + r"/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_the_oscar_award\.csv"
        assert re.fullmatch(pattern, stored["file_path"])
        name = stored["file_path"].split("/")[1]
        assert (await client.get(f"/api/v1/files/list/{flow_id}")).json() == {"files": [name]}
        download = await client.get(f"/api/v1/files/download/{flow_id}/{name}")
        assert (download.content, download.headers["content-type"]) == (self.CSV, "application/octet-stream")
        assert download.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in download.headers["content-security-policy"]
        removed = await client.delete(f"/api/v1/files/delete/{flow_id}/{name}")
        assert removed.json() == {"message": f"File {name} deleted successfully"}
        assert (await client.get(f"/api/v1/files/download/{flow_id}/{name}")).status_code == 404
        assert (await client.delete(f"/api/v1/files/delete/{flow_id}/{name}")).json() == removed.json()
        assert (await client.delete(f"/api/v1/files/delete/{uuid4()}/{name}")).status_code == 404

    async def test_images_have_the_type_of_their_name_and_stay_contained(self, client):
        flow_id = (await new_flow(client))["id"]
        for filename, media_type in (("a.png", "image/png"), ("a.svg", "image/svg+xml")):
            sent = {"file": (filename, b"<svg onload=alert(1)>", "text/html")}
            path = (await client.post(f"/api/v1/files/upload/{flow_id}", files=sent)).json()["file_path"]
            answer = await client.get(f"/api/v1/files/images/{path}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
            assert answer.headers["content-disposition"].startswith("attachment")
            assert "sandbox" in answer.headers["content-security-policy"]
        html = {"file": ("a.html", b"<script>", "image/png")}
        path = (await client.post(f"/api/v1/files/upload/{flow_id}", files=html)).json()["file_path"]
        assert (await client.get(f"/api/v1/files/images/{path}")).status_code == 400

    @pytest.mark.parametrize("name", ["../../../../pwn", "..\\..\\pwn", "/etc/passwd", "..", ".", "\x00x", "a\r\nb"])
    async def test_names_are_labels(self, client, runtime, name):
        flow_id = (await new_flow(client))["id"]
        before = {path for path in runtime.settings.data_dir.rglob("*") if path.is_dir()}
        quoted = name.encode("latin-1", "replace")
        body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\nx\r\n--b--\r\n' % quoted
        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = await client.post(f"/api/v1/files/upload/{flow_id}", content=body, headers=headers)
        if answer.status_code != 201:
            assert answer.status_code in (400, 422)
            return
        assert answer.json()["file_path"].count("/") == 1
        assert {path for path in runtime.settings.data_dir.rglob("*") if path.is_dir()} == before
        assert (await client.get(f"/api/v1/files/download/{answer.json()['file_path']}")).content == b"x"

    @pytest.mark.parametrize("name", ["..%2f..%2fsecret_key", "%2e%2e", "..%5csecret_key", "secret_key", "%00"])
    async def test_paths_lead_nowhere(self, client, name):
        flow_id = (await new_flow(client))["id"]
        assert (await client.get(f"/api/v1/files/download/{flow_id}/{name}")).status_code == 404

    async def test_unknown_flows_and_missing_files(self, client):
        flow_id = (await new_flow(client))["id"]
        sent = {"file": ("a", b"x")}
        assert (await client.post(f"/api/v1/files/upload/{uuid4()}", files=sent)).status_code == 404
        assert (await client.post("/api/v1/files/upload/nonsense", files=sent)).status_code == 422
        assert (await client.post(f"/api/v1/files/upload/{flow_id}", json={})).status_code == 422
        assert (await client.get(f"/api/v1/files/list/{uuid4()}")).status_code == 404


class TestMessages:
    async def test_list_filters_order_and_shape(self, client, runtime):
        flow_id = str(uuid4())
        start = datetime(2024, 12, 23, 19, 20, 11, tzinfo=UTC)
        for number, (session, sender, text) in enumerate(
            [("s1", "User", "one"), ("s1", "Machine", "one"), ("s2", "User", "two")]
        ):
            name = "AI" if sender == "Machine" else "User"
            message = Message(
                text=text,
                sender=sender,
                sender_name=name,
                session_id=session,
                flow_id=flow_id,
                timestamp=start + timedelta(seconds=number),
            )
            await runtime.messages.store(message).wait()
        path = "/api/v1/monitor/messages"
        everything = (await client.get(path)).json()
        assert [(m["session_id"], m["sender"], m["text"]) for m in everything] == [
            ("s1", "User", "one"),
            ("s1", "Machine", "one"),
            ("s2", "User", "two"),
        ]
        first = everything[0]
        assert first["files"] == "[]"
        assert (first["edit"], first["category"], first["content_blocks"]) == (False, "message", [])
        assert re.fullmatch(r"2024-12-23 19:20:11(\.\d+)? UTC", first["timestamp"])
        assert first["properties"]["source"] == {"id": None, "display_name": None, "source": None}

        async def texts(**query):
            return [m["sender"] + m["text"] for m in (await client.get(path, params=query)).json()]

        assert await texts(session_id="s1", sender="Machine", sender_name="AI", order_by="timestamp") == ["Machineone"]
        assert await texts(flow_id=flow_id, order="DESC", limit=2) == ["Usertwo", "Machineone"]
        assert await texts(flow_id=flow_id, limit=2) == ["Machineone", "Usertwo"]
        assert len(await texts(flow_id=flow_id, limit=0)) == 3
        assert await texts(flow_id=str(uuid4())) == []

    @pytest.mark.parametrize("query", ["order_by=text;drop", "order_by=rowid", "order=up"])
    async def test_orders_come_from_a_list(self, client, query):
        answer = await client.get(f"/api/v1/monitor/messages?{query}")
        assert (answer.status_code, answer.json()["detail"][:8]) == (400, "Invalid ")

    @pytest.mark.parametrize(
        "path",
        [
            "messages?limit=-1",
            "messages?flow_id=nonsense",
            "messages/sessions?flow_id=nonsense",
            "builds?flow_id=nonsense",
            "builds",
            "transactions?flow_id=nonsense",
            f"transactions?flow_id={UUID(int=1)}&size=101",
            f"transactions?flow_id={UUID(int=1)}&page=0",
        ],
    )
    async def test_what_cannot_be_asked_is_422_and_names_the_parameter(self, client, path):
        answer = await client.get(f"/api/v1/monitor/{path}")
        assert (answer.status_code, answer.json()["detail"][0]["loc"][0]) == (422, "query")


class TestBase:
    async def test_version_health_config_and_components(self, client):
        assert (await client.get("/health")).json() == {"status": "ok"}
        assert (await client.get("/health_check")).json() == {"status": "ok", "chat": "ok", "db": "ok"}
        version = (await client.get("/api/v1/version")).json()
        assert version["package"] == "Langflow"
        assert version["version"] == version["main_version"]
        config = (await client.get("/api/v1/config")).json()
        seed = {
            "feature_flags": {"mvp_components": False},
            "frontend_timeout": 0,
            "auto_saving": True,
            "auto_saving_interval": 1000,
            "health_check_max_retries": 5,
            "max_file_size_upload": 100,
        }
        assert {key: config[key] for key in seed} == seed
        categories = (await client.get("/api/v1/all")).json()
        assert any("ChatInput" in components for components in categories.values())

    async def test_a_database_that_cannot_be_read_is_503(self, client, runtime):
        await runtime.database.writer.commit(lambda c: c.execute("DROP TABLE messages"))
        answer = await client.get("/health_check")
        assert (answer.status_code, answer.json()["db"]) == (503, "STORAGE_FAILED")

    async def test_the_public_paths_are_few(self):
        pages = {endpoint.path for endpoint in PAGES}
        assert {path for path in pages if path.count("/") == 1} == {"/", "/docs"}
        assert set(PUBLIC) - pages == {
            "/api/v1/auto_login",
            "/api/v1/login",
            "/api/v1/logout",
            "/api/v1/refresh",
            "/api/v1/session",
            "/health",
            "/health_check",
            "/api/v1/version",
            "/openapi.json",
        }
