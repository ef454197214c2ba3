"""Inputs as people really have them are read right, or refused with the way out."""

import os
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.robustness import kinds  # noqa: F401  # it fills the catalogue
from tests.robustness.catalogue import CASES, Case
from tests.robustness.project import available
from tests.robustness.trial import attempt


@pytest.fixture(scope="session")
def rendered(render: Render) -> Path:
    """One project, which each case copies."""
    return render().path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_is_treated_right(
    case: Case, rendered: Path, project_env: Path, tmp_path: Path
) -> None:
    """What the case's docstring says holds."""
    if not available() and not os.environ.get("TABLES_REQUIRED"):
        pytest.skip("the handed cases are not beside the repository")
    assert attempt(case, rendered, project_env / "bin/python", tmp_path).wrong == ""
