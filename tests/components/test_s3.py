from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from langflow_lite.components.fetching import FetchFailed
from langflow_lite.components.files import FileComponent
from langflow_lite.components.s3 import signature
from langflow_lite.components.save_file import SaveToFileComponent
from langflow_lite.values import Message, Table
from tests.services_standin import Answer, Seen, WebStandin

pytestmark = pytest.mark.anyio

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret", "bucket_name": "books"}
ON_S3 = {"storage_location": [{"name": "AWS"}], **KEYS}


def test_requests_are_signed_as_in_awss_own_example():
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-amz-date": "20130524T000000Z",
    }
    moment = datetime(2013, 5, 24, tzinfo=UTC)
    made = signature("GET", "/test.txt", headers, moment, "us-east-1", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert made == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


@pytest.fixture
def stored(web: WebStandin, ctx: Any) -> dict[str, bytes]:
    """What the bucket holds, by path."""
    ctx.settings = replace(ctx.settings, service_urls=(f"s3={web.url}",))
    objects: dict[str, bytes] = {}

    def answer(seen: Seen) -> Any:
        assert "Credential=AKIDEXAMPLE/" in seen.headers["authorization"]
        assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date," in seen.headers["authorization"]
        if seen.method == "PUT":
            objects[seen.path] = seen.body
            return Answer(b"", 200, {})
        if seen.path not in objects:
            return Answer(b"<Error><Message>The key does not exist.</Message></Error>", 404, {})
        return Answer(objects[seen.path], 200, {})

    for path in ("/books/notes/a b.txt", "/books/table.csv", "/books/none.txt"):
        web.serve(path, answer)
    return objects


async def test_a_file_is_written_to_a_bucket_and_read_from_it(place: Any, stored: dict[str, bytes]) -> None:
    fields = {"file_name": "a b", "s3_prefix": "/notes/", "aws_format": "txt"}
    told = await place(SaveToFileComponent(input=Message(text="hi"), **ON_S3, **fields)).save_to_file()
    assert told.text == "File successfully uploaded to s3://books/notes/a b.txt"
    assert stored == {"/books/notes/a b.txt": b"hi"}
    component = place(FileComponent(s3_file_key="notes/a b.txt", **ON_S3))
    assert (await component.load_files_message()).text == "hi"
    assert (await component.load_files_data()).data["file_path"] == "s3://books/notes/a b.txt"


async def test_a_table_keeps_its_rows_on_the_way(place: Any, stored: dict[str, bytes]) -> None:
    table = Table([{"a": "1"}])
    await place(SaveToFileComponent(input=table, file_name="table", aws_format="csv", **ON_S3)).save_to_file()
    rows = (await place(FileComponent(s3_file_key="table.csv", **ON_S3)).load_files()).rows
    assert [str(row["a"]) for row in rows] == ["1"]


async def test_what_s3_says_is_told(place: Any, stored: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="status 404: The key does not exist") as told:
        await place(FileComponent(s3_file_key="none.txt", **ON_S3)).load_files_message()
    assert isinstance(told.value.__cause__, FetchFailed)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"bucket_name": "evil.test/x"}, "is no bucket of S3"),
        ({"bucket_name": ""}, "is no bucket of S3"),
        ({"aws_region": "x.evil.test"}, "is no bucket of S3"),
        ({"aws_secret_access_key": ""}, "needs the AWS Access Key ID"),
        ({"append_mode": True}, "cannot be appended to"),
        ({"storage_location": [{"name": "Google Drive"}]}, "Writing to Google Drive is not supported"),
    ],
)
async def test_what_is_no_bucket_is_not_called(place: Any, changes: dict[str, Any], problem: str) -> None:
    fields = {"input": Message(text="x"), "file_name": "a", "aws_format": "txt", **ON_S3, **changes}
    with pytest.raises(ValueError, match=problem):
        await place(SaveToFileComponent(**fields)).save_to_file()
