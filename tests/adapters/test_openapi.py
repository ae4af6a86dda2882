"""The description of the service held against the service by Schemathesis: no failure, nothing that it does not say."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from conftest import new_database
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from service import Service, running

from backorder.adapters.http import openapi
from backorder.adapters.http.table import ROUTES

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# A stream has no end that could be waited for.
schema = schemathesis.openapi.from_dict(json.loads(openapi.document(ROUTES))).exclude(path="/v1/events/stream")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database("sqlite", tmp_path_factory.mktemp("openapi")) as url, running(url) as found:
        yield found


def _ask(case: schemathesis.Case, service: Service, role: str) -> None:
    headers = {"Authorization": f"Bearer {service.tokens[role]}"}
    response = case.call(base_url=f"http://127.0.0.1:{service.port}", headers=headers)
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400 and response.status_code != 431:  # which the server says by itself
        kinds = [["application/problem+json"], *([["text/html; charset=utf-8"]] if case.path.startswith("/s/") else [])]
        assert response.headers["content-type"] in kinds


_FEW = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
_MANY = settings(_FEW, max_examples=400, derandomize=False)


@schema.parametrize()
@_FEW
def test_the_service_is_as_described(case: schemathesis.Case, service: Service) -> None:
    _ask(case, service, "admin")


@pytest.mark.long
@pytest.mark.timeout(7_200)
@schema.parametrize()
@_MANY
def test_the_service_is_as_described_at_length(case: schemathesis.Case, service: Service) -> None:
    _ask(case, service, "admin")


def test_the_written_description_is_the_one_that_is_served() -> None:
    written = Path(__file__).parents[2] / "docs/reference/openapi.json"
    assert json.loads(written.read_text(encoding="utf-8")) == json.loads(openapi.document(ROUTES))
