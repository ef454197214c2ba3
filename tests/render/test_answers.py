"""Whatever is answered: a sound project, or a sentence and no half-made folder."""

import json
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
from cookiecutter.exceptions import CookiecutterException, OutputDirExistsException
from cookiecutter.main import cookiecutter

from tests.conftest import ROOT, Project, Render, run

QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
FIXED = {
    "project_slug": "plain",
    "data_science_team": "@org/data",
    "ml_engineering_team": "@org/ml",
}


def test_eight_questions_are_asked_in_words() -> None:
    """More would not be answered with care; every choice says what it means."""
    prompts = QUESTIONS["__prompts__"]
    assert len(prompts) == 8
    assert list(prompts) == [name for name in QUESTIONS if not name.startswith("_")]
    for name, choices in QUESTIONS.items():
        if isinstance(choices, list) and not name.startswith("_"):
            assert set(prompts[name]) == {"__prompt__", *choices}


@pytest.mark.parametrize(
    "text",
    [
        "O'Brien's \"late\" ones",
        "back\\slash",
        "trailing\\",
        '"""',
        "'''",
        "Größe 🎉 日本",
        "__import__('os').system('touch oops')",
        "$(touch oops); touch oops",
        "%(name)s %s \\u0022 \\n",
        "# heading | cell [link](x) &amp; ]]",
        "'; DROP TABLE parcels; --",
        "a = 1 # toml",
    ],
)
def test_hostile_text_comes_out_as_plain_text(text: str, render: Render) -> None:
    """It stands in the project as it was typed, runs nowhere, and breaks no file format."""
    project = render(project_name=text, description=text, organisation=text, **FIXED)
    assert project.read("README.md").startswith(f"# {text}\n\n{text}\n")
    for name in filter(lambda name: name.endswith(".toml"), project.files()):
        tomllib.loads(project.read(name))
    assert not list(project.path.parent.rglob("oops"))


def test_jinja_on_the_command_line_is_evaluated_before_any_hook(render: Render) -> None:
    """cookiecutter does that, and no hook can undo it; what came out is plain text."""
    project = render(project_name="{{ 7*7 }}", **FIXED)
    assert project.read("README.md").startswith("# 49\n")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("project_name", ""),
        ("project_name", "two\nlines"),
        ("description", "<script>alert(1)</script>"),
        ("organisation", "`touch oops`"),
        ("project_slug", "../x"),
        ("project_slug", "1abc"),
        ("project_slug", "class"),
        ("project_slug", "with space"),
        ("project_slug", "{{ 7*7 }}"),
        ("data_science_team", "@org/team\n* @other"),
        ("ml_engineering_team", "nobody"),
    ],
)
def test_a_refusal_leaves_no_folder(
    question: str, answer: str, template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and the place looks as before."""
    output = tmp_path / "output"
    with pytest.raises(CookiecutterException):
        render_into(output, template, **{question: answer})
    assert f"error: {question}: expected " in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["output"]
    assert not list(output.iterdir())


def test_a_slash_in_the_slug_leaves_at_most_the_outer_folder(
    template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """cookiecutter makes both folders before the hook runs, and removes only the inner one."""
    with pytest.raises(CookiecutterException):
        render_into(tmp_path, template, project_slug="a/b")
    assert "error: project_slug: expected " in capfd.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


@pytest.mark.parametrize("slug", ["mine", "", ".", ".."])
def test_a_folder_that_is_there_stays_as_it_is(slug: str, template: Path, tmp_path: Path) -> None:
    """Nobody's work is overwritten."""
    output = tmp_path / "output"
    (output / "mine").mkdir(parents=True)
    (output / "mine" / "work.txt").write_text("mine")
    with pytest.raises(OutputDirExistsException, match="already exists"):
        render_into(output, template, project_slug=slug)
    assert [path.name for path in output.rglob("*")] == ["mine", "work.txt"]
    assert (output / "mine" / "work.txt").read_text() == "mine"


@pytest.mark.parametrize("question", ["dataset", "runs_on"])
def test_a_choice_that_is_not_offered_is_refused(
    question: str, template: Path, tmp_path: Path
) -> None:
    """cookiecutter says which are, before anything is made."""
    with pytest.raises(ValueError, match="the choices are"):
        render_into(tmp_path / "output", template, **{question: "other"})
    assert not (tmp_path / "output").exists()


def test_the_command_line_renders_with_the_defaults(template: Path, tmp_path: Path) -> None:
    """`cookiecutter <template>` and eight times Enter; five lines say what comes next."""
    result = run(sys.executable, "-m", "cookiecutter", str(template), cwd=tmp_path, input="\n" * 8)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "my_model" / "README.md").is_file()
    assert "next: cd my_model && git init --initial-branch main" in result.stdout.splitlines()[-5]


def test_jinja_typed_at_a_question_is_refused(template: Path, tmp_path: Path) -> None:
    """It would be evaluated later, each time the project is updated from the template."""
    answers = "{{ 7*7 }}\nplain\n" + "\n" * 6
    result = run(sys.executable, "-m", "cookiecutter", str(template), cwd=tmp_path, input=answers)
    assert result.returncode == 1
    assert "error: project_name: expected one line of text" in result.stderr
    assert not list(tmp_path.iterdir())


def render_into(output: Path, template: Path, **answers: str) -> None:
    """Render where the test can see what is left behind."""
    cookiecutter(str(template), no_input=True, extra_context=answers, output_dir=str(output))


def test_refused_answer_loses_no_other_answer(template: Path, tmp_path: Path) -> None:
    """The printed command offers each of them again: only the refused one has to be typed."""
    answers = "O'Brien's ones\n1abc\nIn one line.\nOrg\n@org/data\n@org/ml\n3\n2\n"
    words = [sys.executable, "-m", "cookiecutter", str(template)]
    refused = run(*words, cwd=tmp_path, input=answers)
    assert "error: project_slug: expected " in refused.stderr
    [command] = re.findall(r"cookiecutter .*$", refused.stderr, re.M)
    offered = shlex.split(command)[1:]
    typed = "\ngood_name\n" + "\n" * 6
    made = run(sys.executable, "-m", "cookiecutter", *offered, cwd=tmp_path, input=typed)
    assert made.returncode == 0, made.stderr
    project = Project(tmp_path / "good_name")
    assert project.read("README.md").startswith("# O'Brien's ones\n\nIn one line.\n")
    assert "@org/ml" in project.read(".github/CODEOWNERS")
    assert 'source = "sklearn:wine"' in project.read("problem/problem.toml")
    assert (project.path / "deploy/kubernetes").is_dir()
