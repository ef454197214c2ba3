"""Requests that fit the documentation, and others, get responses that it documents."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis import BaseSchema, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from engine.tests.serving.soak import scaled


@pytest.fixture(scope="module")
def api(url: str, tmp_path_factory: pytest.TempPathFactory) -> BaseSchema:
    """The real server's OpenAPI document."""
    set_hypothesis_home_dir(tmp_path_factory.mktemp("hypothesis"))
    # More rows than a request may hold are one way to break a schema.
    refused = {"expected-statuses": ["400", "404", "413", "415", "422"]}
    config = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": refused}})
    return schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)


@pytest.mark.parametrize("mode", GenerationMode)
def test_response_to_any_request_is_documented(api: BaseSchema, mode: GenerationMode) -> None:
    """Statuses, types and headers, of requests that fit the document and of those that do not."""
    called = []
    for result in api.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if mode.is_negative and not (operation.body or operation.path_parameters):
            continue  # nothing to get wrong

        @settings(
            max_examples=scaled(20, 200),
            database=None,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case: Any) -> None:
            # A type cannot say everything: there is no 30th of February.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        called.append(operation.label)
        print(operation.label)
        call()
    assert "POST /v1/predict" in called
