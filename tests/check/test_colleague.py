"""docs/how-to/share-with-a-colleague.md, executed from its own text with two clones."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT, Project, Render

PAGE = (ROOT / "docs/how-to/share-with-a-colleague.md").read_text("utf-8")
CHAMPION = "a" * 64
# Seven processes of MLflow's server that nothing here needs.
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
# Commands in a fresh clone: the code of the fault, and what the next step names.
ALONE = {
    "eda report": ("missing-rows", "data share FOLDER"),
    "data fetch": ("not-shared", "data share FOLDER"),
    "poc train": ("missing-rows", "data share FOLDER"),
    "poc report": ("no-such-run", "MLFLOW_TRACKING_URI"),
    "handoff build": ("no-such-run", "MLFLOW_TRACKING_URI"),
    "handoff check": ("no-bundle-built", "handoff build"),
    "handoff accept --as ml-engineer": ("no-bundle-built", "handoff build"),
    "serving run": ("not-in-store", "BUNDLES"),
    "serving run --rehearsal": ("no-journey-bundle", "make journey"),
    "serving batch in.csv out.parquet": ("not-in-store", "BUNDLES"),
    "monitoring check": ("not-in-store", "BUNDLES"),
    "engine.training.record.ui": ("no-runs", "MLFLOW_TRACKING_URI"),
}


def blocks(section: int) -> str:
    """The commands that the page shows in one of its numbered sections."""
    text = PAGE.partition(f"\n## {section} ·")[2].partition("\n## ")[0]
    commands = re.findall(r"^ {4}(.*)$", text, re.M)
    assert commands, section
    return "\n".join(commands)


class Team:
    """Two people with a clone each, a folder that both reach, and a server of runs."""

    def __init__(self, folder: Path, env: Path, project: Project) -> None:
        """Let the first person adopt and commit a table of 400 rows."""
        self.folder, self._env = folder, env
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.origin = self._with_environment(project)
        rows = project.path / "orders.csv"
        lines = [((37 * i % 101) / 50 - 1, (53 * i % 97) / 48 - 1) for i in range(400)]
        text = "".join(f"{a:.3f},{b:.3f},{'yes' if a + b > 0 else 'no'}\n" for a, b in lines)
        rows.write_text(f"size,weight,late\n{text}", "utf-8")
        self.shell(project, ".venv/bin/python -m data adopt orders.csv --target late --force")
        rows.unlink()
        (project.path / "deploy/release.toml").write_text(f'champion = "{CHAMPION}"\n', "utf-8")
        self.shell(project, "git init --quiet --initial-branch main && git add --all && "
                   "git commit --quiet --message Start")  # fmt: skip

    def _with_environment(self, project: Project) -> Project:
        (project.path / ".venv").symlink_to(self._env)
        # `make env` would compare times, and install the same pins again.
        os.utime(project.path / "requirements/dev.txt", (0, 0))
        return project

    def clone(self) -> Project:
        """The colleague's clone, with an environment."""
        place = self.folder / "clone"
        self.shell(self.origin, f"git clone --quiet . {place}")
        return self._with_environment(Project(place))

    def shell(self, project: Project, text: str, fails: bool = False) -> str:
        """Run commands of the page as one shell does; what they printed."""
        setting = self._here(blocks(2))
        done = project.run("sh", "-ec", f"{setting}\n{self._here(text)}")
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _here(self, text: str) -> str:
        return text.replace("/team", str(self.folder / "team")).replace(
            "127.0.0.1:5000", self.address
        )

    def serve(self) -> "subprocess.Popen[bytes]":
        """The page's server of runs, once it responds."""
        (self.folder / "team").mkdir(exist_ok=True)
        text = self._here(blocks(1)).replace("--port 5000", f"--port {self.address[10:]}")
        server = subprocess.Popen(["sh", "-c", f"exec {text}"], cwd=self.origin.path,
                                  env=os.environ | NO_JOBS, start_new_session=True)  # fmt: skip
        for _ in range(1200):
            try:
                urlopen(f"http://{self.address}/health", timeout=1).close()
                return server
            except OSError:
                assert server.poll() is None
                time.sleep(0.1)
        raise AssertionError("the server of runs did not respond")


@pytest.fixture(scope="module")
def team(
    render: Render, project_env: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    """Two clones and the server of the page's first section."""
    made = Team(tmp_path_factory.mktemp("two"), project_env, render(dataset="sklearn:wine"))
    server = made.serve()
    yield made
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(30)


@pytest.fixture(scope="module")
def clone(team: Team) -> Project:
    """The colleague's clone, before anything is shared."""
    return team.clone()


@pytest.mark.parametrize("command", ALONE)
def test_command_in_a_fresh_clone_names_the_missing_place(command: str, clone: Project) -> None:
    """Where nothing is shared: one error with the place and the next step."""
    code, step = ALONE[command]
    (clone.path / "in.csv").write_text("size,weight\n1,2\n", "utf-8")
    (clone.path / "mlflow.db").unlink(missing_ok=True)  # an earlier command made it
    done = clone.run(".venv/bin/python", "-m", *command.split())
    assert (done.returncode, f"error[{code}]" in done.stderr) == (2, True), done.stderr
    assert step in done.stderr
    assert "Traceback" not in done.stderr
    assert "`python -m" not in done.stderr, "it must work without an activated environment"


def test_page_lists_every_code_of_a_fresh_clone() -> None:
    """The page's last table is true of the commands."""
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE.partition("\n## What a command")[2]))
    assert {code for code, _ in ALONE.values()} - {"not-shared", "no-journey-bundle"} <= listed


def test_two_clones_share_rows_runs_and_bundles(team: Team, clone: Project) -> None:
    """Each section of the page in order; the second person builds the first one's bundle."""
    printed = team.shell(team.origin, blocks(3))
    [bundle] = re.findall(r"build/bundles/([0-9a-f]{64})", printed)
    team.shell(clone, "git pull --quiet")
    doctor, *rest = blocks(4).splitlines()
    assert "error[missing-rows]" in team.shell(clone, doctor, fails=True)
    assert "make journey" not in team.shell(clone, ".venv/bin/python -m eda report", fails=True)
    printed = team.shell(clone, "\n".join(rest))
    assert bundle in printed
    assert (clone.path / "build/report.html").is_file()
    rows = clone.path / "data/raw/orders.csv"
    rows.write_text(rows.read_text("utf-8").replace("yes", "no", 1), "utf-8")
    assert "error[other-rows]" in team.shell(clone, ".venv/bin/python -m poc train", fails=True)
