"""The hooks, rendered as cookiecutter renders them, one function at a time."""

import ast
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from cookiecutter.utils import create_env_with_context

from tests.conftest import ROOT

HOOKS = sorted((ROOT / "hooks").glob("*.py"))
GOOD = {
    "project_name": "Late Parcels",
    "project_slug": "late_parcels",
    "description": "Which parcels will be late?",
    "organisation": "Parcel Post",
    "data_science_team": "@parcel-post/data-science",
    "ml_engineering_team": "@parcel-post/ml-engineering",
    "dataset": "parcels",
    "runs_on": "one machine",
}


def hook(name: str, answers: dict[str, str], folder: Path) -> ModuleType:
    """Render a hook with cookiecutter's own environment and import the outcome."""
    context = {"cookiecutter": answers}
    rendered = create_env_with_context(context).from_string(
        (ROOT / "hooks" / f"{name}.py").read_text("utf-8")
    )
    file = folder / f"{name}.py"
    file.write_text(rendered.render(**context), "utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", HOOKS, ids=lambda path: path.stem)
def test_a_hook_is_short_and_reaches_neither_network_nor_git(path: Path) -> None:
    """Under 60 lines, and nothing imported that could do more than look at text and files.

    `runpy` runs the engine's version.py in the project, which tests/render/test_engine.py reads.
    """
    source = path.read_text("utf-8")
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= {"json", "keyword", "pathlib", "re", "runpy", "shlex", "shutil", "sys"}
    assert len(source.splitlines()) < 60


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "'",
            '"',
            '"""',
            "'''",
            '\\"""',
            "back\\slash",
            "trailing\\",
            "\\u0022",
            "x\ny",
            "\0",
        ),
        *("Größe 🎉 日本", "</script>", "{# #}", '");import os;("', "\ud800"),
    ],
)
def test_answers_reach_a_hook_as_they_are(text: str, tmp_path: Path) -> None:
    """Whatever an answer holds, the hook stays the same program and reads the answer back."""
    answers = GOOD | {"project_name": text}
    assert json.loads(hook("pre_gen_project", answers, tmp_path).ANSWERS) == answers


def test_good_answers_are_taken(tmp_path: Path) -> None:
    """The twin of the refusals below."""
    assert hook("pre_gen_project", GOOD, tmp_path).refusals(GOOD) == []


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("project_name", ["", " ", "two\nlines", "a\ttab", "{{ name }}", "{% x %}", "`id`"]),
        ("project_name", ["<script>", "\0", "turned \u202e round", "\ud800"]),
        ("description", ["", "two\nlines", "line\u2028separator"]),
        ("organisation", ["", "two\rlines"]),
        ("project_slug", ["", "../x", "a/b", "a\\b", "/x", ".", "..", "1abc", "class", "None"]),
        ("project_slug", ["a-b", "a b", "A", "_a", "a_", "größe", "a\n", "a" * 51, "a;id"]),
        ("data_science_team", ["", "team", "@", "@org/", "@/team", "@a b", "me@example.org"]),
        ("ml_engineering_team", ["@org/team\n* @other", "@org/team @other", "@org//team"]),
    ],
)
def test_a_bad_answer_is_refused_with_a_sentence(
    question: str, answers: list[str], tmp_path: Path
) -> None:
    """The sentence names the question, says what was expected, what came, and what to do."""
    refusals = hook("pre_gen_project", GOOD, tmp_path).refusals
    for answer in answers:
        (sentence,) = refusals(GOOD | {question: answer})
        assert sentence.startswith(f"error: {question}: expected ")
        assert f"got {answer!r}; next: " in sentence
        assert len(sentence.splitlines()) == 1


def test_every_bad_answer_is_named(tmp_path: Path) -> None:
    """Nobody has to answer eight questions again for each mistake."""
    answers = GOOD | {"project_slug": "1abc", "organisation": ""}
    assert len(hook("pre_gen_project", GOOD, tmp_path).refusals(answers)) == 2


@pytest.mark.parametrize(
    "text", ["O'Brien", 'the "late" ones', "back\\", "Größe 🎉", "a | b #1 $x"]
)
def test_plain_text_is_taken_whatever_its_signs(text: str, tmp_path: Path) -> None:
    """A person's own words are not made to fit a file format."""
    answers = GOOD | {"project_name": text, "description": text, "organisation": text}
    assert hook("pre_gen_project", GOOD, tmp_path).refusals(answers) == []


@pytest.mark.parametrize("handle", ["@person", "@org/team", "@org/group/team.name_1"])
def test_one_handle_may_own_both_sides(handle: str, tmp_path: Path) -> None:
    """The full-stack data scientist of a start-up."""
    answers = GOOD | {"data_science_team": handle, "ml_engineering_team": handle}
    assert hook("pre_gen_project", GOOD, tmp_path).refusals(answers) == []


def test_what_is_not_there_is_removed_already(tmp_path: Path) -> None:
    """A team that took `deploy/compose.yaml` out of its copy of the template can still render."""
    hook("post_gen_project", GOOD, tmp_path).remove(tmp_path / "nothing")


def test_a_data_set_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parcels must never stand in silently for the data that was asked for."""
    monkeypatch.chdir(tmp_path)
    answers = GOOD | {"dataset": "sklearn:wine"}
    with pytest.raises(FileNotFoundError):
        hook("post_gen_project", answers, tmp_path).main(answers)
