"""The template's repository with a version before today's, today's, and one after."""

from pathlib import Path

import pytest

from tests.check.updates.newer import Newer, newer
from tests.check.updates.upstream import Upstream, earlier_layout, git
from tests.conftest import Project, Render


@pytest.fixture(scope="session")
def newer_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Newer:
    """Return the version after today's."""
    return newer(template, tmp_path_factory.mktemp("newer") / "template")


@pytest.fixture(scope="session")
def upstream(
    template: Path, newer_template: Newer, tmp_path_factory: pytest.TempPathFactory
) -> Upstream:
    """Return a repository with the tags `before`, `today` and `after`."""
    work = tmp_path_factory.mktemp("upstream")
    made = Upstream(work / "ds-mle-template")
    made.path.mkdir()
    git(made.path, "init", "--quiet")
    made.release("before", earlier_layout(work / "before"))
    made.release("today", template)
    made.release("after", newer_template.path)
    return made


@pytest.fixture(scope="session")
def rendered_today(render: Render) -> Project:
    """Return a project as today's template renders it, for the tests of 1.0.0."""
    return render(project_slug="my_model")


@pytest.fixture(params=["With cruft", "With git alone"])
def way(request: pytest.FixtureRequest) -> str:
    """Each way to update, by its heading on the page of commands."""
    heading: str = request.param
    return heading
