"""Archives that come in: folders and flows as ZIP, and what nobody should send."""

import json
import os
import stat
import struct
import zipfile
from io import BytesIO

import pytest

from langflow_lite.errors import InvalidRequest
from langflow_lite.http.archive import MAX_ENTRIES, MAX_ENTRY, unzip_json

pytestmark = pytest.mark.anyio

FLOW = {"name": "zipped", "data": {"nodes": [], "edges": []}}


def archive(*entries, method=zipfile.ZIP_DEFLATED):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, content in entries:
            target.writestr(name, content if isinstance(content, (bytes, str)) else json.dumps(content))
    return buffer.getvalue()


def sparse(size):
    """Content that shrinks, but no more than text does."""
    return b"".join(os.urandom(100) + b" " * 3900 for _ in range(size // 4000))


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def lying(content):
    """An archive whose entry says it is shorter than it is."""
    raw = bytearray(archive(("a.json", content)))
    at = raw.index(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(raw)


BAD = {
    "traversal": archive(("../a.json", FLOW)),
    "traversal with backslashes": archive(("..\\..\\a.json", FLOW)),
    "traversal inside": archive(("x/../../a.json", FLOW)),
    "absolute": archive(("/etc/a.json", FLOW)),
    "drive": archive(("C:/a.json", FLOW)),
    "NUL": archive(("axjson", FLOW)).replace(b"axjson", b"a\0json"),
    "symlink": archive((link("a.json"), "/etc/passwd")),
    "duplicate in other case": archive(("a.json", FLOW), ("A.json", FLOW)),
    "bomb": archive(("a.json", b"[" + b" " * 2_000_000 + b"]")),
    "too large an entry": archive(("a.json", b"x" * (MAX_ENTRY + 1)), method=zipfile.ZIP_STORED),
    "too large in all": archive(*((f"{i}.json", sparse(MAX_ENTRY)) for i in range(5))),
    "too many entries": archive(*((f"{i}.json", "{}") for i in range(MAX_ENTRIES + 1))),
    "lying size": lying(b'{"name": "' + b"xy" * 100 + b'"}'),
    "damaged": archive(("a.json", FLOW))[:-30],
    "damaged content": archive(("a.json", FLOW)).replace(b"zipped", b"ziPPed"),
    "not an archive": b"PK\x03\x04" + b"\0" * 60,
    "not a flow": archive(("a.json", "[1]")),
    "flow without a name": archive(("a.json", {"data": {}})),
}


def tree(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*"))


@pytest.mark.parametrize("target", ["/api/v1/folders/upload/", "/api/v1/flows/upload/"])
@pytest.mark.parametrize("raw", BAD.values(), ids=list(BAD))
async def test_a_harmful_archive_is_refused_whole(client, tmp_path, target, raw):
    if raw == BAD["damaged content"] and b"ziPPed" not in raw:
        raw = archive(("a.json", FLOW), method=zipfile.ZIP_STORED).replace(b"zipped", b"ziPPed")
    before = tree(tmp_path)
    folders = len((await client.get("/api/v1/folders/")).json())
    answer = await client.post(target, files={"file": ("up.zip", raw, "application/zip")})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["loc"][:2] == ["body", "file"]
    assert (await client.get("/api/v1/flows/")).json() == []
    assert len((await client.get("/api/v1/folders/")).json()) == folders
    assert tree(tmp_path) == before


def test_what_is_no_json_is_passed_over_and_directories_are_no_part_of_names():
    entries = archive(("notes.txt", "x"), ("dir/a.json", "{}"), ("__MACOSX/._a.json", "x"), ("._b.json", "x"))
    assert unzip_json(entries) == [("dir/a.json", b"{}")]


def test_a_refusal_names_the_entry():
    with pytest.raises(InvalidRequest, match=r"\.\./a\.json"):
        unzip_json(BAD["traversal"])


async def folder_with_flow(client):
    folder = (await client.post("/api/v1/folders/", json={"name": "Work: one"})).json()
    await client.post("/api/v1/flows/", json={**FLOW, "endpoint_name": "zipped", "folder_id": folder["id"]})
    return folder["id"]


@pytest.mark.parametrize("how", ["multipart", "raw"])
async def test_a_folder_goes_out_as_an_archive_and_comes_back(client, how):
    folder_id = await folder_with_flow(client)
    answer = await client.get(f"/api/v1/folders/download/{folder_id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-zip-compressed"
    assert answer.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(BytesIO(answer.content)) as found:
        (original,) = [json.loads(found.read(name)) for name in found.namelist()]
    await client.delete(f"/api/v1/folders/{folder_id}")
    if how == "raw":
        target = {"content": answer.content, "headers": {"content-type": "application/zip"}}
    else:
        target = {"files": {"file": ("20241230_135006_langflow_flows.zip", answer.content, "application/zip")}}
    back = await client.post("/api/v1/folders/upload/", **target)
    assert back.status_code == 201
    (flow,) = back.json()
    assert (flow["id"], flow["name"], flow["endpoint_name"]) == (original["id"], "zipped", "zipped")
    names = {f["id"]: f["name"] for f in (await client.get("/api/v1/folders/")).json()}
    assert names[flow["folder_id"]] == ("Uploaded flows" if how == "raw" else "20241230_135006_langflow_flows")


async def test_a_folder_comes_as_json_too(client):
    body = {"folder_name": "From JSON", "folder_description": "d", "flows": [FLOW, FLOW]}
    files = {"file": ("x.json", json.dumps(body), "application/json")}
    answer = await client.post("/api/v1/projects/upload/", files=files)
    assert [flow["name"] for flow in answer.json()] == ["zipped", "zipped (1)"]
    folder = (await client.get(f"/api/v1/projects/{answer.json()[0]['folder_id']}")).json()
    assert (folder["name"], folder["description"], len(folder["flows"])) == ("From JSON", "d", 2)


async def test_an_empty_folder_cannot_be_downloaded(client):
    folder = (await client.post("/api/v1/folders/", json={"name": "empty"})).json()
    answer = await client.get(f"/api/v1/folders/download/{folder['id']}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "No flows found in project"})


async def test_flows_come_as_an_archive(client):
    raw = archive(("one.json", FLOW), ("two.json", {"flows": [FLOW, FLOW]}))
    answer = await client.post("/api/v1/flows/upload/", files={"file": ("up.zip", raw, "application/zip")})
    assert answer.status_code == 201
    assert [flow["name"] for flow in answer.json()] == ["zipped", "zipped (1)", "zipped (2)"]


async def test_a_folders_flows_are_paged_newest_first(client):
    folder = (await client.post("/api/v1/folders/", json={"name": "many"})).json()
    for number in range(3):
        await client.post("/api/v1/flows/", json={"name": f"Flow {number}", "folder_id": folder["id"]})
    path = f"/api/v1/projects/{folder['id']}"
    page = (await client.get(path, params={"page": 2, "size": 2})).json()
    assert page["folder"]["id"] == folder["id"]
    assert [flow["name"] for flow in page["flows"]["items"]] == ["Flow 0"]
    assert {key: page["flows"][key] for key in ("total", "page", "size", "pages")} == {
        "total": 3,
        "page": 2,
        "size": 2,
        "pages": 2,
    }
    found = (await client.get(path, params={"search": "flow 1"})).json()
    assert [flow["name"] for flow in found["flows"]] == ["Flow 1"]


async def test_put_says_whether_the_flow_is_new(client):
    path = "/api/v1/flows/3fa85f64-5717-4562-b3fc-2c963f66afa6"
    assert [(await client.put(path, json=FLOW)).status_code for _ in range(2)] == [201, 200]
