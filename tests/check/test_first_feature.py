"""A team's first feature and first candidate, as poc/README.md describes them, break no test."""

import re
import textwrap
from pathlib import Path

import pytest

from tests.conftest import Project, Render

# Two numbers of each data set, of which the first can be divided by the second.
RATIOS = {
    "parcels": ("weight_kg", "items"),
    "sklearn:diabetes": ("bmi", "bp"),
}


def example(project: Project, about: str) -> str:
    """The code that poc/README.md shows in its paragraph `about`."""
    text = project.read("poc/README.md").partition(f"**{about}:**")[2].partition("\n**")[0]
    return textwrap.dedent("\n".join(re.findall(r"^(?: {4}.*|)$", text, re.M))).strip("\n")


def insert(project: Project, name: str, before: str, code: str) -> None:
    """Write `code` into a file, right before the text `before`, which stands there once."""
    text = project.read(name)
    assert text.count(before) == 1, f"{name}: {before}"
    (project.path / name).write_text(text.replace(before, code + before), "utf-8")


def add_ratio(project: Project, columns: tuple[str, str]) -> None:
    """Add the README's feature, of these columns."""
    written, _, part = example(project, "A feature").partition('\n("ratio"')
    part = f'("ratio"{part}'.replace('"weight_kg"', f'"{columns[0]}"')
    part = part.replace('"items"', f'"{columns[1]}"')
    insert(project, "poc/features.py", "def features(\n", f"{written.rstrip()}\n\n\n")
    insert(project, "poc/features.py", "    ]\n    return ColumnTransformer(", f"        {part}\n")


def add_forest(project: Project, regressor: bool) -> None:
    """Add the README's candidate, before gradient boosting."""
    line, kind = example(project, "A candidate"), "RandomForestClassifier"
    assert kind in line
    if regressor:
        line, kind = line.replace(kind, "RandomForestRegressor"), "RandomForestRegressor"
    insert(project, "poc/model.py", "        Candidate(BOOSTING,", f"        {line}\n")
    imported = f"from sklearn.ensemble import {kind}\n"
    insert(project, "poc/model.py", "from sklearn.linear_model import", imported)


@pytest.mark.parametrize("dataset", RATIOS)
def test_ratio_and_forest_keep_the_teams_tests_green(
    dataset: str, render: Render, project_env: Path
) -> None:
    """For classes and for numbers: the team's tests are about any project of these kinds."""
    project = render(dataset=dataset)
    add_ratio(project, RATIOS[dataset])
    add_forest(project, regressor=dataset == "sklearn:diabetes")
    done = project.run(str(project_env / "bin/python"), "-m", "pytest", "tests")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    lint = project.run(str(project_env / "bin/ruff"), "check", "--ignore=I001", "poc")
    assert lint.returncode == 0, lint.stdout


def test_feature_that_loses_missing_values_fails_the_teams_tests(
    render: Render, project_env: Path
) -> None:
    """The tests are worth having: a ratio that is infinite where it is not defined is found."""
    project = render()
    add_ratio(project, RATIOS["parcels"])
    add_forest(project, regressor=False)
    text = project.read("poc/features.py")
    careless = re.sub(r"np\.divide\(above.*\)", "np.log(above - above)", text)
    assert careless != text
    (project.path / "poc/features.py").write_text(careless, "utf-8")
    done = project.run(str(project_env / "bin/python"), "-m", "pytest", "tests/poc")
    assert done.returncode == 1, done.stdout
    assert "test_features_of_the_projects_rows_are_finite" in done.stdout
