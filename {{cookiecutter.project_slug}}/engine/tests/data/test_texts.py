"""The values of a text column decide what it holds, else the dialect of other columns."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.adopt.infer import guess, infer_column, typed
from engine.adopt.inferred import DialectHints, InferredColumn, dialect_hints
from engine.data.load import load
from engine.problem.spec import read as read_problem
from engine.tests.data.made import schema_of


def find(
    cells: str | list[str | None], hints: DialectHints | None = None
) -> tuple[InferredColumn, list[Any]]:
    """What the cells are taken for, and their values; in one text a bar parts them."""
    texts = cells.split("|") if isinstance(cells, str) else cells
    values = pd.Series([text or None for text in texts], dtype="str", name="x")
    inferred = infer_column(values, hints or DialectHints())
    return inferred, typed(values, inferred).tolist()


NUMBERS: dict[str, tuple[str, list[float]]] = {
    "1|-2|+3": ("integer", [1, -2, 3]),
    "1.5|.5|2.|1e3": ("number", [1.5, 0.5, 2, 1000]),
    "1,5|2": ("number", [1.5, 2]),
    "1.234,5|7": ("number", [1234.5, 7]),
    "1,234.5|1,234,567": ("number", [1234.5, 1234567]),
    "1 234,5|12": ("number", [1234.5, 12]),
    "1'234.50|3": ("number", [1234.5, 3]),
    "1\u00a0234|5": ("integer", [1234, 5]),
    "1.234.567|2.345.678": ("integer", [1234567, 2345678]),
    "9007199254740993|1": ("integer", [9007199254740993, 1]),
}


@pytest.mark.parametrize("cells", NUMBERS)
def test_infer_numbers_in_usual_forms(cells: str) -> None:
    kind, values = NUMBERS[cells]
    inferred, read = find(cells)
    assert (inferred.kind, read) == (kind, values)


@pytest.mark.parametrize(
    "cells", ["1.2.3|4.5.6", "1,23,4|5", "1.5 kg|2 lb", "A1|A2", "12|abc", "0x1F|2"]
)
def test_infer_other_texts_are_categories(cells: str) -> None:
    inferred, read = find(cells)
    assert inferred.kind == "category"
    assert read == cells.split("|")


def test_infer_ambiguous_number_follows_other_columns() -> None:
    comma, point = find("1,5|2,25")[0], find("1.5|2.25")[0]
    cases = [
        (dialect_hints([comma], ";"), "1,234|2,345", [1.234, 2.345]),
        (dialect_hints([comma], ";"), "1.234|2.345", [1234, 2345]),
        (dialect_hints([point], ","), "1,234|2,345", [1234, 2345]),
        (dialect_hints([point], ";"), "1.234|2.345", [1.234, 2.345]),
        (dialect_hints([], ";"), "1,234|2,345", [1.234, 2.345]),
        (dialect_hints([], ","), "1,234|2,345", [1234, 2345]),
        (dialect_hints([comma, point], ","), "1,234|2,345", [1234, 2345]),
    ]
    for hints, cells, values in cases:
        inferred, read = find(cells, hints)
        assert read == values
        doubt = "in doubt" if hints.decimal is None else "as other columns write"
        if (inferred.cells.decimal, inferred.cells.thousands) != (".", ""):
            assert doubt in inferred.notes[-1]


def test_infer_codes_are_categories() -> None:
    inferred, read = find("01234|99999")
    assert (inferred.kind, read) == ("category", ["01234", "99999"])
    assert inferred.notes == ("leading zeros: codes, not numbers",)
    assert find("99999999999999999999|1")[0].notes == ("too long for numbers: names or codes",)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ("yes|no|YES", [True, False, True]),
        ("Ja|Nein|", [True, False, None]),
        ("t|f|F", [True, False, False]),
        ("Y|N|?", [True, False, None]),
        ("TRUE|False|NA", [True, False, None]),
    ],
)
def test_infer_booleans_from_words(cells: str, values: list[bool | None]) -> None:
    inferred, read = find(cells)
    assert inferred.kind == "boolean"
    assert [None if pd.isna(value) else value for value in read] == values


@pytest.mark.parametrize("cells", ["m|f|m", "yes|maybe|no", "y|n|t"])
def test_infer_words_without_a_pair_are_categories(cells: str) -> None:
    assert find(cells)[0].kind == "category"


def test_guess_zeros_and_ones_are_numbers_from_0_to_1() -> None:
    values = pd.Series(["0", "1", "0"], dtype="str", name="x")
    inferred = infer_column(values)
    guessed = guess(typed(values, inferred), inferred)
    assert (guessed.type, guessed.minimum, guessed.maximum) == ("integer", 0, 1)


DATES = {
    "31.12.2026|1.2.2026": ["2026-12-31", "2026-02-01"],
    "31.12.2026 08:30|1.2.2026": ["2026-12-31 08:30", "2026-02-01"],
    "31/12/2026|01/02/2026": ["2026-12-31", "2026-02-01"],
    "12/31/2026|1/2/2026": ["2026-12-31", "2026-01-02"],
    "31-12-26 23:59:59|01-02-99 00:00:00": ["2026-12-31 23:59:59", "1999-02-01"],
    "12/31/2026 11:30 PM|1/2/2026 12:00 AM": ["2026-12-31 23:30", "2026-01-02"],
    "2026/12/31|2026/1/2": ["2026-12-31", "2026-01-02"],
    "2-Jan-2026|31-Dec-2026": ["2026-01-02", "2026-12-31"],
    "2 January 2026|3 May 2026": ["2026-01-02", "2026-05-03"],
    "Jan 2, 2026|Dec 31, 2026": ["2026-01-02", "2026-12-31"],
    "2026-01-02T03:04:05.678Z|2026-01-02 03:04": ["2026-01-02 03:04:05.678", "2026-01-02 03:04"],
    "31.12.2026 10:00+02:00|01.01.2026 10:00+01:00": ["2026-12-31 08:00", "2026-01-01 09:00"],
}


@pytest.mark.parametrize("cells", DATES)
def test_infer_dates_in_usual_forms(cells: str) -> None:
    inferred, read = find(cells)
    assert inferred.kind == "date"
    assert read == [pd.Timestamp(timestamp) for timestamp in DATES[cells]]


def test_infer_compact_days_are_dates() -> None:
    days = [f"202612{day:02}" for day in range(1, 32)]
    assert find("|".join(days))[1][-1] == pd.Timestamp("2026-12-31")
    assert find("|".join([*days, "20261232"]))[0].kind == "integer"
    assert find("20261231|20261230")[0].kind == "integer"


@pytest.mark.parametrize(
    "cells",
    ["31.02.2026|01.01.2026", "13/14/2026|1/1/2026", "31/12/2026|12/31/2026", "Q5 2026|Q2 2026"],
)
def test_infer_impossible_dates_are_categories(cells: str) -> None:
    assert find(cells)[0].kind == "category"


def test_infer_ambiguous_date_follows_other_columns_with_a_note() -> None:
    day, month = find("31/12/2026|1/1/2026")[0], find("12/31/2026|1/1/2026")[0]
    for hints, first, note in [
        (dialect_hints([day], ","), "2026-04-03", "day first (as other columns write)"),
        (dialect_hints([month], ";"), "2026-03-04", "month first (as other columns write)"),
        (dialect_hints([], ";"), "2026-04-03", "day first (in doubt: no other column shows it)"),
        (dialect_hints([], ","), "2026-03-04", "month first (in doubt: no other column shows it)"),
    ]:
        inferred, read = find("3/4/2026|5/6/2026", hints)
        assert read[0] == pd.Timestamp(first)
        assert note in inferred.notes[0]


@pytest.mark.parametrize(
    "word", ["NA", "n/a", "n.a.", "k. A.", "NaN", "null", "None", "-", "?", "--", "."]
)
def test_infer_words_beside_numbers_are_missing_with_a_note(word: str) -> None:
    inferred, read = find(f"1|{word}|3")
    assert inferred.kind == "integer"
    assert pd.isna(read[1])
    assert inferred.notes[-1] == f"'{word}' means missing"


def test_infer_value_like_missing_is_kept() -> None:
    others = dialect_hints([find("1|NA|3")[0]], ",")
    cases: list[tuple[list[str | None], DialectHints, bool, str]] = [
        (["NA", "DE", "FR", "IT"], others, True, "a code like the others"),
        (
            ["NA", "gravel", "paved", None],
            others,
            True,
            "blank means missing here",
        ),
        (
            ["NA", "gravel", "paved"],
            DialectHints(),
            True,
            "--missing NA makes it missing",
        ),
        (["None", "gravel", "paved"], others, True, "stays a value"),
        (["NA", "gravel", "paved"], others, False, "'NA' means missing"),
        (["?", "gravel", "paved"], DialectHints(), False, "'?' means missing"),
    ]
    for cells, hints, stays, note in cases:
        inferred, read = find(cells, hints)
        assert (read[0] == cells[0]) == stays
        assert note in inferred.notes[0]


def test_infer_mixed_column_has_a_note() -> None:
    inferred, read = find("12|7|unknown|3")
    assert read == ["12", "7", "unknown", "3"]
    [note] = inferred.notes
    assert note.startswith("mixed: 3 of 4 different values are numbers, not 'unknown'; if these")


def reason(cells: list[Any], name: str = "x") -> str | None:
    """Why the column would be excluded."""
    values = pd.Series([None if cell is None else str(cell) for cell in cells], dtype="str")
    inferred = infer_column(values.rename(name))
    return guess(typed(values.rename(name), inferred), inferred).excluded


def test_guess_unusable_columns_are_excluded() -> None:
    many = range(2000)
    assert reason([7] * 2000) == "it is constant: 7"
    assert reason([None] * 2000) == "it is empty"
    assert reason([7] * 1997 + [8] * 3) == "it is nearly constant: all rows but 3 are 7"
    assert reason([None] * 1997 + [8, 9, 9]) == "it is nearly constant: all rows but 3 are empty"
    assert reason([n + 500 for n in many]) == "it numbers the rows: an identifier"
    assert reason([3 * n for n in many]) == "it numbers the rows: an identifier"
    assert "an identifier" in str(reason([n * n for n in many], "order_id"))
    assert "each row has its own value" in str(reason([f"o{n}" for n in many]))
    for name in ("customer_id", "shopNo", "ZIP code", "nr"):
        assert "a key by its name, with 500 values" in str(reason([n % 500 for n in many], name))
    assert "1000 different values" in str(reason([f"o{n % 1000}" for n in many]))


def test_guess_usable_columns_are_inputs() -> None:
    many = range(2000)
    assert reason([7] * 1980 + [8] * 20) is None
    assert reason([7] * 95 + [8] * 5) is None
    assert reason([n * n for n in many]) is None
    assert reason([n % 12 for n in many], "risk_code") is None
    assert reason([f"{n % 90}.5" for n in many], "key") is None
    assert reason([n % 90 for n in many], "paid") is None
    assert reason([f"{n}.5" for n in many]) is None


def test_adopt_days_beyond_nanoseconds_are_dates(project: Path) -> None:
    lines = [f"{'31.12.9999' if n % 3 else '01.01.1600'},{n % 2}" for n in range(120)]
    Path("t.csv").write_text("\n".join(["until,late", *lines]), "utf-8")
    adopt("t.csv", "late")
    assert load(read_problem(), schema_of(CONTRACT_FILE))["until"].dt.year.max() == 9999


def test_load_edited_contract_is_followed(project: Path) -> None:
    lines = [f"{'NA' if n % 3 else 'east'},{n % 10},{n % 2}" for n in range(120)]
    Path("t.csv").write_text("\n".join(["site,n,late", *lines]), "utf-8")
    adopt("t.csv", "late")
    assert (load(read_problem(), schema_of(CONTRACT_FILE))["site"] == "NA").sum() == 80
    contract = CONTRACT_FILE.read_text("utf-8").replace(
        '"site": pa.Column(\n            str,\n',
        '"site": pa.Column(\n            str,\n            nullable=True,\n'
        '            metadata={"missing": ["NA"]},\n',
    )
    CONTRACT_FILE.write_text(contract, "utf-8")
    assert load(read_problem(), schema_of(CONTRACT_FILE))["site"].isna().sum() == 80
