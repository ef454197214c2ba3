"""The clients that people have get what they expect; a web page of another origin gets nothing."""

import http.server
import json
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.conftest import Project, Render, run
from tests.ship.browser import Browser, Page, browser
from tests.ship.servers import PREFIX, Server, StripsPrefix, serving, web

CLIENTS = Path(__file__).parent / "clients"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MAKE = """
import json, sys
from pathlib import Path
from engine.tests.serving.made import ROW, make_bundle
make_bundle(Path(sys.argv[1]))
print(json.dumps(ROW))
"""
PREDICT, LABELS = "/v1/predict", "/v1/labels"
LABEL = json.dumps({"prediction_id": "0" * 32, "label": True})


@pytest.fixture(scope="session")
def tools() -> None:
    """Skip where a client is missing; fail there if CLIENTS_REQUIRED is set."""
    missing = [tool for tool in ("curl", "java") if shutil.which(tool) is None]
    if not any(map(shutil.which, BROWSERS)):
        missing.append(" or ".join(BROWSERS))
    if missing:
        refuse = pytest.fail if os.environ.get("CLIENTS_REQUIRED") else pytest.skip
        refuse(f"clients are missing: {', '.join(missing)}; .ci/run installs them")


@pytest.fixture(scope="session")
def made(tools: None, render: Render, project_env: Path) -> tuple[Project, str]:
    """A project with a small bundle in `bundle`, and a row for it."""
    project = render()
    made = project.run(str(project_env / "bin" / "python"), "-c", MAKE, "bundle")
    assert made.returncode == 0, made.stderr
    return project, made.stdout.strip()


@pytest.fixture(scope="session")
def served(made: tuple[Project, str], project_env: Path) -> Iterator[Server]:
    """A server as it starts without options."""
    with serving(made, project_env / "bin" / "python") as server:
        yield server


@pytest.fixture(scope="session")
def chromium(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser to which evil.example is this machine."""
    program = next(filter(shutil.which, BROWSERS))
    with browser(program, tmp_path_factory.mktemp("profile"), "evil.example") as found:
        yield found


def curl(*words: str) -> str:
    """What curl prints, after a response that is no error."""
    done = run("curl", "--silent", "--show-error", "--fail", *words, cwd=CLIENTS)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/ping", "/metrics", "/docs"])
def test_curl_head_gets_headers_alone(path: str, served: Server) -> None:
    """As `curl -I` and load balancers probe."""
    head = curl("--head", f"{served.url}{path}")
    assert head.startswith("HTTP/1.1 200 ")
    assert "content-length: " in head
    assert head.endswith("\n\n")


@pytest.mark.parametrize(
    "words", [(), ("--http1.0",), ("--http2",), ("--header", "Expect: 100-continue")], ids=str
)
def test_curl_gets_a_prediction(words: tuple[str, ...], served: Server) -> None:
    """Also with an offer of HTTP/2, and with a question before the body."""
    answer = curl(*words, "--json", served.row, f"{served.url}{PREDICT}")
    assert "score" in json.loads(answer)


def test_java_gets_predictions(served: Server) -> None:
    """The JDK's client offers HTTP/2 with each request; the server goes on in HTTP/1.1."""
    url = f"{served.url}{PREDICT}"
    done = run("java", str(CLIENTS / "Predict.java"), url, served.row, cwd=CLIENTS)
    assert done.returncode == 0, done.stderr
    answers = [line.partition(" ") for line in done.stdout.splitlines()]
    assert [status for status, _, _ in answers] == ["200", "200"], done.stdout
    assert all("score" in json.loads(body) for _, _, body in answers)


def test_requests_session_probes_predicts_and_labels(served: Server) -> None:
    """One connection for HEAD, GET and POST in turn."""
    with requests.Session() as session:
        for _ in range(2):
            assert session.head(f"{served.url}/health", timeout=10).ok
            answer = session.post(f"{served.url}{PREDICT}", json=json.loads(served.row), timeout=10)
            label = {"prediction_id": answer.json()["prediction_id"], "label": True}
            stored = session.post(f"{served.url}{LABELS}", json=label, timeout=10)
            assert stored.json() == {"stored": 1}


def execute(page: Page) -> None:
    """Send the example of POST /v1/predict from the documentation; return once it has an answer."""
    operation = ".opblock-post[id*=v1_predict]"
    page.click(f"{operation} .opblock-summary-control")
    page.click(f"{operation} .try-out__btn")
    page.click(f"{operation} .execute")
    page.wait_for(f"{operation} .live-responses-table .response-col_status")


def shows_all(page: Page, document: str) -> None:
    """Return once every documented operation is on the page."""
    paths = requests.get(document, timeout=10).json()["paths"]
    count = sum(map(len, paths.values()))
    page.wait_for(".opblock")
    assert page.run("document.querySelectorAll('.opblock').length") == count


def elsewhere(chromium: Browser, origin: str) -> list[str]:
    """What pages asked for that is not of this origin; forgets it."""
    asked, chromium.requests = chromium.requests, []
    assert asked
    return [url for url in asked if not url.startswith((f"{origin}/", "data:", "blob:"))]


def test_docs_page_shows_every_operation_and_tries_one(served: Server, chromium: Browser) -> None:
    """In a browser, with nothing from elsewhere; the server's own page may write."""
    before = served.counts()
    page = chromium.open(f"{served.url}/docs")
    shows_all(page, f"{served.url}/openapi.json")
    execute(page)
    assert served.counts()["predicted"] == before["predicted"] + 1
    assert elsewhere(chromium, served.url) == []


def test_docs_page_behind_a_proxy_works_with_and_without_the_prefix(
    made: tuple[Project, str], project_env: Path, chromium: Browser
) -> None:
    """A proxy that strips the prefix and changes Host, and one that keeps both."""
    handler = type("Handler", (StripsPrefix,), {})
    python = project_env / "bin" / "python"
    with (
        web(handler) as proxy,
        serving(made, python, "--root-path", PREFIX, SERVING_ORIGINS=proxy) as server,
    ):
        handler.server_url = server.url  # type: ignore[attr-defined]
        for origin in (proxy, server.url):
            page = chromium.open(f"{origin}{PREFIX}/docs")
            shows_all(page, f"{origin}{PREFIX}/openapi.json")
            before = server.counts()["predicted"]
            execute(page)
            assert server.counts()["predicted"] == before + 1
            asked = list(chromium.requests)
            assert elsewhere(chromium, origin) == []
            assert all(PREFIX in url for url in asked if url.startswith("http"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("path", [PREDICT, LABELS])
def test_page_of_another_origin_writes_nothing(
    host: str, path: str, served: Server, chromium: Browser
) -> None:
    """Each way in which a page can send a POST arrives, and is refused."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(CLIENTS))
    before, body = served.counts(), served.row if path == PREDICT else LABEL
    with web(handler) as other:
        page = chromium.open(f"{other.replace('127.0.0.1', host)}/foreign.html")
        sent = page.run(f"attack({json.dumps(served.url + path)}, {json.dumps(body)})")
    assert isinstance(sent, int)
    while served.counts()["refused"] < before["refused"] + sent:
        assert served.counts() | {"refused": 0} == before | {"refused": 0}
    assert served.counts() == before | {"refused": before["refused"] + sent}


def test_page_whose_name_is_made_to_mean_this_server_writes_nothing(
    served: Server, chromium: Browser
) -> None:
    """DNS rebinding: to the browser, page and server are of one origin."""
    url, before = served.url.replace("127.0.0.1", "evil.example"), served.counts()
    page = chromium.open(f"{url}/docs")
    for path, body in ((PREDICT, served.row), (LABELS, LABEL)):
        options = json.dumps({"method": "POST", "body": body})
        assert page.run(f"fetch('{path}', {options}).then((found) => found.status)") == 403
    assert served.counts() == before | {"refused": before["refused"] + 2}
