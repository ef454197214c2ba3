"""One list says whose each path is; every file that follows from it does follow."""

import itertools
import json
import tomllib

import pytest

import ownership
from tests.conftest import ROOT, Render

LIST = ownership.read((ROOT / "ownership.toml").read_text("utf-8"))
QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def renders(render: Render) -> list[set[str]]:
    """Return the files of a project for every choice of what may be left out."""
    return [set(render(runs_on=runs_on).files()) for runs_on in QUESTIONS["runs_on"]]


def test_ownership_every_file_has_an_entry(renders: list[set[str]]) -> None:
    """A new file of the template belongs to somebody from its first commit."""
    files = set().union(*renders)
    without = sorted(name for name in files if LIST.of(name) is None)
    assert not without, f"Name these in ownership.toml and run `make ownership`: {without}"


def test_ownership_every_entry_has_a_file(renders: list[set[str]]) -> None:
    """An entry counts for at least one file; a path that is gone leaves the list."""
    used = {LIST.of(name) for name in set().union(*renders)}
    assert not [entry.path for entry in LIST.entries if entry not in used]


def test_ownership_entries_do_not_contradict_each_other() -> None:
    """A path is named once, and a folder that is left alone or replaced is so as a whole."""
    paths = [entry.path for entry in LIST.entries]
    assert len(paths) == len(set(paths))
    for outer, inner in itertools.permutations(LIST.entries, 2):
        if outer.matches(inner.path):
            assert (outer.kind, inner.kind) == ("shared", "team"), f"{inner.path} in {outer.path}"


def test_ownership_engine_is_one_folder() -> None:
    """An update replaces it as a whole."""
    assert LIST.paths("engine") == ["engine"]


def test_ownership_written_files_are_fresh() -> None:
    """CODEOWNERS, pyproject.toml and TEMPLATE.md are as `make ownership` writes them."""
    for file, text in ownership.written(LIST).items():
        assert file.read_text("utf-8") == text, f"{file.name} is stale. Run `make ownership`."


def test_ownership_cruft_skips_the_team(render: Render) -> None:
    """cruft reads the table of a project's pyproject.toml, without trailing slashes."""
    settings = tomllib.loads(render().read("pyproject.toml"))["tool"]["cruft"]
    assert settings["skip"] == LIST.paths("team")


def test_ownership_codeowners_last_match_is_the_list(render: Render) -> None:
    """Read as GitHub reads it, each file has the owner that the list gives it."""
    project = render(data_science_team="@ds", ml_engineering_team="@mle")
    lines = [
        line.split(maxsplit=1)
        for line in project.read(".github/CODEOWNERS").splitlines()
        if line and not line.startswith("#")
    ]
    teams = {"data science": "@ds", "ML engineering": "@mle", "both": "@ds @mle"}
    for name in project.files():
        entry = LIST.of(name)
        assert entry is not None
        expected = teams[LIST.approvals.get(name, entry.owner)]
        matching = [
            owners
            for path, owners in lines
            if path in ("*", f"/{name}") or (path.endswith("/") and f"/{name}".startswith(path))
        ]
        assert matching[-1] == expected, name


def test_ownership_owners_are_those_agreed_on(render: Render) -> None:
    """The engine is ML engineering's; each team signs for itself; the rest is both's."""
    project = render(data_science_team="@ds", ml_engineering_team="@mle")
    owners = dict(
        line.split(maxsplit=1)
        for line in project.read(".github/CODEOWNERS").splitlines()
        if line and not line.startswith("#")
    )
    expected = {
        "*": "@ds @mle",
        "/engine/": "@mle",
        "/problem/": "@ds",
        "/poc/": "@ds @mle",
        "/serving/": "@mle",
        "/deploy/": "@mle",
        "/handoff/records/*/data-science.toml": "@ds",
        "/handoff/records/*/ml-engineering.toml": "@mle",
    }
    assert {path: owners[path] for path in expected} == expected


def test_ownership_template_page_names_every_path(render: Render) -> None:
    """TEMPLATE.md shows each path with whose it is and who approves."""
    page = render().read("TEMPLATE.md")
    for entry in LIST.entries:
        assert f"| `{entry.path}` | {entry.kind} | {entry.owner} |" in page
