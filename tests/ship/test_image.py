"""The image holds what serves and nothing else, and serves only what was signed."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from tests.conftest import contents, run
from tests.render.test_pins import PIN
from tests.ship.conftest import STARTS, Launch, Released, places
from tests.ship.container import Container, Image, container
from tests.ship.manifests import Start

# What a project holds after a journey and a release, and an image must never hold.
KEPT_OUT = (
    *("bundles", "build", "data", "mlflow.db", "poc", ".git", ".env", "Dockerfile"),
    *("engine/gate", "engine/pages", "engine/tests", "engine/training"),
)

# Prints the files of the working directory that both commands import.
IMPORTED = """
import importlib, sys
from pathlib import Path
for name in (
    *("serving.__main__", "serving.app", "serving.batch"),
    *("engine.serving.run", "engine.serving.batch.predict", "engine.serving.batch.ready"),
    "engine.serving.health",
):
    importlib.import_module(name)
here = Path.cwd()
for module in list(sys.modules.values()):
    file = getattr(module, "__file__", None)
    if file and Path(file).is_relative_to(here):
        print(Path(file).relative_to(here).as_posix())
"""


def as_compose_but(*words: str) -> Start:
    """How compose starts the image, with these words after the image's name."""
    return replace(STARTS["compose"], arguments=list(words))


def agree(one: object, other: object) -> bool:
    """Tell whether two answers are the same, up to the last bits of a number."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return type(one) is type(other) and one == other


def test_it_answers_golden_rows_over_http(released: Released, launch: Launch) -> None:
    """It serves the champion, with the answers that the PoC gave."""
    with launch() as server:
        server.wait_for_greeting()
        ready = {"status": "ready", "bundle": released.champion}
        assert server.ask("GET", "/readyz") == (200, ready)
        rows = [golden["row"] for golden in released.golden]
        status, answer = server.ask("POST", "/v1/predict", {"rows": rows})
        assert status == 200, answer
        for golden, given in zip(released.golden, answer["predictions"], strict=True):
            assert given["bundle"] == released.champion
            assert "rehearsal" not in given
            for name, value in golden["answer"].items():
                assert agree(given[name], value), (golden, given)


def test_a_row_that_breaks_the_contract_is_refused(released: Released, launch: Launch) -> None:
    """The twin of the golden rows: one field too many."""
    with launch() as server:
        server.wait_for_greeting()
        row = released.golden[0]["row"] | {"no_such_field": 1}
        status, answer = server.ask("POST", "/v1/predict", row)
        assert status == 422
        assert [error["field"] for error in answer["errors"]] == ["no_such_field"]


def test_it_stops_in_order_and_leaves_the_log(
    released: Released, launch: Launch, tmp_path: Path
) -> None:
    """SIGTERM to the first process: exit code 0, and no answered row is missing in the log."""
    with launch() as server:
        server.wait_for_greeting()
        rows = [golden["row"] for golden in released.golden]
        _, answer = server.ask("POST", "/v1/predict", {"rows": rows})
        server.terminate()
        assert server.code() == 0, server.said()
    segments = (tmp_path / "logs" / "predictions").glob("*.jsonl")
    lines = [line for segment in segments for line in segment.read_text("utf-8").splitlines()]
    logged = [json.loads(line)["prediction_id"] for line in lines]
    assert logged == [given["prediction_id"] for given in answer["predictions"]]


def test_a_bundle_that_nobody_signed_is_refused(launch: Launch, unsigned: Path) -> None:
    """It is whole, but there is no record of it in the image."""
    with launch(as_compose_but("--bundle", "/bundles/unsigned"), unsigned) as server:
        assert server.code() == 2
        assert "is not accepted" in server.said()


def test_as_a_rehearsal_it_is_served_and_says_so(
    released: Released, launch: Launch, unsigned: Path
) -> None:
    """The same bundle, with one word more."""
    rehearsal = as_compose_but("--bundle", "/bundles/unsigned", "--rehearsal")
    with launch(rehearsal, unsigned) as server:
        server.wait_for_greeting()
        status, answer = server.ask("POST", "/v1/predict", released.golden[0]["row"])
        assert status == 200
        assert answer["rehearsal"] is True
        assert answer["bundle"] != released.champion


def test_a_store_without_the_champion_is_refused(
    released: Released, launch: Launch, unsigned: Path
) -> None:
    """The image names a bundle; another one in its place is no substitute."""
    (unsigned / "unsigned").rename(unsigned / released.champion)
    with launch(store=unsigned) as server:
        assert server.code() == 2
        assert f"names bundle {released.champion}" in server.said()


@pytest.fixture(scope="module")
def inside(
    image: Image, released: Released, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """A server to look into."""
    folder = tmp_path_factory.mktemp("inside")
    sources = places(image, released, folder)
    with container(image, STARTS["compose"], sources, folder / "errors") as server:
        server.wait_for_greeting()
        yield server


def test_it_runs_unprivileged(image: Image, inside: Container) -> None:
    """The server is the first process, nobody's root, and its user owns the logs alone."""
    lines = inside.run("cat", "/proc/1/status").stdout.splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    assert status["Name"] == "python"
    assert 0 not in image.user
    assert status["Uid"].split() == [str(image.user[0])] * 4
    assert status["Gid"].split() == [str(image.user[1])] * 4
    assert int(status["CapEff"], 16) == 0
    user, group = image.user
    owned = [
        path
        for path in (image.root, *image.root.rglob("*"))
        if path.lstat().st_uid == user or path.lstat().st_gid == group
    ]
    assert owned == [image.root / "logs"]


def test_its_packages_are_the_serving_pins(inside: Container, released: Released) -> None:
    """Every pin that applies to its Python, in its version, and nothing besides, not even pip."""
    version = inside.python("import platform; print(platform.python_version())").strip()
    platform = {"sys_platform": "linux", "python_full_version": version}
    text = released.project.read("requirements/serving.txt")
    expected = {}
    for pin in PIN.finditer(text):
        marker = pin["rest"].split("\\\n")[0].partition(";")[2].strip()
        if not marker or Marker(marker).evaluate(platform):
            expected[canonicalize_name(pin["name"])] = pin["version"]
    listing = inside.python(
        "from importlib.metadata import distributions\n"
        "for each in distributions(): print(each.name, each.version)"
    )
    installed = dict(line.split() for line in listing.splitlines())
    assert {canonicalize_name(name): value for name, value in installed.items()} == expected
    assert "mlflow" not in expected


def test_it_can_build_nothing(inside: Container) -> None:
    """No installer and no compiler for whoever gets in."""
    assert inside.run("python", "-m", "pip", "--version").returncode != 0
    tools = ("cc", "gcc", "make", "git", "pip")
    assert [tool for tool in tools if inside.run("which", tool).returncode == 0] == []
    assert inside.run("which", "python").returncode == 0


def test_it_holds_the_server_and_what_was_signed(image: Image, released: Released) -> None:
    """Byte for byte the project's files; data, models, notebooks and training stay out."""
    there = released.project.files()
    app = contents(image.root / "app")
    assert {name: data for name, data in app.items() if there.get(name) != data} == {}
    assert {name.split("/")[0] for name in app} == {
        *("deploy", "engine", "handoff", "requirements", "serving")
    }
    signed = f"handoff/records/{released.champion}/"
    records = {name for name in there if name.startswith(signed)}
    assert len(records) == 3, "a verdict and two signatures"
    handoff = {name for name in app if name.startswith("handoff/")}
    assert handoff == records | {"handoff/__init__.py", "handoff/trusted_types.txt"}
    assert {name for name in app if name.startswith("deploy/")} == {"deploy/release.toml"}
    assert [name for name in KEPT_OUT if (released.project.path / name).exists()]
    assert [name for name in KEPT_OUT if (image.root / "app" / name).exists()] == []


def test_its_code_is_what_run_batch_and_health_import(image: Image, project_env: Path) -> None:
    """Every file of Python is imported by one of the three, and none of theirs is missing."""
    app = image.root / "app"
    done = run(str(project_env / "bin" / "python"), "-B", "-c", IMPORTED, cwd=app)
    assert done.returncode == 0, done.stderr
    code = {name for name in contents(app) if name.endswith(".py")}
    # Where this package is, there are the types that may be loaded.
    assert code - {"handoff/__init__.py"} == set(done.stdout.split())
