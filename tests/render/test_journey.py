"""`make journey`: answers are read as typed, and a former render gives way only to a new one."""

from pathlib import Path

import pytest

import journey
from tests.conftest import ROOT, Project, contents, run

MAKEFILE = """\
journey:
\t@mkdir -p build/journey
\t@echo '{{"verdict": "{verdict}"}}' > build/journey/summary.json
\t@exit {code}
"""


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("", {}),
        ("dataset=sklearn:wine", {"dataset": "sklearn:wine"}),
        (
            'runs_on="one machine" project_name="My Parcels"',
            {"runs_on": "one machine", "project_name": "My Parcels"},
        ),
        ("description='costs $5, `ls` = $(ls)'", {"description": "costs $5, `ls` = $(ls)"}),
    ],
)
def test_answers_are_read_as_typed(text: str, answers: dict[str, str]) -> None:
    """Quotes hold words together; nothing is expanded."""
    assert journey.parse_answers(text) == answers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("project_name=My Parcels", "got 'Parcels'; next: quote spaces"),
        ('project_name="My Parcels', "closed quotes"),
        ("data_set=parcels", "name out of project_name, project_slug"),
        ("_template=x", "got '_template=x'"),
        ("dataset=iris", "dataset: expected one of parcels, sklearn:breast_cancer"),
        ("project_name='{{ 7*7 }}'", "project_name: expected text without { and }"),
    ],
)
def test_answers_that_cannot_be_meant_are_refused(text: str, sentence: str) -> None:
    """A misspelt question would otherwise be answered by its default, without a word."""
    with pytest.raises(journey.BadAnswers, match=r"^error: ") as refusal:
        journey.parse_answers(text)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ("project_slug=../x", "error: project_slug: expected a lower-case Python name"),
        ("dataset=iris", "error: dataset: expected one of"),
        ("description='$(touch oops)' project_slug=class", "got 'class'; next: answer it anew"),
    ],
)
def test_make_refuses_in_a_sentence(answers: str, sentence: str) -> None:
    """No traceback, and neither make nor a shell reads the answers."""
    made = run("make", "journey", f"ANSWERS={answers}", cwd=ROOT)
    assert made.returncode != 0
    assert sentence in made.stderr
    assert "Traceback" not in made.stderr
    assert not (ROOT / "oops").exists()


def test_a_former_render_gives_way_to_a_whole_new_one(tmp_path: Path) -> None:
    """Nothing of the former one shines through, and nothing else is left lying about."""
    first = journey.render({}, tmp_path)
    (first / "leftover.txt").write_text("old")
    second = journey.render({}, tmp_path)
    assert first == second == tmp_path / "my_model"
    assert not (second / "leftover.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["my_model"]


def test_a_refused_render_leaves_the_former_one(tmp_path: Path) -> None:
    """The twin: what cannot be made does not cost what was made."""
    project = journey.render({}, tmp_path)
    before = contents(project)
    with pytest.raises(journey.BadAnswers, match="error: organisation"):
        journey.render({"organisation": ""}, tmp_path)
    assert contents(project) == before
    assert [path.name for path in tmp_path.iterdir()] == ["my_model"]


def test_a_render_is_a_repository_of_its_own(tmp_path: Path) -> None:
    """Inside the template's, every file would be an ignored one."""
    project = Project(journey.render({}, tmp_path))
    found = project.run("git", "rev-parse", "--show-toplevel").stdout.strip()
    assert Path(found) == project.path.resolve()


@pytest.mark.parametrize(
    ("verdict", "code", "expected"),
    [("passed", 0, 0), ("stopped", 3, 3), ("passed", 1, 1), ("stopped", 0, 0)],
)
def test_the_journey_keeps_its_exit_code(
    verdict: str, code: int, expected: int, tmp_path: Path
) -> None:
    """make itself only says 2; a closed gate must not look like a broken machine."""
    (tmp_path / "Makefile").write_text(MAKEFILE.format(verdict=verdict, code=code))
    assert journey.live(tmp_path) == expected


def test_a_journey_that_breaks_before_its_summary_is_broken(tmp_path: Path) -> None:
    """No summary, no verdict."""
    (tmp_path / "Makefile").write_text("journey:\n\t@exit 3\n")
    assert journey.live(tmp_path) == 1


def test_work_in_place_leaves_no_trace_in_a_snapshot(tmp_path: Path) -> None:
    """Caches and builds of those who run the project where it stands stay out of every render."""
    names = contents(journey.snapshot(tmp_path))
    assert "cookiecutter.json" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("build/")]
