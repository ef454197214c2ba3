"""A delivery that is written otherwise than what was adopted is told from one that fits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.data.check import Checked, after_check, check
from engine.problem.spec import read as read_problem
from engine.tests.data.made import csv, schema_of, table


@pytest.fixture
def adopted(project: Path) -> pd.DataFrame:
    """A table with codes, days and a colour, adopted."""
    rng = np.random.default_rng(3)
    codes = rng.choice(["01002", "02139", "10001", "94105", "06510"], 240)
    days = pd.Series(pd.Timestamp("2026-01-13") + pd.to_timedelta(np.arange(240), "D"))
    rows = table(240).assign(zip=codes, day=days.dt.strftime("%d/%m/%Y"))
    adopt(csv(rows, project.parent / "orders.csv"), "late")
    return rows


def checked(delivery: pd.DataFrame, separator: str = ",") -> Checked:
    """What is found in these rows as a new delivery."""
    delivery.to_csv("new.csv", index=False, sep=separator)
    return check(read_problem(), schema_of(CONTRACT_FILE), "new.csv")


def test_delivery_as_adopted_fits(adopted: pd.DataFrame) -> None:
    result = checked(adopted[::-1])
    assert result.holds
    assert not result.notes


OTHERWISE: dict[str, tuple[str, Callable[[pd.Series], pd.Series]]] = {
    "leading zeros": ("zip", lambda cells: cells.str.lstrip("0")),
    "a decimal part": ("zip", lambda cells: cells.str.lstrip("0") + ".0"),
    "as a spreadsheet keeps texts": ("zip", lambda cells: '="' + cells + '"'),
    "in quotation marks": ("colour", lambda cells: "'" + cells + "'"),
    "another case": ("colour", lambda cells: cells.str.upper()),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_texts_written_otherwise_do_not_fit(name: str, adopted: pd.DataFrame) -> None:
    column, change = OTHERWISE[name]
    result = checked(adopted.assign(**{column: change(adopted[column])}))
    assert (result.holds, result.violations) == (False, ())
    assert f"'{column}'" in result.rewritten[0]
    assert ("leading zero" in result.rewritten[0]) == (column == "zip")
    assert result.rewritten[0] in after_check("new.csv", result, 8)


def test_new_values_are_a_note_where_they_are_many(adopted: pd.DataFrame) -> None:
    result = checked(adopted.assign(colour=["violet", "red"] * 120))
    assert (result.holds, len(result.notes)) == (True, 1)
    assert "'violet'" in after_check("new.csv", result, 8)
    few = adopted["colour"].where(adopted.index > 9, "violet")
    assert not checked(adopted.assign(colour=few)).notes


def test_one_spelling_is_a_note(adopted: pd.DataFrame) -> None:
    one = adopted["colour"].where(adopted.index > 0, "RED")
    result = checked(adopted.assign(colour=one))
    assert (result.holds, len(result.notes)) == (True, 1)


def test_another_separator_is_named(adopted: pd.DataFrame) -> None:
    assert "semicolons" in checked(adopted, ";").mistakes[0]


def test_separator_within_cells_does_not_hide_another_separator(adopted: pd.DataFrame) -> None:
    rows = adopted.assign(size=adopted["size"].map(lambda size: f"{size:.1f},5"))
    assert "semicolons" in checked(rows, ";").mistakes[0]


def test_missing_header_is_named(adopted: pd.DataFrame) -> None:
    adopted.to_csv("new.csv", index=False, header=False)
    result = check(read_problem(), schema_of(CONTRACT_FILE), "new.csv")
    assert "header" in result.mistakes[0]


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("form", ["{0},000", "{1:,.0f}", "{1:,.3f}", "{1:,.2f}"])
def test_swapped_signs_of_numbers_are_told_where_both_readings_are_valid(
    form: str, swap: bool, project: Path
) -> None:
    """1.234 is a number by either reading, and 1,234 too."""
    prices = [form.format(at % 50 + 1, 1_000 + at * 37.5) for at in range(240)]
    rows = table(240).assign(price=prices)
    adopt(csv(rows, project.parent / "orders.csv"), "late")
    other = [text.translate(str.maketrans(".,", ",.")) for text in prices]
    result = checked(rows.assign(price=other if swap else prices[::-1]))
    assert result.holds != swap


def test_other_digits_behind_the_decimal_sign_fit(project: Path) -> None:
    """Three of them by chance, or zeros that another program adds."""
    share = pd.Series(range(1_000, 1_240)) / 1_000
    rows = table(240).assign(share=share, parts=range(240))
    adopt(csv(rows, project.parent / "orders.csv"), "late")
    few = rows.assign(parts=[f"{part}.000" for part in rows["parts"]]).iloc[1:10]
    assert checked(few).holds


def test_another_decimal_sign_is_named(adopted: pd.DataFrame) -> None:
    size = adopted["size"].map("{:.3f}".format).replace("nan", "").str.replace(".", ",")
    (violation,) = checked(adopted.assign(size=size)).violations
    assert "decimal sign ','" in violation.rule


def test_another_order_of_dates_is_named(adopted: pd.DataFrame) -> None:
    day = pd.to_datetime(adopted["day"], format="%d/%m/%Y").dt.strftime("%m/%d/%Y")
    (violation,) = checked(adopted.assign(day=day)).violations
    assert "day and month" in violation.rule


def test_table_that_is_not_there_is_not_compared(adopted: pd.DataFrame) -> None:
    Path("data/raw/orders.csv").unlink()
    assert checked(adopted.assign(zip="1")).holds
