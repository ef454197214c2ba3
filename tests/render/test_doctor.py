"""`make doctor` finds what a machine lacks, also where the environment is what is broken."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.conftest import INSIDE, ROOT, Project, Render

SOURCE = ROOT / INSIDE / "engine/doctor.py"
# What the environment prints for the doctor's question, where it is as it should be.
SOUND = "#!/bin/sh\necho '[[3, 11, 7], {}]'\n"


def environment(project: Path, program: str = SOUND) -> None:
    """An environment whose Python is this program, with the project's pins."""
    python = project / ".venv/bin/python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(program, "utf-8")
    python.chmod(0o755)
    shutil.copyfile(project / "requirements/dev.txt", project / ".venv/pins.txt")


@pytest.fixture(scope="module")
def rendered(render: Render) -> Path:
    """A project as it is made."""
    return render().path


@pytest.fixture
def project(rendered: Path, tmp_path: Path) -> Project:
    """A project on a machine that has all it needs."""
    project = Project(shutil.copytree(rendered, tmp_path / "project"))
    environment(project.path)
    for words in (["init", "--quiet"], ["config", "user.name", "T"], ["config", "user.email", "t"]):
        assert project.run("git", *words).returncode == 0
    return project


def examine(project: Project, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, str]]:
    """The exit code of `make doctor`, and each fault's code with its next step."""
    done = project.run("make", "--silent", "doctor", env={"MLFLOW_TRACKING_URI": "", **(env or {})})
    assert "Traceback" not in done.stderr, done.stderr
    faults = re.findall(r"^FAULT .*error\[([a-z-]+)\]: .*\n +next: (.+)$", done.stdout, re.M)
    assert done.stdout.count("FAULT") == len(faults), done.stdout
    return done.returncode, dict(faults)


def test_sound_machine_has_no_fault(project: Project) -> None:
    """The twin of every fault below."""
    assert examine(project) == (0, {})


def test_doctor_is_read_by_older_pythons_and_imports_the_standard_library_alone() -> None:
    """It must run where the wrong Python is the fault."""
    tree = ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 7))
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names - {"tomllib"}


def test_wrong_python_is_found(project: Project) -> None:
    """Here the project asks for one that is newer than ours."""
    path = project.path / "engine/doctor.py"
    path.write_text(path.read_text("utf-8").replace("(3, 11)\n", "(99, 0)\n"), "utf-8")
    code, faults = examine(project)
    assert (code, set(faults)) == (2, {"wrong-python"})


def _break_out(project: Path) -> None:
    shutil.rmtree(project / ".venv")


def _other_pins(project: Path) -> None:
    (project / ".venv/pins.txt").write_text("numpy==1.0\n", "utf-8")


def _no_interpreter(project: Path) -> None:
    environment(project, "#!/nowhere/python3\n")


def _no_package(project: Path) -> None:
    environment(project, '#!/bin/sh\necho \'[[3, 11, 7], {"pandas": "ImportError: broken"}]\'\n')


def _old_interpreter(project: Path) -> None:
    environment(project, "#!/bin/sh\necho '[[3, 9, 1], {}]'\n")


def _no_rows(project: Path) -> None:
    frame(project, "data/raw/orders.csv")


def _no_shared_rows(project: Path) -> None:
    frame(project, "data/raw/orders.csv")
    text = 'source = "data/raw/orders.csv"\nplace = "/team/orders.csv"\ndigest = "0"\n'
    (project / "data/rows.toml").write_text(text, "utf-8")


def _query(project: Path) -> None:
    frame(project, "data/queries/orders.sql")
    (project / "data/queries").mkdir()
    (project / "data/queries/orders.sql").write_text("SELECT 1", "utf-8")


def _no_problem(project: Path) -> None:
    (project / "problem/problem.toml").unlink()


def _released(project: Path) -> None:
    (project / "deploy/release.toml").write_text(f'champion = "{"a" * 64}"\n', "utf-8")


def _no_repository(project: Path) -> None:
    shutil.rmtree(project / ".git")


def _nothing(project: Path) -> None:
    """The fault is in a variable."""


def frame(project: Path, source: str) -> None:
    """Let problem.toml name this source."""
    path = project / "problem/problem.toml"
    text = path.read_text("utf-8")
    assert 'source = "parcels"' in text
    path.write_text(text.replace('source = "parcels"', f'source = "{source}"'), "utf-8")


CLOSED = "127.0.0.1:1"
FAULTS: dict[str, tuple[Callable[[Path], None], dict[str, str], str, str]] = {
    "no environment": (_break_out, {}, "no-environment", "make env"),
    "other pins": (_other_pins, {}, "old-environment", "make env"),
    "interpreter is gone": (_no_interpreter, {}, "broken-environment", "rm -rf .venv"),
    "package does not import": (_no_package, {}, "broken-environment", "rm -rf .venv"),
    "old Python inside": (_old_interpreter, {}, "wrong-python", "rm -rf .venv"),
    "no rows": (_no_rows, {}, "missing-rows", "data/raw/orders.csv"),
    "no shared rows": (_no_shared_rows, {}, "missing-rows", "data fetch (from /team/orders.csv)"),
    "no database": (_query, {"DATABASE_URL": ""}, "no-database", "DATABASE_URL"),
    "database is down": (
        _query, {"DATABASE_URL": f"postgresql://u:secret@{CLOSED}/x"},
        "unreachable-database", "DATABASE_URL",
    ),
    "no problem": (_no_problem, {}, "no-problem", "git restore"),
    "server of runs is down": (
        _nothing, {"MLFLOW_TRACKING_URI": f"http://u:secret@{CLOSED}"},
        "unreachable-runs", "MLFLOW_TRACKING_URI",
    ),
    "address is none": (
        _nothing, {"MLFLOW_TRACKING_URI": "http://[::1"}, "unreachable-runs", "MLFLOW_TRACKING_URI",
    ),
    "no store": (_nothing, {"BUNDLES": "/nowhere"}, "no-store", "BUNDLES"),
    "store without champion": (_released, {}, "champion-not-in-store", "BUNDLES"),
    "no repository": (_no_repository, {}, "no-repository", "git init --initial-branch main"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found_with_its_next_step(fault: str, project: Project) -> None:
    """And nothing else is reported."""
    plant, env, code, step = FAULTS[fault]
    plant(project.path)
    exit_code, found = examine(project, env)
    assert (exit_code, set(found)) == (2, {code})
    assert step in found[code]
    assert "secret" not in str(found)


def test_missing_tool_is_found(project: Project, tmp_path: Path) -> None:
    """The rest is still examined."""
    (tmp_path / "tools").mkdir()
    # Not what PATH names as python3: that may be a script, which needs more tools.
    found = {tool: shutil.which(tool) for tool in ("make", "sh")} | {"python3": sys.executable}
    for tool, program in found.items():
        assert program is not None
        (tmp_path / "tools" / tool).symlink_to(Path(program).resolve())
    (project.path / "problem/problem.toml").unlink()
    code, faults = examine(project, {"PATH": str(tmp_path / "tools")})
    assert (code, set(faults)) == (2, {"no-git", "no-problem"})


def test_name_for_signatures_is_asked_for(project: Project) -> None:
    """Commits and signatures carry it."""
    assert project.run("git", "config", "--unset", "user.email").returncode == 0
    assert set(examine(project)[1]) == {"no-git-name"}


def test_server_of_runs_that_responds_is_no_fault(project: Project) -> None:
    """Whatever it responds to a stranger: only an error of its own is a fault."""

    class Runs(BaseHTTPRequestHandler):
        status = 401

        def do_GET(self) -> None:
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Runs)
    Thread(target=server.serve_forever, daemon=True).start()
    env = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{server.server_port}", "no_proxy": "*"}
    try:
        assert examine(project, env) == (0, {})
        Runs.status = 503
        assert set(examine(project, env)[1]) == {"unreachable-runs"}
    finally:
        server.shutdown()


def test_doctor_is_found_where_the_engine_is_a_wheel(project: Project) -> None:
    """The folder is gone; the environment holds the file."""
    packages = project.path / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    shutil.move(project.path / "engine", packages / "engine")
    assert examine(project) == (0, {})


def test_real_environment_is_asked_for_its_packages(project: Project) -> None:
    """One without packages starts, and lacks all of them."""
    shutil.rmtree(project.path / ".venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=project.path,
                   check=True, env=os.environ)  # fmt: skip
    shutil.copyfile(project.path / "requirements/dev.txt", project.path / ".venv/pins.txt")
    code, faults = examine(project)
    assert (code, set(faults)) == (2, {"broken-environment"})
