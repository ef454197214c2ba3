"""Every request passes the gateway: its path, its key, the web page it comes from, its method."""

import asyncio
import http.client
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic_core import to_json
from starlette.testclient import TestClient

from problem.errors import BadInput
from serving.__main__ import main
from serving.http.front import OPERATE
from serving.http.keys import Keys
from serving.http.origins import ORIGINS, origins_of
from serving.model.predictor import Predictor
from tests.serving.conftest import Connect
from tests.serving.made import ROW
from tests.serving.test_run import command, environment

KEY = "k" * 32
PREFIX = "/models/parcels"
BODY = to_json(ROW)
Headers = dict[str, str]
Response = tuple[int, Headers, bytes]


def send(
    client: TestClient,
    method: str,
    target: str,
    headers: Headers | None = None,
    root: str = "",
    body: bytes | None = BODY,
) -> Response:
    """Call the application as the connection does: path decoded once, behind the root path.

    Without a `body`, reading it is an error.
    """
    sent: list[Any] = []
    bodies = [] if body is None else [None, body]
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "root_path": root,
        "path": root + unquote(path),
        "raw_path": (root + path).encode(),
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), text.encode()) for name, text in (headers or {}).items()
        ],
    }

    async def receive() -> dict[str, Any]:
        assert bodies, "the body was read"
        body = bodies.pop()
        if body is None:  # the client stays and sends nothing more
            await asyncio.Event().wait()
        return {"type": "http.request", "body": body}

    async def keep(message: Any) -> None:
        sent.append(message)

    assert client.portal is not None
    client.portal.call(client.app, scope, receive, keep)
    start, *rest = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(one.get("body", b"") for one in rest)


@pytest.fixture
def guarded(connect: Connect, predictor: Predictor) -> TestClient:
    return connect(predictor, keys=Keys(KEY, None))


def test_head_on_every_address_equals_get_without_body(url: str, client: TestClient) -> None:
    """Also between other requests of a connection: a body would be read as the next response."""
    documented = client.get("/openapi.json").json()["paths"]
    paths = [
        path.replace("{name}", "parcels-for-tests") for path in documented if "}/v" not in path
    ]
    paths += ["/docs", "/openapi.json", "/docs/static/swagger-ui.css", "/nowhere", "/v2/nowhere"]
    assert {"/livez", "/health", "/metrics", "/ping", "/v2/health/ready", "/v1/labels"} < set(paths)
    connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        connection.request(method, path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        headers.pop("date", None)
        return response.status, headers, response.read()

    for path in paths:
        status, headers, body = answer("GET", path)
        head_status, head_headers, head_body = answer("HEAD", path)
        assert (head_status, head_body) == (status, b""), path
        if path == "/metrics":  # it counts itself
            assert int(head_headers.pop("content-length")) > 0
            headers.pop("content-length")
        else:
            # The problem details of GET and HEAD are of one length: they name the method as GET.
            assert int(headers["content-length"]) == len(body)
        assert head_headers == headers, path
    connection.close()


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
    client.app.part()  # type: ignore[attr-defined]
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


def test_another_prefix_leads_nowhere(guarded: TestClient) -> None:
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
        parts = path.split("/")
        yield from ("/".join(parts[:count]) for count in range(2, len(parts)))


def test_root_path_that_is_none_or_hides_own_paths_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {prefix.replace("{name}", "any") for prefix in own_prefixes(client)}
    assert {"/v1", "/v2/health", "/v2/models/any", "/docs"} <= own
    for path in [*sorted(own), "/", "models", "/models/", "/a//b", "/a/../b", "/a b", "/a\n", "/ä"]:
        with pytest.raises(BadInput, match="--root-path"):
            main(["run", "--root-path", path, "--bundle", "none"])
    monkeypatch.setenv("UVICORN_ROOT_PATH", "/v1")
    with pytest.raises(BadInput, match="--root-path"):
        main(["run", "--bundle", "none"])
    for path in (PREFIX, "/v1/parcels", "/livez", "/a.b-c_d~e", ""):
        with pytest.raises(BadInput, match="none"):  # the bundle
            main(["run", "--root-path", path, "--bundle", "none"])


def page(origin: str, host: str = "127.0.0.1:8000", **more: str) -> Headers:
    return {"Host": host, "Origin": origin, **more}


LISTED = "https://models.example.com"
SITE = "Sec-Fetch-Site"
FOREIGN: dict[str, Headers] = {
    "another site": page("https://evil.example"),
    "another port": page("http://127.0.0.1:9000"),
    "another loopback name": page("http://localhost:8000"),
    "null": page("null"),
    "empty": page(""),
    "rebound": page("http://evil.example:8000", "evil.example:8000"),
    "rebound, said to be same-origin": page(
        "http://evil.example", "evil.example", **{SITE: "same-origin"}
    ),
    "looks like an address": page("http://127.0.0.1.evil.example", "127.0.0.1.evil.example"),
    "looks like localhost": page("http://localhost.evil.example", "localhost.evil.example"),
    "a number": page("http://2130706433:8000", "2130706433:8000"),
    "an extension": page("chrome-extension://127.0.0.1:8000"),
    "begins as a listed one": page(f"{LISTED}.evil.example"),
    "listed, over http": page(LISTED.replace("https", "http")),
    "cross-site without Origin": {"Host": "127.0.0.1:8000", SITE: "cross-site"},
    "same-site without Origin": {"Host": "127.0.0.1:8000", SITE: "same-site"},
    "no Host": {"Origin": "http://127.0.0.1:8000"},
}
OWN: dict[str, Headers] = {
    "a program": {"Host": "127.0.0.1:8000"},
    "a program, by a name": {"Host": "models.internal"},
    "by address": page("http://127.0.0.1:8000", **{SITE: "same-origin"}),
    "by IPv6": page("http://[::1]:8000", "[::1]:8000"),
    "in the network": page("http://10.1.2.3", "10.1.2.3"),
    "localhost": page("http://localhost:8000", "LOCALHOST:8000"),
    "listed": page(LISTED, "127.0.0.1:8000"),
    "listed, and Host kept": page(LISTED, "models.example.com"),
    "Origin dropped by a proxy": {"Host": "models.internal", SITE: "same-origin"},
}


@pytest.fixture
def open_to_all(connect: Connect, predictor: Predictor) -> TestClient:
    """A client of an application without keys, where the pages of `LISTED` may write."""
    return connect(predictor, origins=[LISTED])


def test_foreign_page_is_refused_before_its_body_is_read(open_to_all: TestClient) -> None:
    """Whatever it sends and wherever; it is counted, and a preflight allows nothing."""
    paths = ("/v1/predict", "/v1/labels", "/invocations", "/readyz", "/no")
    for (kind, headers), path in product(FOREIGN.items(), paths):
        for method in ("POST", "OPTIONS", "PUT"):
            status, answer, body = send(open_to_all, method, path, headers, body=None)
            assert (status, b"urn:problem:wrong-origin" in body) == (403, True), (kind, path)
            assert not [name for name in answer if name.lower().startswith("access-control")]
    counted = f'route="/v1/predict",status="403"}} {len(FOREIGN)}.0'
    assert counted in open_to_all.get("/metrics").text


def test_two_origins_are_refused(open_to_all: TestClient) -> None:
    sent = [("Origin", "http://testserver"), ("Origin", LISTED)]
    assert open_to_all.post("/v1/predict", json=ROW, headers=sent).status_code == 403


def test_program_or_own_page_is_served(open_to_all: TestClient) -> None:
    for kind, headers in OWN.items():
        assert send(open_to_all, "POST", "/v1/predict", headers)[0] == 200, kind
        assert send(open_to_all, "POST", "/v1/predict", headers, root=PREFIX)[0] == 200, kind


def test_foreign_page_may_read(open_to_all: TestClient) -> None:
    """Its browser does not show it the response, for no header allows that."""
    for headers, method in product(FOREIGN.values(), ("GET", "HEAD")):
        status, answer, _ = send(open_to_all, method, "/docs", headers)
        assert status == 200
        assert not [name for name in answer if name.lower().startswith("access-control")]


def test_page_with_a_key_may_be_of_any_origin(guarded: TestClient) -> None:
    bearer = {"Authorization": f"bearer {KEY}"}
    for headers in FOREIGN.values():
        assert send(guarded, "POST", "/v1/predict", headers, body=None)[0] == 401
        assert send(guarded, "POST", "/v1/predict", bearer | headers)[0] == 200


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "models.example.com",
        "https://",
        "https://models.example.com/",
        "https://models.example.com/docs",
        "https://*.example.com",
        "ftp://models.example.com",
        "https://user@models.example.com",
        "https://models.example.com:99999",
        "https://models.example.com:",
        "https://[::1",
        "https://[1]",
        f"{LISTED} https//models.example.com",
    ],
)
def test_origins_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match=ORIGINS):
        origins_of({ORIGINS: text})


def test_origins_are_read_as_browsers_send_them() -> None:
    text = " https://Models.example.com:443, http://a:80,http://b:8080  https://[::1]:8000,"
    expected = {LISTED, "http://a", "http://b:8080", "https://[::1]:8000"}
    assert origins_of({ORIGINS: text}) == expected
    assert origins_of({}) == origins_of({ORIGINS: ""}) == frozenset()


def test_server_with_origins_that_are_none_does_not_start(
    tmp_path: Path, bundle_path: Path
) -> None:
    ended = subprocess.run(
        command("--bundle", bundle_path, "--rehearsal"),
        cwd=tmp_path,
        env=environment() | {ORIGINS: "models.example.com"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ORIGINS in ended.stderr
    assert "Traceback" not in ended.stderr
