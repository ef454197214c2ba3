"""Every request passes the gateway: its path, its method, its key, with or without a proxy."""

import json
from collections.abc import Iterator
from itertools import product

import pytest
from starlette.testclient import TestClient

from engine.problem.errors import BadInput
from engine.serving.http.openapi import OPERATE
from engine.tests.serving.http.in_process import KEY, PREFIX, send
from serving.__main__ import main


def test_openapi_documents_no_method_twice(client: TestClient) -> None:
    for path, verbs in client.get("/openapi.json").json()["paths"].items():
        assert set(verbs) in ({"get"}, {"post"}), path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/livez", "GET, HEAD"),
        ("DELETE", "/v2/models/parcels-for-tests", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/docs/static/swagger-ui.css", "GET, HEAD"),
        ("GET", "/v1/predict", "POST"),
        ("HEAD", "/v1/labels", "POST"),
        ("PUT", "/invocations", "POST"),
        ("OPTIONS", "/v1/predict", "POST"),
    ],
)
def test_method_not_served_gets_405_with_those_allowed(
    method: str, path: str, allowed: str, client: TestClient
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_health_equals_readyz_also_while_draining(client: TestClient) -> None:
    assert client.get("/health").json() == client.get("/readyz").json()
    client.app.state.draining = True  # type: ignore[attr-defined]
    for path in ("/health", "/readyz"):
        assert client.get(path).status_code == 503


def test_operate_path_in_any_form_is_not_on_the_public_port(client: TestClient) -> None:
    """A route's pattern matches also before a final line end."""
    assert {send(client, "GET", path)[0] for path in OPERATE} == {200}
    client.app.split_admin(port=1)  # type: ignore[attr-defined]
    for path, root in product(OPERATE, ("", PREFIX)):
        for target in (path, f"{path}%0A", f"{PREFIX}{path}", f"{path}/", f"/{path}"):
            assert send(client, "GET", target, root=root)[0] == 404, target


# What a client may send, and what it gets with and without a key.
PATHS = {
    "/v1/predict": (200, 401),
    "/v1/predict?reasons=1": (200, 401),
    "/%761/predict": (200, 401),
    "/v1%2Fpredict": (200, 401),
    "/v1/predict%3Freasons=1": (404, 401),
    "/v1/predict/": (404, 401),
    "/v1/predict%0A": (404, 401),
    "/v1/../v1/predict": (404, 401),
    "/v1/labels/../predict": (404, 401),
    "/v2/models/parcels-for-tests/infer%0A": (404, 401),
    "/invocations%0A": (404, 401),
    "//v1/predict": (404, 404),
    "/./v1/predict": (404, 404),
    "/docs/../v1/predict": (404, 404),
    "/docs/static/../../v1/predict": (405, 405),
    "/V1/predict": (404, 404),
    "/%25761/predict": (404, 404),
    "*": (404, 404),
}


def test_key_is_needed_however_the_path_is_written(guarded: TestClient) -> None:
    """Without a prefix, and with one that a proxy strips or keeps."""
    bearer = {"Authorization": f"Bearer {KEY}"}
    for path, (with_key, without) in PATHS.items():
        for target, root in ((path, ""), (path, PREFIX), (PREFIX + path, PREFIX)):
            assert send(guarded, "POST", target, root=root)[0] == without, target
            assert send(guarded, "POST", target, bearer, root)[0] == with_key, target


def test_missing_key_below_a_prefix_gets_the_error_of_the_protocol(guarded: TestClient) -> None:
    for target in ("/v2/models/any", f"{PREFIX}/v2/models/any"):
        status, _, body = send(guarded, "GET", target, root=PREFIX)
        assert (status, set(json.loads(body))) == (401, {"error"})


def test_another_prefix_gets_404(guarded: TestClient) -> None:
    bearer = {"Authorization": f"Bearer {KEY}"}
    for target, root in (
        (f"{PREFIX}/v1/predict", ""),
        (f"{PREFIX}{PREFIX}/v1/predict", PREFIX),
        (f"{PREFIX}x/v1/predict", PREFIX),
        (f"/x{PREFIX}/v1/predict", PREFIX),
        ("/parcels/v1/predict", PREFIX),
    ):
        for sent in ({}, bearer):
            assert send(guarded, "POST", target, sent, root)[0] == 404, target


def test_root_path_in_or_before_the_path_gives_the_same(client: TestClient) -> None:
    """A proxy strips the prefix or keeps it: pages, links, errors and metrics are the same."""
    for path in ("/docs", "/openapi.json", "/docs/static/swagger-ui.css", "/v2/no", "/no"):
        stripped = send(client, "GET", path, root=PREFIX)
        assert send(client, "GET", PREFIX + path, root=PREFIX) == stripped
        assert stripped[0] == (404 if path.endswith("no") else 200)
    assert b'{"error":' in send(client, "GET", "/v2/no", root=PREFIX)[2]
    page = send(client, "GET", "/docs", root=PREFIX)[2].decode()
    assert page.count(f'"{PREFIX}/docs/static/') == 3
    assert f"'{PREFIX}/openapi.json'" in page
    document = send(client, "GET", "/openapi.json", root=PREFIX)[2]
    assert b'"servers":[{"url":"' + PREFIX.encode() in document
    assert b'"servers"' not in send(client, "GET", "/openapi.json")[2]
    assert send(client, "POST", "/v1/predict", root=PREFIX)[0] == 200
    assert 'route="/v1/predict",status="200"} 1.0' in client.get("/metrics").text


def own_prefixes(client: TestClient) -> Iterator[str]:
    """Every path with one of the server's own below it."""
    for path in [*client.get("/openapi.json").json()["paths"], "/docs/static/swagger-ui.css"]:
        segments = path.split("/")
        yield from ("/".join(segments[:count]) for count in range(2, len(segments)))


def test_root_path_that_is_invalid_or_hides_own_paths_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {prefix.replace("{name}", "any") for prefix in own_prefixes(client)}
    assert {"/v1", "/v2/health", "/v2/models/any", "/docs"} <= own
    for path in [*sorted(own), "/", "models", "/models/", "/a//b", "/a/../b", "/a b", "/a\n", "/ä"]:
        with pytest.raises(SystemExit, match="2"):
            main(["run", "--root-path", path, "--bundle", "none"])
    monkeypatch.setenv("UVICORN_ROOT_PATH", "/v1")
    with pytest.raises(BadInput, match="UVICORN_ROOT_PATH"):
        main(["run", "--bundle", "none"])
    for path in (PREFIX, "/v1/parcels", "/livez", "/a.b-c_d~e", ""):
        with pytest.raises(BadInput, match="none"):  # the bundle
            main(["run", "--root-path", path, "--bundle", "none"])
