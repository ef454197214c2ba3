"""The how-to pages of a project, followed step by step, leave its checks green."""

from pathlib import Path

import pytest

from tests.conftest import INSIDE, ROOT, Project, Render
from tests.how_to import BadPage, Step, follow, steps, write

PAGES = ROOT / INSIDE / "docs/how-to"
CHECK = "make format\nmake check\n"
# What a team does in its first weeks, in one project, with all checks of the project after each.
FIRST_WEEKS = ("add-a-feature", "add-a-candidate", "add-a-gate-check", "add-an-endpoint")
# Then these two, with the tests that they are about.
THEN = ("change-a-limit", "add-an-alert")
TESTS = "tests/serving/test_limits.py tests/monitoring"


def test_pages_of_the_first_weeks_keep_the_checks_green(render: Render, project_env: Path) -> None:
    """A feature, a candidate, a gate check, a route, a limit, an alert, one after the other."""
    project = render()
    for name in FIRST_WEEKS:
        follow(project, name, project_env)
    follow(project, THEN[0], project_env, {CHECK: "make format\n"})
    checks = f"make format\nmake static\n{project_env}/bin/python -m pytest {TESTS}\n"
    follow(project, THEN[1], project_env, {CHECK: checks})
    assert "as released" in project.run(str(project_env / "bin/python"), "-m", "engine").stdout


def test_feature_and_candidate_of_a_regression_pass_their_tests(
    render: Render, project_env: Path
) -> None:
    """With two numbers of this table, and the forest for numbers."""
    project = render(dataset="sklearn:diabetes")
    words = {"weight_kg": "bmi", "items": "bp", "RandomForestClassifier": "RandomForestRegressor"}
    test = (
        f"{project_env}/bin/python -m pytest tests/poc/test_features.py tests/poc/test_model.py\n"
    )
    for name in ("add-a-feature", "add-a-candidate"):
        follow(project, name, project_env, words | {CHECK: test})


def test_feature_that_is_infinite_fails_the_teams_tests(render: Render, project_env: Path) -> None:
    """The tests are worth having: a careless feature is reported before a training."""
    project = render()
    careful = "np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)"
    test = f"{project_env}/bin/python -m pytest tests/poc/test_features.py\n"
    with pytest.raises(AssertionError, match="test_features_of_the_projects_rows_are_finite"):
        follow(
            project, "add-a-feature", project_env, {careful: "np.log(above - above)", CHECK: test}
        )


# The page about calls adds nothing to a project: test_journeys sends its requests.
ADDING = [page for page in sorted(PAGES.glob("*.md")) if page.stem != "call-the-server"]


@pytest.mark.parametrize("page", ADDING, ids=lambda page: page.stem)
def test_page_that_adds_code_ends_with_the_checks(page: Path) -> None:
    """And every block of a page has a place, so that no other can be followed."""
    todo = steps(page.read_text("utf-8"))
    assert todo
    assert todo[-1].code == CHECK or {step.kind for step in todo} == {"bash"}


@pytest.mark.parametrize(
    "place",
    [
        "Somewhere:",
        "In `poc/model.py`, above `no such line`:",
        "In `poc/model.py`, below `from sklearn`:",  # several
        "In a new file `poc/model.py`:",
    ],
)
def test_block_without_a_place_is_a_bad_page(place: str, tmp_path: Path) -> None:
    """Nothing is written where a reader would have to guess."""
    (tmp_path / "poc").mkdir()
    (tmp_path / "poc/model.py").write_text("from sklearn import a\nfrom sklearn import b\n")
    with pytest.raises(BadPage):
        write(Project(tmp_path), Step("python", place, "x = 1\n"))
