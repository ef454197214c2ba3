"""`data adopt` writes files that are right for the table and clean code, and loses no work."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE, is_edited
from engine.data.columns import columns
from engine.data.load import load
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE, Problem, parse, read
from engine.tests.data.made import HOSTILE, contents, csv, schema_of, table
from engine.tests.project import HOME, PYTHONPATH

WRITTEN = (PROBLEM_FILE, CONTRACT_FILE)


def adopted() -> tuple[Problem, pd.DataFrame]:
    """What was adopted, read as training reads it."""
    problem = read()
    schema = schema_of(CONTRACT_FILE)
    frame = load(problem, schema)
    columns(problem, schema, frame)
    return problem, frame


def test_adopt_infers_types_ranges_and_roles(project: Path) -> None:
    source = csv(table().assign(order=[f"o{n}" for n in range(120)]), project.parent / "t.csv")
    adoption = adopt(source, "late", time="at", id_column="order")
    problem, frame = adopted()
    described = {one.name: one for one in columns(problem, schema_of(CONTRACT_FILE), frame)}
    assert {name: one.type for name, one in described.items()} == {
        "size": "number", "items": "integer", "fragile": "boolean", "colour": "category",
        "at": "date",
    }  # fmt: skip
    assert described["size"].nullable
    assert described["items"].minimum == 0
    assert problem.target.positive is True
    assert (problem.rows.id, problem.rows.time) == ("order", "at")
    assert problem.rows.source == "data/raw/t.csv"
    # Whom rows belong to cannot be guessed: where to say it stands in the file.
    edited = PROBLEM_FILE.read_text("utf-8").replace('# unit = "COLUMN"', 'unit = "colour" #')
    assert parse(edited, "problem.toml").rows.unit == "colour"
    assert Path(source).read_bytes() == Path("data/raw/t.csv").read_bytes()
    assert "value" in problem.assumed
    assert adoption.rows == len(frame) == 120


@pytest.mark.parametrize("target", ["late", "colour", "size"])
def test_adopt_examples_of_expectations_hold_without_their_sign(project: Path, target: str) -> None:
    """A newcomer removes the '#' and has a valid problem with each kind that the task allows."""
    frame = table().assign(other=["a", "b"] * 60)
    adopt(csv(frame, project.parent / "t.csv"), target)
    text = PROBLEM_FILE.read_text("utf-8")
    head, mark, expectations = text.partition("# [[")
    examples = re.sub(r"^# ", "", mark + expectations.partition("# as generated")[0], flags=re.M)
    problem = parse(head.replace("# slices", "slices") + examples, "problem.toml")
    kinds = {kind for kind, listed in problem.expectations if listed}
    assert kinds >= {"invariance", "minimum"}
    assert ("direction" in kinds) == (problem.target.task != "multiclass")
    assert problem.success.slices


def test_adopt_excludes_unusable_columns_with_the_reason(project: Path) -> None:
    unusable = table().assign(
        number=range(7, 127),
        name=[f"person {n}" for n in range(120)],
        site="Berlin",
        nothing=None,
        note=[f"{n % 70}" * 3 + "x" for n in range(120)],
        essay=["x" * 201, "y" * 201] * 60,
    )
    adopt(csv(unusable, project.parent / "t.csv"), "late")
    excluded = adopted()[0].columns.excluded
    assert excluded == {
        "number": "it numbers the rows: an identifier",
        "name": "each row has its own value: an identifier or free text",
        "site": "it is constant: Berlin",
        "nothing": "it is empty",
        "note": "it has 70 different values: free text, names or codes",
        "essay": "it has 2 different values: free text, names or codes",
    }


def test_adopt_repeated_names_are_proposed_as_unit(project: Path) -> None:
    rows = 360
    machines = table(rows).assign(machine=[f"M-{n % 120}" for n in range(rows)])
    adopt(csv(machines, project.parent / "t.csv"), "late")
    assert adopted()[0].columns.excluded == {
        "machine": "it has 120 different values: free text, names or codes; if rows of one value "
        "belong together, name it under rows.unit"
    }


@pytest.mark.parametrize(
    ("values", "task", "positive"),
    [
        ([True, False], "binary", True),
        ([0, 1], "binary", 1),
        ([0.0, 1.0, np.nan], "binary", 1),
        ([True, False, None], "binary", True),
        (["no", "yes"], "binary", "yes"),
        (["good", "good", "bad"], "binary", "bad"),
        ([2, 5, 7], "multiclass", None),
        (["a", "b", "c"], "multiclass", None),
        (list(range(11)), "regression", None),
        ([0.5, 1.5, 2.5], "regression", None),
    ],
)
def test_adopt_guesses_task_and_positive_class(
    values: list[Any], task: str, positive: Any, project: Path
) -> None:
    outcome = (values * 120)[:120]
    adopt(csv(table().assign(late=outcome), project.parent / "t.csv"), "late")
    problem, frame = adopted()
    assert (problem.target.task, problem.target.positive) == (task, positive)
    assert len(frame) == pd.Series(outcome).notna().sum()
    if task == "binary":
        assert positive in frame["late"].tolist()


@pytest.mark.parametrize("name", HOSTILE)
def test_adopt_any_column_name_is_kept(name: str, project: Path) -> None:
    """As a feature, as an excluded column and as the target; the contract stays formatted."""
    frame = table().rename(columns={"size": name, "late": f"{name[:199]}?"})
    frame[f"{name[:199]}!"] = "constant"
    frame.to_parquet("t.parquet")
    adopt("t.parquet", f"{name[:199]}?")
    problem, read_back = adopted()
    assert problem.target.column == f"{name[:199]}?"
    assert f"{name[:199]}!" in problem.columns.excluded
    assert name in read_back


def test_adopt_contract_of_hostile_names_is_formatted_and_linted(project: Path) -> None:
    frame = pd.concat([table(), *(table()["size"].rename(name) for name in HOSTILE)], axis=1)
    frame.to_parquet("t.parquet")
    adopt("t.parquet", "late")
    settings = ["--config", str(HOME / "pyproject.toml"), "--no-cache", str(CONTRACT_FILE)]
    for words in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, *settings],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_adopt_names_that_differ_in_case_are_two_columns(project: Path) -> None:
    frame = table().assign(Late=np.arange(120) % 7, LATE="x")
    adopt(csv(frame, project.parent / "t.csv"), "late")
    problem, read_back = adopted()
    assert problem.target.column == "late"
    assert list(problem.columns.excluded) == ["LATE"]
    assert "Late" in read_back


def test_adopt_numbers_as_names_are_names(project: Path) -> None:
    pd.DataFrame({1: np.arange(120.0) ** 2, 2: [True, False] * 60}).to_parquet("t.parquet")
    adopt("t.parquet", "2")
    assert list(adopted()[1]) == ["1", "2"]


def test_adopt_wide_table_is_adopted(project: Path) -> None:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(120, 300))).add_prefix("c")
    adoption = adopt(csv(table().join(wide), project.parent / "t.csv"), "late")
    assert len(adoption.guesses) == 306
    assert adopted()[1].shape == (120, 306)


def test_adopt_rows_without_target_do_not_count(project: Path) -> None:
    """A line of totals at the end: one word among numbers, and gaps that no other row has."""
    total = pd.DataFrame({"size": [480.0], "items": ["in all"]})
    rows = table().assign(customer=np.arange(120)[::-1] + 5000)
    adoption = adopt(csv(pd.concat([rows, total]), project.parent / "t.csv"), "late")
    problem, frame = adopted()
    described = {one.name: one for one in columns(problem, schema_of(CONTRACT_FILE), frame)}
    assert (described["items"].type, described["items"].nullable) == ("integer", False)
    assert "left out because 'late' is missing: 1 row" in adoption.notes
    # Written 5119.0, for the gap: a key all the same.
    assert "numbers the rows" in problem.columns.excluded["customer"]


def test_adopt_line_of_totals_is_noted(project: Path) -> None:
    rows = table().assign(late=np.arange(120) * 1.5, colour="[removed]")
    source = project.parent / "t.csv"
    assert not any("totals" in note for note in adopt(csv(rows, source), "late").notes)
    total = pd.DataFrame({"items": [rows["items"].sum()], "late": [rows["late"].sum()]})
    adoption = adopt(csv(pd.concat([rows, total]), source), "late", force=True)
    assert any("the sum of 'items', 'late': a line of totals?" in note for note in adoption.notes)


def test_adopt_twice_gives_the_same_files(project: Path) -> None:
    source = csv(table(), project.parent / "t.csv")
    adopt(source, "late", time="at")
    first = contents(project)
    adopt(source, "late", time="at")
    assert contents(project) == first
    adopt("data/raw/t.csv", "late", time="at")
    assert contents(project) == first


@pytest.mark.parametrize("edited", WRITTEN)
def test_adopt_edited_files_are_replaced_only_with_force(edited: Path, project: Path) -> None:
    source = csv(table(), project.parent / "t.csv")
    adopt(source, "late")
    fresh = contents(project)
    edited.write_text(edited.read_text("utf-8") + "# a thought\n", "utf-8")
    mine = contents(project)
    with pytest.raises(BadInput, match=edited.name) as refusal:
        adopt(source, "late")
    assert refusal.value.code == "edited-file"
    assert contents(project) == mine
    adopt(source, "late", force=True)
    assert contents(project) == fresh


def test_is_edited_other_line_ends_are_no_edit(project: Path) -> None:
    source = csv(table(), project.parent / "t.csv")
    adopt(source, "late")
    for path in WRITTEN:
        assert not is_edited(path)
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        assert not is_edited(path)
        path.write_bytes(path.read_bytes().replace(b"late", "spät".encode("latin-1"), 1))
        assert is_edited(path)


def test_command_prints_every_decision(project: Path) -> None:
    csv(table().assign(site="Berlin"), project / "t.csv")
    done = command("t.csv", "--target", "late", "--time", "at")
    assert done.returncode == 0, done.stderr
    assert re.search(r"site +category +– +excluded: it is constant: Berlin", done.stdout)
    assert "may be missing: 'size'" in done.stdout
    assert tomllib.loads(PROBLEM_FILE.read_text("utf-8"))["rows"]["time"] == "at"


def test_command_unknown_column_exits_with_2_and_one_line(project: Path) -> None:
    csv(table(), project / "t.csv")
    before = contents(project)
    done = command("t.csv", "--target", "lateness")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error[unknown-column]: --target lateness: no such column; t.csv has 'size'"
    )
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert contents(project) == before


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    """`python -m data adopt` as a person runs it, in the test's folder."""
    return subprocess.run(
        [sys.executable, "-m", "data", "adopt", *words],
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        check=False,
    )
