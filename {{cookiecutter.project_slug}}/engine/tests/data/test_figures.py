"""Numbers as spreadsheets and accountants write them are numbers, and stay so in a delivery."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.adopt.infer import guess, infer_column, typed
from engine.data.check import check
from engine.data.load import load
from engine.problem.spec import PROBLEM_FILE
from engine.problem.spec import read as read_problem
from engine.tests.data.made import schema_of

FORMS = {
    "12.5 %|7 %|-3%": ([12.5, 7, -3], "%"),
    "12,5%|7,25%": ([12.5, 7.25], "%"),
    "€ 1.234,50|€ -2,00|€7,10": ([1234.5, -2, 7.1], "€"),
    "$1,200|-$5|$-1,000.50": ([1200, -5, -1000.5], "$"),
    "1200 EUR|15 EUR": ([1200, 15], "EUR"),
    "USD 1,200.50|USD 3": ([1200.5, 3], "USD"),
    "(1.5)|2": ([-1.5, 2], ""),
    "($1,200.00)|$7.25": ([-1200, 7.25], "$"),
    "1 234|5": ([1234, 5], ""),
    "1\u00a0234,5|1\u202f234|12": ([1234.5, 1234, 12], ""),
    "12.5-|7": ([-12.5, 7], ""),
    "5,00- EUR|7,25 EUR": ([-5, 7.25], "EUR"),
    "−5|6": ([-5, 6], ""),
    "36 months|60 months": ([36, 60], "months"),
}


@pytest.mark.parametrize("cells", FORMS)
def test_infer_numbers_with_unit_are_numbers_with_a_note(cells: str) -> None:
    values, unit = FORMS[cells]
    texts = pd.Series(cells.split("|"), dtype="str", name="x")
    inferred = infer_column(texts)
    assert inferred.kind in ("number", "integer")
    assert typed(texts, inferred).tolist() == values
    assert inferred.cells.unit == unit
    if unit:
        assert f"every cell has {unit!r}, which is left aside" in inferred.notes


@pytest.mark.parametrize("cells", ["5 €|6 $", "5 %|6", "Store 1|Store 2", "(1|2)", "1.2.3|1.2.4"])
def test_infer_several_units_are_categories(cells: str) -> None:
    assert infer_column(pd.Series(cells.split("|"), dtype="str", name="x")).kind == "category"


def test_guess_numbers_in_several_forms_are_excluded_for_that_reason() -> None:
    for cells in (
        [f"{n} €" if n % 2 else f"{n} $" for n in range(300)],
        [f"{n}.{n}.{n}" for n in range(300)],
        [*map(str, range(299)), "see note"],
    ):
        texts = pd.Series(cells, dtype="str", name="x")
        inferred = infer_column(texts)
        reason = guess(typed(texts, inferred), inferred).excluded
        assert reason is not None
        assert "look like numbers, but not all in one form" in reason
        assert "adopt again" in reason


def deliver(project: Path, cells: list[str], more: str) -> pd.Series:
    """Adopt a table with these cells in `x`; it holds to its contract, one with `more` does not."""
    lines = [f'"{cell}"; {n % 7};{"yes" if n % 3 else "no"}' for n, cell in enumerate(cells)]
    Path("t.csv").write_text("\n".join(["x;n;late", *lines]), "utf-8")
    adopt("t.csv", "late")
    problem, schema = read_problem(), schema_of(CONTRACT_FILE)
    assert check(problem, schema, "t.csv").holds
    Path("new.csv").write_text("\n".join(["x;n;late", *lines, f"{more};1;no"]), "utf-8")
    inferred = check(problem, schema, "new.csv")
    assert [one.cells.tolist() for one in inferred.violations] == [[more]]
    return load(problem, schema)["x"]


def test_check_delivery_is_read_by_the_contract(project: Path) -> None:
    cells = [f"{n},5 %" for n in range(60)] + [f"({n},25 %)" for n in range(60)]
    frame = deliver(project, cells, "7 €")
    assert frame.tolist() == [n + 0.5 for n in range(60)] + [-n - 0.25 for n in range(60)]
    argument = 'metadata={"decimal": ",", "unit": "%", "negative": ["(1)"]},'
    assert argument in CONTRACT_FILE.read_text("utf-8")


@pytest.mark.parametrize("infinite", ["inf", "-Infinity", "1e400"])
def test_infer_infinite_cells_are_missing_and_counted(infinite: str, project: Path) -> None:
    cells = [infinite if n in (7, 70) else f"{n * 1.5}" for n in range(120)]
    frame = deliver(project, cells, "soon")
    assert np.flatnonzero(frame.isna()).tolist() == [7, 70]
    texts = pd.Series(cells, dtype="str", name="x")
    assert infer_column(texts).notes[0] == "2 infinite (first: row 8), read as missing"
    assert 'metadata={"infinite": True},' in CONTRACT_FILE.read_text("utf-8")


def test_check_first_infinite_cell_is_refused(project: Path) -> None:
    deliver(project, [f"{n * 1.5}" for n in range(120)], "inf")


def test_adopt_infinite_cells_of_parquet_and_target_are_missing(project: Path) -> None:
    size = np.where(np.arange(120) % 40 == 7, np.inf, np.arange(120.0) ** 1.5)
    pd.DataFrame({"size": size, "n": np.arange(120) % 7}).to_parquet("t.parquet")
    for target in ("n", "size"):
        adopt("t.parquet", target, force=True)
        schema = schema_of(CONTRACT_FILE)
        assert check(read_problem(), schema, "t.parquet").holds
        rows = load(read_problem(), schema)
        assert len(rows) == (120 if target == "n" else 117)
        assert PROBLEM_FILE.exists()


def test_infer_mixed_words_for_yes_and_no_are_one_boolean() -> None:
    texts = pd.Series(["Yes", "no", "Y", "N", "TRUE", "0", None], dtype="str", name="x")
    inferred = infer_column(texts)
    assert inferred.kind == "boolean"
    assert typed(texts, inferred).tolist()[:6] == [True, False, True, False, True, False]
    assert inferred.notes == (
        "mixed words: 'true' and 'y' and 'yes' read as true, '0' and 'n' and 'no' as false",
    )
    for words in (["Yes", "no", "perhaps"], ["1", "0"], ["yes", "y", "1"]):
        assert infer_column(pd.Series(words, dtype="str", name="x")).kind != "boolean"
