"""Without keys, a web page may write if it is the server's own or its origin is listed."""

import subprocess
from itertools import product
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from engine.problem.errors import BadInput
from engine.serving.access import ORIGINS, origins_of
from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.in_process import KEY, PREFIX, Headers, send
from engine.tests.serving.made import ROW
from engine.tests.serving.test_run import command, environment


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
    "rebound, Origin dropped by a proxy": {"Host": "evil.example", SITE: "same-origin"},
    "an address with a user": page("http://a@127.0.0.1:8000", "a@127.0.0.1:8000"),
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
    "Origin dropped by a proxy": {"Host": "10.0.0.7:8000", SITE: "same-origin"},
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
    sent = [("Origin", LISTED), ("Origin", LISTED)]
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
def test_invalid_origins_are_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        origins_of({ORIGINS: text})
    assert refused.value.code == "not-an-origin"


def test_origins_are_read_as_browsers_send_them() -> None:
    text = " https://Models.example.com:443, http://a:80,http://b:8080  https://[::1]:8000,"
    expected = {LISTED, "http://a", "http://b:8080", "https://[::1]:8000"}
    assert origins_of({ORIGINS: text}) == expected
    assert origins_of({}) == origins_of({ORIGINS: ""}) == frozenset()


def test_server_with_invalid_origins_does_not_start(tmp_path: Path, bundle_path: Path) -> None:
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
