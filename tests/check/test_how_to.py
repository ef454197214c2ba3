"""The how-to pages of a project, followed step by step, leave its checks green."""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import INSIDE, ROOT, Project, Render
from tests.how_to import PLACE, BadPage, Step, execute, follow, steps, write

PAGES = ROOT / INSIDE / "docs/how-to"
# What a team does in its first weeks, in one project. Each page ends with `make format check`.
FIRST_WEEKS = ("add-a-feature", "add-a-candidate", "add-a-gate-check", "add-an-endpoint")
CHECK = "make format check\n"


def test_pages_of_the_first_weeks_keep_the_checks_green(render: Render, project_env: Path) -> None:
    """A feature, a candidate, a gate check and a route, one after the other."""
    project = render()
    for name in FIRST_WEEKS:
        assert steps(project.read(f"docs/how-to/{name}.md"))[-1].code == CHECK
        follow(project, name, project_env)
