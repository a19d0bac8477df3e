"""Files that belong to no flow: names are labels, bytes stay where they are."""

import zipfile
from io import BytesIO
from urllib.parse import quote

import pytest

from tests.http.conftest import calling, running

pytestmark = pytest.mark.anyio

FILES = "/api/v2/files/"
NAMES = [
    "../../../../tmp/pwn.txt", "..", ".", "...", "/etc/passwd", "C:\\windows\\x.txt", "..\\..\\x", "a\0b.txt", "a/b/c.txt",
    "%2e%2e%2fx", "CON", "x" * 3000 + ".txt", "\u202etxt.exe", "a\r\nb.txt", ' " ; filename=x', "*.txt", "~root", "-rf", " ",
    "\U0001f600.txt", ".htaccess", "secret_key", "../secret_key", "langflow_lite.db", "....//....//x", "\\\\host\\share",
]  # fmt: skip


async def upload(client, name="report.csv", content=b"a,b\n"):
    answer = await client.post(FILES, files={"file": (name, content, "text/csv")})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_file_is_stored_listed_read_renamed_and_deleted(client, runtime):
    file = await upload(client)
    assert (file["name"], file["size"]) == ("report", 4)
    assert file["path"] == f"{runtime.user_id}/report.csv"
    assert (await client.get(FILES)).json() == [file]
    answer = await client.get(FILES + file["id"])
    assert answer.content == b"a,b\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="report.csv"'
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert (await client.get(FILES + file["id"], params={"return_content": True})).json() == "a,b\n"
    renamed = (await client.put(FILES + file["id"], params={"name": "other"})).json()
    assert (renamed["name"], renamed["path"]) == ("other", file["path"])
    assert "other.csv" in (await client.get(FILES + file["id"])).headers["content-disposition"]
    assert await runtime.files.read(file["path"]) == b"a,b\n"
    assert (await client.delete(FILES + file["id"])).json() == {"detail": "File other deleted successfully"}
    for request in (client.get, client.delete):
        assert (await request(FILES + file["id"])).status_code == 404
    assert list((runtime.settings.data_dir / "files").iterdir()) == []


async def test_a_taken_name_gets_a_number_before_its_suffix(client):
    assert [(await upload(client))["path"].partition("/")[2] for _ in range(3)] == [
        "report.csv",
        "report (1).csv",
        "report (2).csv",
    ]


async def test_several_files_are_downloaded_as_an_archive_of_which_nothing_stays(client, runtime):
    first, second = await upload(client), await upload(client, content=b"c\n")
    await client.put(FILES + second["id"], params={"name": "report"})
    answer = await client.post(f"{FILES}batch/", json=[first["id"], second["id"].upper(), "unknown"])
    with zipfile.ZipFile(BytesIO(answer.content)) as found:
        assert {name: found.read(name) for name in found.namelist()} == {
            "report.csv": b"a,b\n",
            "report (1).csv": b"c\n",
        }
    assert len(list((runtime.settings.data_dir / "files").iterdir())) == 2
    assert (await client.post(f"{FILES}batch/", json=["unknown"])).status_code == 404


async def test_several_files_are_deleted_at_once(client):
    files = [await upload(client) for _ in range(3)]
    ids = [file["id"] for file in files]
    answer = await client.request("DELETE", f"{FILES}batch/", json=[ids[0], ids[1].upper()])
    assert answer.json() == {"message": "2 files deleted successfully"}
    assert [file["id"] for file in (await client.get(FILES)).json()] == ids[2:]
    assert (await client.delete(FILES)).json() == {"message": "All files deleted successfully"}
    assert (await client.get(FILES)).json() == []


async def test_binary_content_is_not_returned_as_text(client):
    file = await upload(client, content=b"\xff\xfe")
    assert (await client.get(FILES + file["id"], params={"return_content": True})).status_code == 400


async def test_an_upload_over_the_limit_leaves_nothing(make_settings):
    async with running(make_settings(max_file_size_upload=1)) as app, calling(app) as client:
        answer = await client.post(FILES, files={"file": ("big.bin", b"x" * (1024 * 1024 + 1))})
        assert answer.status_code == 413
        assert (await client.get(FILES)).json() == []
        assert list((app.state.runtime.settings.data_dir / "files").iterdir()) == []


@pytest.mark.parametrize("flow_file", [False, True], ids=["of the user", "of a flow"])
async def test_names_with_tricks_write_and_read_nothing_outside(client, runtime, tmp_path, flow_file):
    flow_id = (await client.post("/api/v1/flows/", json={"name": "f"})).json()["id"]
    outside = tmp_path / "outside.txt"
    outside.write_text("untouched")

    def tree():
        files = runtime.settings.data_dir / "files"
        return {
            p: p.stat().st_size
            for p in tmp_path.rglob("*")
            if files not in p.parents and "langflow_lite.db" not in p.name
        }

    before = tree()
    target = f"/api/v1/files/upload/{flow_id}" if flow_file else FILES
    for name in NAMES:
        answer = await client.post(target, files={"file": (name, b"x")})
        assert answer.status_code == 201, (name, answer.text)
        path = answer.json()["file_path" if flow_file else "path"]
        owner, _, label = path.partition("/")
        assert owner == (flow_id if flow_file else runtime.user_id)
        assert label not in ("", ".", "..")
        assert not set(label) & set("/\\\0\r\n")
        for reading in (f"/api/v1/files/download/{flow_id}/{name}", f"/api/v1/files/images/{flow_id}/{name}.png"):
            read = await client.get(quote(reading.encode("utf-8", "replace"), safe="/%"))
            assert read.status_code in (404, 405, 400, 422), (name, read.status_code)
    assert tree() == before
    assert all(len(p.name) == 36 for p in (runtime.settings.data_dir / "files").iterdir())
