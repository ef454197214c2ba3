"""The documentation shows the contract, and needs no network."""

import re
from typing import Any

from pydantic import TypeAdapter
from starlette.testclient import TestClient

from engine.serving.http.schema import Limits, schema_of
from engine.serving.model.predictor import Predictor
from engine.tests.serving.made import COLUMNS, ROW


def document(client: TestClient) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/openapi.json").json()
    return content


def test_every_input_is_documented_with_range_and_example(client: TestClient) -> None:
    row = document(client)["components"]["schemas"]["Row"]
    assert list(row["properties"]) == [column.name for column in COLUMNS]
    radius = row["properties"]["mean radius (mm)"]
    assert (radius["minimum"], radius["maximum"], radius["examples"]) == (0, 50, [12.5])
    assert radius["description"] == "size. A number from 0 to 50."
    assert row["properties"]["service"]["enum"] == ["slow", "fast"]
    assert "days" not in row["required"]
    assert "items" in row["required"]
    assert row["additionalProperties"] is False


def test_every_reference_resolves_and_every_problem_is_documented(client: TestClient) -> None:
    content = document(client)
    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(content)))
    assert references == set(content["components"]["schemas"])
    statuses = {
        path: set(verbs.popitem()[1]["responses"]) for path, verbs in content["paths"].items()
    }
    body = {"200", "400", "401", "403", "408", "413", "415", "422", "500", "503"}
    expected = {
        "/v1/predict": body,
        "/v1/labels": body,
        "/livez": {"200"},
        "/readyz": {"200", "503"},
        "/health": {"200", "503"},
        "/metrics": {"200"},
        "/v2/models/{name}/infer": body | {"404"},
        "/invocations": body,
        "/ping": {"200", "503"},
    }
    assert statuses.items() >= expected.items()


def test_responses_fit_their_documented_types(client: TestClient, predictor: Predictor) -> None:
    adapters = schema_of(predictor.bundle.contract, Limits()).adapters
    answer: TypeAdapter[Any] = adapters["Answer"]
    answer.validate_python(client.post("/v1/predict", json=ROW).json())
    adapters["Answers"].validate_python(client.post("/v1/predict", json={"rows": [ROW]}).json())


def test_documentation_page_loads_from_this_server_only(client: TestClient) -> None:
    page = client.get("/docs").text
    assert not re.findall(r"""["'(]\s*(?:https?:)?//""", page)
    loaded = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(loaded) == 3
    for asset in loaded:
        assert client.get(asset).status_code == 200
    # What a style sheet or script would fetch by itself.
    style = client.get(loaded[0]).text
    assert not re.findall(r"@import|url\(\s*['\"]?(?:https?:)?//", style)
