"""What the OpenAPI document promises, tried with generated requests."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from langflow_lite.http.openapi import openapi_document
from langflow_lite.http.routes import ENDPOINTS
from tests.serving import Server, running_server

# Streams that never end by themselves, and pages that no schema describes.
DESCRIBED = [e for e in ENDPOINTS if e.path != "/logs-stream" and not e.path.startswith(("/docs", "/openapi.json"))]
document = json.loads(json.dumps(openapi_document(DESCRIBED), default=str))
# With credentials in it, most of the requests would be refused for wrong ones.
del document["security"], document["components"]["securitySchemes"]
schema = schemathesis.openapi.from_dict(
    document, config=schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
)

CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.CHECKS.get_one("status_code_conformance"),
    schemathesis.checks.CHECKS.get_one("content_type_conformance"),
    schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(
        tmp_path_factory.mktemp("conformance") / "data", LANGFLOW_ENABLE_LOG_RETRIEVAL="true"
    ) as server:
        yield server


@schema.parametrize()
@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_documented(case: schemathesis.Case, target: Server) -> None:
    response = case.call(base_url=target.url, timeout=60)
    case.validate_response(response, checks=CHECKS)
