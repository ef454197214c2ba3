"""The alert rules hold what their tests say, and read metrics that the server has."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import INSIDE, ROOT

ALERTS = ROOT / INSIDE / "monitoring/alerts"
METRICS = ROOT / INSIDE / "engine/serving/metrics.py"
RULES = [path for path in ALERTS.glob("*.yaml") if not path.stem.endswith("_test")]


@pytest.fixture(scope="session")
def promtool() -> str:
    """Skip where promtool is missing; fail there if CLIENTS_REQUIRED is set."""
    tool = shutil.which("promtool")
    if tool is None:
        refuse = pytest.fail if os.environ.get("CLIENTS_REQUIRED") else pytest.skip
        refuse("promtool is missing: Debian has it in the package prometheus; .ci/run installs it")
    return str(tool)


def checked(promtool: str, test: Path) -> subprocess.CompletedProcess[str]:
    """promtool's run of the tests of rules."""
    words = [promtool, "test", "rules", str(test)]
    return subprocess.run(words, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("rules", RULES, ids=lambda path: path.stem)
def test_alerts_come_when_they_must_and_only_then(promtool: str, rules: Path) -> None:
    """promtool runs the tests of the rules."""
    test = rules.with_name(f"{rules.stem}_test.yaml")
    done = checked(promtool, test)
    assert done.returncode == 0, done.stderr + done.stdout


def test_alerts_without_their_threshold_fail_their_tests(promtool: str, tmp_path: Path) -> None:
    """The tests of the rules notice a changed threshold."""
    text = (ALERTS / "requests.yaml").read_text("utf-8")
    shutil.copy(ALERTS / "requests_test.yaml", tmp_path)
    for threshold, other in (("> 0.05", "> 0.005"), (">= 100", ">= 10"), ("> 0.05", "> 1")):
        assert threshold in text
        (tmp_path / "requests.yaml").write_text(text.replace(threshold, other), "utf-8")
        assert checked(promtool, tmp_path / "requests_test.yaml").returncode != 0, other


def test_alerts_read_metrics_that_the_server_has() -> None:
    """A rule on a misspelt metric would never fire."""
    has = set(re.findall(r'"(serving_\w+)"', METRICS.read_text("utf-8")))
    for rules in RULES:
        read = set(re.findall(r"\bserving_\w+", rules.read_text("utf-8")))
        assert {name.removesuffix("_total") for name in read} <= has, rules
        assert read


def test_alerts_have_a_runbook() -> None:
    """Each names a heading of monitoring/README.md."""
    page = (ALERTS.parent / "README.md").read_text("utf-8")
    for rules in RULES:
        text = rules.read_text("utf-8")
        headings = re.findall(r'runbook: monitoring/README.md, "(.*)"', text)
        assert len(headings) == text.count("- alert:")
        assert all(f"## {heading}\n" in page for heading in headings)
