"""The rendered project holds exactly what was chosen, and nothing of the template itself."""

import ast
import hashlib
import itertools
import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.conftest import INSIDE, ROOT, Project, Render, contents

QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
JINJA = re.compile(r"\{[{%#]")
# What a team decides, in Python: as long as features, columns and notebooks need it.
DECISIONS = ("data/contract.py", "eda/explore.py", "poc/features.py", "poc/rough.py")
# Files of a top level that need no line in the README's map: tools look for them, people do not.
UNMAPPED = (".dockerignore", ".gitignore")

# What the hook makes; tests/render/test_engine.py reads it.
MADE = ("engine/.gitattributes", "engine/MANIFEST.json", "engine/tests/starter/")


@pytest.fixture(
    scope="module",
    params=itertools.product(QUESTIONS["dataset"], QUESTIONS["runs_on"]),
    ids=lambda choices: "-".join(choices).replace(" ", "_"),
)
def choices(request: pytest.FixtureRequest) -> dict[str, str]:
    """Every choice of every question that offers some."""
    dataset, runs_on = request.param
    return {"dataset": dataset, "runs_on": runs_on}


@pytest.fixture(scope="module")
def project(choices: dict[str, str], render: Render) -> Project:
    """Return a project with these choices; the tests below only read it."""
    return render(**choices)


@pytest.fixture(scope="module")
def inside(template: Path) -> dict[str, bytes]:
    """Return the files that the template holds for a project."""
    return contents(template / INSIDE)


def copied(name: str) -> bool:
    """Tell whether cookiecutter copies a file as it is."""
    return any(fnmatch(name, pattern) for pattern in QUESTIONS["_copy_without_render"])


def test_no_file_is_lost_and_none_is_left_over(
    choices: dict[str, str], project: Project, inside: dict[str, bytes]
) -> None:
    """All of the template's files but those of the choices that were not made."""
    not_chosen = {"one machine": "deploy/kubernetes/", "Kubernetes": "deploy/compose.yaml"}
    gone = ("data/examples/", not_chosen[choices["runs_on"]])
    there = sorted(name for name in project.files() if not name.startswith(MADE))
    assert there == sorted(name for name in inside if not name.startswith(gone))


def test_the_chosen_data_is_framed_and_described(
    choices: dict[str, str], project: Project, inside: dict[str, bytes]
) -> None:
    """`problem.toml` and `contract.py` are those of the data set; parcels stand in place."""
    home = {"problem.toml": "problem", "contract.py": "data"}
    for name, folder in home.items():
        example = f"data/examples/{choices['dataset'].removeprefix('sklearn:')}"
        source = folder if choices["dataset"] == "parcels" else example
        assert project.files()[f"{folder}/{name}"] == inside[f"{source}/{name}"]


def test_shipped_framing_is_answered_and_has_a_valid_checksum(
    choices: dict[str, str], project: Project
) -> None:
    """The checksum shows `data adopt` that nobody edited the files, so it may replace them."""
    assert tomllib.loads(project.read("problem/problem.toml"))["assumed"] == []
    for name in ("problem/problem.toml", "data/contract.py"):
        # As `engine.adopt.copying` writes it, whose imports need the project's packages.
        text, mark, checksum = project.read(name).rpartition("# as generated: ")
        right = hashlib.sha256(text.encode()).hexdigest()[:16]
        assert checksum == f"{right}\n", f"{name} must end with: {mark}{right}"


def test_copied_files_are_the_same_bytes(project: Project, inside: dict[str, bytes]) -> None:
    """What is not rendered can be linted, typed and tested where it stands."""
    chosen = ("problem/problem.toml", "data/contract.py")
    for name, data in project.files().items():
        if copied(name) and name not in chosen and not name.startswith(MADE):
            assert data == inside[name], name


def test_no_jinja_is_left(project: Project) -> None:
    """Rendered files hold none at all; copied ones (dashboards, workflows) none of ours."""
    for name, data in project.files().items():
        text = data.decode(errors="replace")
        assert "cookiecutter." not in text, name
        assert copied(name) or not JINJA.search(text), name


def test_python_is_plain_python_where_it_stands(inside: dict[str, bytes]) -> None:
    """It parses, it is copied, and no answer is threaded through it."""
    for name in filter(lambda name: name.endswith(".py"), inside):
        ast.parse(inside[name], name)
        assert copied(name), name
        assert not re.search(rb"\{%|\{\{ *cookiecutter", inside[name]), name


def test_the_map_in_the_readme_is_the_tree(project: Project) -> None:
    """One line for each folder and file of the top level, and none for what is not there."""
    drawn = re.search(r"^```\n(problem/.*?)^```$", project.read("README.md"), re.M | re.S)
    assert drawn is not None, "expected a fenced map that begins with problem/ in README.md"
    mapped = [line.split()[0] for line in drawn[1].splitlines() if not line.startswith(" ")]
    there = {path.name + "/" * path.is_dir() for path in project.path.iterdir()}
    assert len(mapped) == len(set(mapped))
    assert set(mapped) == there - {"README.md", *UNMAPPED}


def test_every_folder_has_an_owner(project: Project) -> None:
    """CODEOWNERS names what is there, and leaves no stage to everybody."""
    lines = project.read(".github/CODEOWNERS").splitlines()
    owners = dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    for place in owners:
        assert "*" in place or (project.path / place.strip("/")).exists(), place
    for package in project.path.glob("*/__init__.py"):
        if package.parent.name != "tests":
            assert f"/{package.parent.name}/" in owners
    assert owners["/problem/"] == "@my-organisation/data-science"
    assert owners["/serving/"] == "@my-organisation/ml-engineering"
    assert owners["*"] == "@my-organisation/data-science @my-organisation/ml-engineering"
    assert owners["/handoff/records/*/data-science.toml"] == owners["/problem/"]
    assert owners["/handoff/records/*/ml-engineering.toml"] == owners["/serving/"]


def test_one_team_for_both_roles_is_named_once(render: Render) -> None:
    """The full-stack data scientist of a start-up owns every folder."""
    one = "@somebody"
    project = render(data_science_team=one, ml_engineering_team=one)
    lines = project.read(".github/CODEOWNERS").splitlines()
    assert {line.split(maxsplit=1)[1] for line in lines if line.startswith(("/", "*"))} == {one}


def lines_of(files: dict[str, bytes]) -> dict[str, int]:
    """The number of lines of every Python file, by name; examples are data."""
    return {
        name: data.count(b"\n")
        for name, data in files.items()
        if name.endswith(".py") and not name.startswith("data/examples/")
    }


def in_stages(name: str) -> bool:
    """Whether a file is the team's code: its decisions and its programs, without tests."""
    return not name.startswith(("engine/", "tests/"))


def test_stage_folders_are_short_enough_to_read_in_an_afternoon(inside: dict[str, bytes]) -> None:
    """At most 2,500 lines of Python, notebooks, features and contract included."""
    lines = {name: count for name, count in lines_of(inside).items() if in_stages(name)}
    assert sum(lines.values()) <= 2500, lines


def test_every_program_fits_on_one_screen(inside: dict[str, bytes]) -> None:
    """At most 100 lines, so that a stage is read at a glance; what a team decides may be longer."""
    for name, lines in lines_of(inside).items():
        if in_stages(name) and name not in DECISIONS:
            assert lines <= 100, f"{name} has {lines} lines"


def test_engine_files_and_rooms_are_small(inside: dict[str, bytes]) -> None:
    """Files of at most 250 lines, folders of at most 2,000; see docs/decisions/0013."""
    rooms: dict[str, int] = {}
    for name, lines in lines_of(inside).items():
        if name.startswith("engine/") and not name.startswith("engine/tests/"):
            assert lines <= 250, f"{name} has {lines} lines"
            room = str(Path(name).parent)
            rooms[room] = rooms.get(room, 0) + lines
    assert all(lines <= 2000 for lines in rooms.values()), rooms
