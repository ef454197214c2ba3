"""The project's first CI says what GitHub understands, and only what the project can do."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import INSIDE, ROOT
from tests.ship.manifests import documents, judged

WORKFLOW = ROOT / INSIDE / ".github" / "workflows" / "ci.yml"
SCHEMAS = ("vendor.github-workflows", "custom.github-workflows-require-timeout")


@pytest.fixture
def workflow() -> dict[str, Any]:
    """Return the workflow."""
    [document] = documents(WORKFLOW)
    return document


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_workflow_is_well_formed(schema: str) -> None:
    """Every key is GitHub's, and no job can hang for hours."""
    done = judged(WORKFLOW, schema)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        (SCHEMAS[0], "runs-on:", "run-on:"),
        (SCHEMAS[1], "    timeout-minutes: 20\n", ""),
    ],
)
def test_a_mistake_in_it_is_found(schema: str, right: str, wrong: str, tmp_path: Path) -> None:
    """The schemas can say no."""
    text = WORKFLOW.read_text("utf-8")
    assert right in text
    broken = tmp_path / "ci.yml"
    broken.write_text(text.replace(right, wrong), "utf-8")
    assert judged(broken, schema).returncode != 0


def test_it_may_only_read(workflow: dict[str, Any]) -> None:
    """A pull request's code runs with no right to write anywhere."""
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    assert "pull_request_target" not in WORKFLOW.read_text("utf-8")


def test_a_newer_run_replaces_the_older(workflow: dict[str, Any]) -> None:
    """What was overtaken costs no more minutes."""
    assert workflow["concurrency"]["cancel-in-progress"]


def test_its_commands_are_the_projects(workflow: dict[str, Any]) -> None:
    """Each `make` target is there; the journey's page is kept."""
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    commands = "\n".join(step.get("run", "") for step in steps)
    makefile = (ROOT / INSIDE / "Makefile").read_text("utf-8")
    targets = re.findall(r"^make (\w+)", commands, re.M)
    assert targets == ["check", "journey", "train"]
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)
    assert "docker build" in commands
    assert all(
        re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step
    )
    kept = [step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", "")]
    assert "build/journey/*.html" in kept[0]
    assert kept[1:] == ["build/gate.html"]


def test_the_gate_judges_pull_requests_and_its_table_is_the_summary(
    workflow: dict[str, Any],
) -> None:
    """It looks at the data scientist's folders, and ends well where there is nothing to judge."""
    first, changed, *rest = workflow["jobs"]["gate"]["steps"]
    assert first["with"]["fetch-depth"] == 0  # without history there is nothing to compare with
    assert "-- problem data eda poc handoff" in changed["run"]
    assert all("steps.changed.outputs.science == 'yes'" in step["if"] for step in rest)
    commands = [step["run"] for step in rest if "run" in step]
    assert commands[-1] == '.venv/bin/python -m handoff check --markdown >> "$GITHUB_STEP_SUMMARY"'
