"""A delivery is judged whole, or said to be judged in part; every refused cell is listed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pandas as pd
import pandera.pandas as pa
import pytest

from data.__main__ import main
from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.data.check import Checked, check
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.problem.spec import read as read_problem
from engine.tests.data.made import csv, schema_of, table

Command = Callable[[pd.DataFrame], int]


@pytest.fixture
def adopted(project: Path) -> pd.DataFrame:
    """A sound table with an id, adopted; `arrived` is known only after the outcome."""
    rows = table().assign(order=[f"o{n}" for n in range(120)], arrived=range(0, 240, 2))
    adopt(csv(rows, project.parent / "orders.csv"), "late", time="at", id_column="order")
    text = PROBLEM_FILE.read_text("utf-8")
    PROBLEM_FILE.write_text(
        text.replace("[columns.known_after]", '[columns.known_after]\narrived = "on arrival"'),
        "utf-8",
    )
    return rows


def checked(delivery: pd.DataFrame, name: str = "new.csv") -> Checked:
    """What is said of these rows as a new delivery."""
    return check(read_problem(), schema_of(CONTRACT_FILE), csv(delivery, Path(name)))


def test_a_sound_delivery_holds_whole(adopted: pd.DataFrame) -> None:
    result = checked(adopted[::-1])
    assert result.holds
    assert (result.rows, result.unchecked, result.unlabelled, result.report) == (120, (), 0, None)
    assert not Path("build/refused/new.csv").exists()


def test_every_rule_and_every_refused_cell_is_listed(adopted: pd.DataFrame) -> None:
    bad = adopted.assign(order=adopted["order"].where(adopted.index != 5, "o4")).astype(object)
    bad.loc[10:99, "size"] = 500
    bad.loc[[7, 70], "items"] = None
    result = checked(bad)
    assert [(one.column, one.rule, len(one.cells)) for one in result.violations] == [
        ("items", "must not be missing", 2),
        ("size", next(one.rule for one in result.violations if one.column == "size"), 89),
        ("order", "must be unique", 2),
    ]
    # Each refused row is counted, whatever other rows break: 10 to 99, and 5 to 7.
    assert result.refused == 93
    assert checked(bad.assign(size="big")).refused == 120
    bad["items"] = adopted["items"]
    result = checked(bad)
    rules = {one.column: one for one in result.violations}
    assert len(rules["size"].cells) == 90
    assert rules["order"].cells.index.tolist() == [5, 6]
    assert result.refused == 92
    assert result.report == Path("build/refused/new.csv")
    listed = pd.read_csv(result.report)
    assert listed.columns.tolist() == ["row", "order", "column", "rule", "value"]
    assert listed["row"].tolist() == [5, 6, *range(11, 101)]
    assert listed["order"].tolist()[:3] == ["o4", "o4", "o10"]
    assert listed["value"].tolist()[2] == "500.0"
    assert checked(adopted).holds
    assert not result.report.exists()


def test_thousands_of_refused_cells_are_listed_and_five_are_said(adopted: pd.DataFrame) -> None:
    bad = pd.concat([adopted.assign(size=500.0, items=-1)] * 200)
    result = checked(bad.assign(order=[f"o{n}" for n in range(len(bad))]))
    assert result.refused == 24_000
    assert "24,000 rows (row 1 has 500.0, row 2 has" in str(result.violations[0])
    assert str(result.violations[0]).count("row ") == 5
    assert result.report is not None
    assert len(pd.read_csv(result.report)) == 48_000


def test_columns_are_judged_first_and_a_new_name_is_guessed(adopted: pd.DataFrame) -> None:
    result = checked(adopted.rename(columns={"colour": "Colour"}).assign(extra=1))
    assert not result.holds
    assert result.mistakes == (
        "missing columns: 'colour'",
        "unknown columns: 'Colour', 'extra'",
        "was 'colour' renamed to 'Colour'?",
    )


def test_an_outcome_that_is_not_known_yet_is_said_to_be_unchecked(adopted: pd.DataFrame) -> None:
    result = checked(adopted.drop(columns=["late", "arrived"]))
    assert result.holds
    assert result.unchecked == ("late", "arrived")
    result = checked(adopted.drop(columns="late"))
    assert (result.holds, result.unchecked) == (True, ("late",))
    result = checked(adopted.drop(columns=["late", "size"]))
    assert result.mistakes == ("missing columns: 'size'",)
    result = checked(adopted.drop(columns="late").assign(size=500.0))
    assert len(result.violations[0].cells) == 120
    result = checked(adopted.drop(columns="arrived"))
    assert result.mistakes == ("missing columns: 'arrived'",)


def test_rows_that_wait_for_their_outcome_are_counted_not_refused(adopted: pd.DataFrame) -> None:
    unlabelled = adopted.astype({"late": object, "arrived": object})
    unlabelled.loc[:9, ["late", "arrived"]] = None
    result = checked(unlabelled)
    assert (result.holds, result.unlabelled) == (True, 10)
    unlabelled.loc[50, "arrived"] = None
    result = checked(unlabelled)
    assert [(one.column, one.rule, one.cells.index.tolist()) for one in result.violations] == [
        ("arrived", "must not be missing where the outcome is known", [51])
    ]


@pytest.fixture
def command(adopted: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`python -m data check`, in a project whose contract is the one that was adopted."""
    contract = ModuleType("data.contract")
    contract.__dict__["ROW"] = schema_of(CONTRACT_FILE)
    monkeypatch.setitem(sys.modules, "data.contract", contract)
    return lambda rows: main(["check", csv(rows, Path("new.csv"))])


def test_the_command_exits_with_0_or_3_and_never_calls_a_part_a_whole(
    adopted: pd.DataFrame, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(adopted) == 0
    message = capsys.readouterr().out
    assert message == "new.csv fits the contract: 120 rows, 8 columns, every rule\n"
    assert command(adopted.drop(columns="late")) == 0
    message = capsys.readouterr().out
    assert "as far as it goes: 120 rows, 7 columns; not checked: 'late'" in message
    assert "every rule" not in message
    assert command(adopted.assign(size=500.0)) == 3
    message = capsys.readouterr().out
    assert "'size' must hold to in_range" in message
    assert "120 of 120 rows refused; every cell is listed in build/refused/new.csv" in message
    assert command(adopted.drop(columns="size")) == 3
    assert (
        "120 rows not validated: give the table the contract's columns" in capsys.readouterr().out
    )


@pytest.mark.usefixtures("command")
def test_a_delivery_that_cannot_be_read_is_bad_input() -> None:
    with pytest.raises(BadInput) as error:
        main(["check", "nowhere.csv"])
    assert error.value.code == "unknown-source"


def test_a_delivery_in_another_encoding_is_bad_input(adopted: pd.DataFrame) -> None:
    adopted.assign(colour="grün").to_csv("new.csv", index=False, encoding="windows-1252")
    with pytest.raises(BadInput) as error:
        check(read_problem(), schema_of(CONTRACT_FILE), "new.csv")
    assert error.value.code == "wrong-encoding"


def test_rules_of_the_table_are_judged_too(adopted: pd.DataFrame) -> None:
    schema = schema_of(CONTRACT_FILE)
    schema.checks = [pa.Check(lambda rows: len(rows) < 100, error="fewer than 100 rows")]
    result = check(read_problem(), schema, csv(adopted, Path("new.csv")))
    assert not result.holds
    assert "must hold to fewer than 100 rows" in str(result.violations[0])


LONG = "an outcome with a name so long that three of them need more than a line"


@pytest.mark.parametrize(
    ("classes", "other"),
    [
        (["red", "green"], "pink"),
        ([0, 1], 2),
        ([1, 2, 3], 4),
        (['it\'s "so"', "not"], "so"),
        ([f"{LONG} {n}" for n in range(3)], LONG),
    ],
)
def test_an_outcome_that_adoption_has_not_seen_is_refused(
    classes: list[str | int], other: str | int, project: Path
) -> None:
    rows = table().drop(columns="late").assign(end=classes * (120 // len(classes)))
    adopt(csv(rows, project.parent / "ends.csv"), "end")
    assert checked(rows).holds
    for tool in (["format", "--check"], ["check"]):
        words = [sys.executable, "-m", "ruff", *tool, "--no-cache", str(CONTRACT_FILE)]
        assert subprocess.run(words, check=False).returncode == 0
    result = checked(rows.assign(end=rows["end"].where(rows.index != 3, other)))
    assert [(one.column, list(one.cells.index)) for one in result.violations] == [("end", [4])]
