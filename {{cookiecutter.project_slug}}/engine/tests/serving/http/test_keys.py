"""With keys, only requests with a key are served; a key can be replaced while the server runs."""

import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from engine.problem.errors import BadInput
from engine.serving import access as module
from engine.serving.access import FILE, KEYS, Keys, keys_of
from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.made import ROW

ONE, OTHER, THIRD = "one-key-of-twenty-and-more", "another-key-of-that-length", "3" * 64


def status(client: TestClient, *headers: str, path: str = "/v1/predict") -> int:
    sent = [(b"authorization", header.encode("latin-1")) for header in headers]
    answer = client.post(path, json=ROW, headers=sent)
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["type"] == "urn:problem:no-key"
    return answer.status_code


@pytest.fixture
def guarded(connect: Connect, predictor: Predictor) -> TestClient:
    return connect(predictor, keys=keys_of({KEYS: f"{ONE} {OTHER}"}))


@pytest.mark.parametrize(
    "header",
    [
        f"Bearer {ONE}",
        f"Bearer {OTHER}",
        f"Bearer  {ONE} ",
        f"bearer {ONE}",
        f"BEARER   {OTHER}",
        f"bEaReR {ONE}",
    ],
)
def test_valid_key_is_admitted(header: str, guarded: TestClient) -> None:
    assert status(guarded, header) == 200


@pytest.mark.parametrize(
    "header",
    [
        [],
        [f"Bearer {THIRD}"],
        [f"Bearer {ONE[:-1]}"],
        [f"Bearer {ONE}x"],
        [f"Bearer {ONE} {OTHER}"],
        ["Bearer "],
        [ONE],
        [f"Basic {ONE}"],
        [f"Bearer{ONE}"],
        [f"Bearers {ONE}"],
        [f" {ONE}"],
        ["bearer"],
        ["Bearer \xff\xfe"],
        [f"Bearer {ONE}", f"Bearer {OTHER}"],
    ],
)
def test_header_without_a_valid_key_gets_401(header: list[str], guarded: TestClient) -> None:
    assert status(guarded, *header) == 401
    assert status(guarded, *header, path="/v1/labels") == 401
    assert status(guarded, *header, path="/v1/nothing") == 401


def test_probes_metrics_and_documentation_need_no_key(guarded: TestClient) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json"):
        assert guarded.get(path).status_code == 200
    document = guarded.get("/openapi.json").json()
    assert document["paths"]["/v1/predict"]["post"]["security"] == [{"key": []}]
    assert "security" not in document["paths"]["/readyz"]["get"]


def test_server_without_keys_serves_everybody(client: TestClient) -> None:
    assert keys_of({}) is None
    assert status(client) == 200
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]


@pytest.mark.parametrize("text", ["", " \n,", "short", f"{ONE} short"])
def test_unusable_keys_are_refused_and_not_shown(text: str, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(text)
    for environment in ({KEYS: text}, {FILE: str(tmp_path / "keys")}, {FILE: str(tmp_path / "no")}):
        with pytest.raises(BadInput) as refused:
            keys_of(environment)
        assert "short " not in str(refused.value)
        assert ONE not in str(refused.value)


def test_changed_file_of_keys_is_reloaded_unless_it_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.0)
    path = tmp_path / "keys"

    def valid() -> list[str]:
        return [key for key in (ONE, OTHER, THIRD) if keys.admit(f"Bearer {key}")]

    def replace(text: str) -> None:
        (tmp_path / "new").write_text(text)
        os.replace(tmp_path / "new", path)

    replace(ONE)
    keys = Keys(THIRD, path)
    assert valid() == [ONE, THIRD]
    replace(f"{ONE}\n{OTHER}\n")
    assert valid() == [ONE, OTHER, THIRD]
    replace(OTHER)
    assert valid() == [OTHER, THIRD]
    for broken in ("", "short"):
        replace(broken)
        assert valid() == [OTHER, THIRD]
    path.unlink()
    assert valid() == [OTHER, THIRD]
    replace(ONE)
    assert valid() == [ONE, THIRD]


def test_every_response_has_security_headers(client: TestClient) -> None:
    for answer in (client.post("/v1/predict", json=ROW), client.get("/docs"), client.get("/no")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    for answer in (client.get("/docs"), client.get("/no")):
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
