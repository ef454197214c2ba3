"""Each data set lives its whole life: real training, a real server, real answers, and a page."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Project, Render
from tests.ship.browser import browser
from tests.ship.test_clients import BROWSERS

# Tables beside the repository, which it does not copy.
TABLES = ROOT.parent / "shared" / "data"
STAGES = ["problem", "data", "eda", "poc", "handoff", "serving", "monitoring"]
# Data sets that a project may begin with, and what the gate says of leaks there: a score too good
# to be true is worth a look; refused is only what a mechanism explains.
BUNDLED = {
    "parcels": "pass",
    "sklearn:breast_cancer": "warn",
    "sklearn:wine": "warn",
    "sklearn:diabetes": "pass",
}
# Tables that nobody prepared: what the gate must find in them, by column.
LEAKY = {
    "titanic": (["titanic.csv", "--target", "survived"], {"alive"}),
    "bikes": (
        ["bike_rentals.csv", "--target", "count", "--time", "datetime"],
        {"casual", "registered"},
    ),
}


@dataclass(frozen=True)
class Home:
    """A rendered project, and the environment that has its requirements."""

    project: Project
    env: Path

    def python_m(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m` with these words in the project."""
        return self.project.run(str(self.env / "bin" / "python"), "-m", *words)

    def journey(self) -> tuple[int, dict[str, Any]]:
        """Live the whole life; the exit code and the summary."""
        done = self.python_m("journey")
        assert done.returncode in (0, 3), done.stdout + done.stderr
        summary = json.loads(self.project.read("build/journey/summary.json"))
        return done.returncode, {**summary, "printed": done.stdout}


def stages(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The stages of a summary by name."""
    return {stage["name"]: stage for stage in summary["stages"]}


def hold_whole(home: Home, code: int, summary: dict[str, Any]) -> None:
    """What every passed journey promises."""
    assert (code, summary["verdict"], summary["stopped_at"]) == (0, "passed", None)
    assert [stage["name"] for stage in summary["stages"]] == STAGES
    assert {stage["status"] for stage in summary["stages"]} <= {"passed", "warned"}
    served = stages(summary)["serving"]
    assert served["answered"] > 0
    assert served["refused_status"] == 422
    watched = stages(summary)["monitoring"]
    assert watched["counted"] == served["answered"]
    page = home.project.read("build/journey/index.html")
    assert not re.search(r"""(src|href)=["']?https?://""", page)
    assert page.count("<svg") >= len(STAGES) - 1
    assert len(page.encode()) < 500_000
    assert all(stage["headline"][:30].split("'")[0] in page for stage in summary["stages"])
    # A rehearsal signs nothing, publishes nothing, and says so in every answer.
    assert not (home.project.path / "handoff" / "records").exists()
    assert not (home.project.path / "bundles").exists()
    [log] = (home.project.path / "build/journey/logs/predictions").glob("*.jsonl")
    records = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert len(records) == served["answered"]
    assert all(record["rehearsal"] is True for record in records)


@pytest.mark.parametrize("dataset", BUNDLED)
def test_bundled_data_pass(dataset: str, render: Render, project_env: Path, tmp_path: Path) -> None:
    """With the answers at generation time alone, a journey passes before the first commit."""
    home = Home(render(dataset=dataset), project_env)
    code, summary = home.journey()
    hold_whole(home, code, summary)
    [verdict] = (home.project.path / "build/journey/records").glob("*/verdict.json")
    findings = {one["check"]: one for one in json.loads(verdict.read_text("utf-8"))["findings"]}
    assert findings["leakage"]["verdict"] == BUNDLED[dataset]
    if dataset == "parcels":
        answer_as_documented(home, tmp_path)


def answer_as_documented(home: Home, folder: Path) -> None:
    """The rehearsed model answers the requests of README and how-to page, in all languages."""
    page = home.project.read("docs/how-to/call-the-server.md")
    blocks = dict(re.findall(r"^```(bash|python|javascript)\n(.*?)^```$", page, re.M | re.S))
    [shown] = re.findall(
        r"^    (curl .*?\})'$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S
    )
    with serving(home.project, home.env / "bin/python", home.project.path / "build/journey") as url:

        def here(code: str) -> str:
            return code.replace("http://127.0.0.1:8000", url)

        for command in (blocks["bash"], f"{shown}'"):
            answer = json.loads(home.project.run("bash", "-c", here(command)).stdout)
            assert answer["rehearsal"] is True
            assert answer["decision"] is True
            assert answer["score"] == pytest.approx(0.8806, abs=0.01)
            assert answer["reasons"][0]["input"] == "weather"
        python = home.project.run(str(home.env / "bin/python"), "-c", here(blocks["python"]))
        storm, clear = json.loads(python.stdout)
        assert storm > clear
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        assert program or "CLIENTS_REQUIRED" not in os.environ, f"expected one of {BROWSERS}"
        if program:
            script = f"(async () => {{ {here(blocks['javascript'])} return prediction.score }})()"
            with browser(program, folder, "nothing.test") as chromium:
                assert chromium.open(f"{url}/docs").run(script) == pytest.approx(storm)


@contextmanager
def serving(project: Project, python: Path, journey: Path) -> Iterator[str]:
    """The address of the project's server with the bundle of a journey, as `make rehearse`."""
    words = ["-m", "serving", "run", "--rehearsal", "--port", "0", "--log", str(journey / "again")]
    process = subprocess.Popen(
        [str(python), *words], cwd=project.path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        assert greeting.startswith("serving "), "the server did not start; its errors stand above"
        yield greeting.split()[-1]
    finally:
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture(scope="module")
def tables() -> Path:
    """Return the folder with the tables; without it these tests are skipped, but not in CI."""
    if not TABLES.is_dir():
        assert "TABLES_REQUIRED" not in os.environ, f"expected tables in {TABLES}"
        pytest.skip(f"no tables in {TABLES}")
    return TABLES


@pytest.mark.parametrize("table", LEAKY)
def test_a_leaking_table_is_refused_until_it_is_mended(
    table: str, tables: Path, render: Render, project_env: Path
) -> None:
    """The gate names the columns and the lines to add; with just these, the journey passes."""
    (file, *target), leaking = LEAKY[table]
    home = Home(render(), project_env)
    adopted = home.python_m("data", "adopt", str(tables / file), *target)
    assert adopted.returncode == 0, adopted.stderr

    code, summary = home.journey()
    assert (code, summary["verdict"], summary["stopped_at"]) == (3, "stopped", "handoff")
    refused = stages(summary)["handoff"]
    assert refused["refused_by"] == ["leakage"]
    assert stages(summary)["serving"]["status"] == "not run"
    lines = [line for line in refused["next"][0].splitlines() if " = " in line]
    assert {json.loads(line.split(" = ")[0]) for line in lines} == leaking
    for line in lines:
        assert line in summary["printed"]

    path = home.project.path / "problem/problem.toml"
    added = path.read_text("utf-8").replace(
        "[columns.known_after]\n", "[columns.known_after]\n" + "\n".join(lines) + "\n"
    )
    path.write_text(added, encoding="utf-8")
    code, summary = home.journey()
    hold_whole(home, code, summary)
    assert "assumed" in stages(summary)["problem"]["headline"]
