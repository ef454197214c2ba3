"""Times in every usual form are read, or hinted at; a refusal names the rows that fail."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.adopt.infer import guess, infer_column, typed
from engine.adopt.inferred import InferredColumn
from engine.contract.date_columns import dates
from engine.contract.format import ColumnFormat
from engine.data.load import load
from engine.problem.errors import BadInput
from engine.problem.spec import read as read_problem
from engine.tests.data.made import schema_of

DAY = pd.Timestamp("2013-03-05 13:45:30")
FORMS = [
    "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%S,000", "%a, %d %b %Y %H:%M:%S +0000",
    "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S +0000 %Y", "%d/%b/%Y:%H:%M:%S +0000",
    "%d%b%Y %H:%M:%S", "%Y%m%dT%H%M%SZ", "%Y%m%d%H%M%S", "%A, %B %d, %Y %I:%M:%S %p",
    "%Y-%m-%dT%H:%M:%S+00:00[Europe/London]",
]  # fmt: skip
MONTHS = ["%b-%Y", "%Y-%m", "%m/%Y", "%Y/%m", "%B %Y", "%b-%y", "%Y%m", "%m.%Y", "%YM%m"]


def infer(texts: list[str]) -> tuple[InferredColumn, pd.Series]:
    """What a column of these texts is, and its values."""
    values = pd.Series(texts, dtype="str", name="at")
    inferred = infer_column(values)
    return inferred, typed(values, inferred)


@pytest.mark.parametrize("form", FORMS)
def test_infer_times_in_usual_forms_are_dates(form: str) -> None:
    expected = [DAY + pd.Timedelta(days=31 * n) for n in range(20)]
    assert infer([day.strftime(form) for day in expected])[1].tolist() == expected


@pytest.mark.parametrize("form", MONTHS)
def test_infer_months_are_their_first_day(form: str) -> None:
    expected = list(pd.date_range("2009-01-01", periods=60, freq="MS"))
    assert infer([day.strftime(form) for day in expected])[1].tolist() == expected


def test_infer_zero_dates_are_missing_with_a_note() -> None:
    inferred, read = infer(["0000-00-00", "2026-01-31", "2026-02-28"])
    assert read.isna().tolist() == [True, False, False]
    assert "'0000-00-00'" in inferred.notes[-1]


def test_infer_times_partly_with_offset_are_counted() -> None:
    inferred, _ = infer(["2026-01-01T10:00", "2026-01-01T10:00+02:00", "2026-01-01T11:00Z"])
    assert "1 of 3 have no offset, taken for UTC (first: row 1)" in inferred.notes
    assert not infer(["01-02-2026", "13-02-2026"])[0].zoned


def test_infer_years_of_two_digits_are_in_the_past_where_the_span_allows() -> None:
    births = [f"15-06-{year % 100:02}" for year in range(1940, 2005)]
    assert infer(births)[1].dt.year.tolist() == list(range(1940, 2005))
    ends = [f"15-06-{year % 100:02}" for year in range(2020, 2060)]
    assert infer(ends)[1].dt.year.tolist() == list(range(2020, 2060))


def table(column: str, cells: list[str]) -> None:
    """Write a table whose first column has these cells."""
    rows = "".join(f"{cell},{n % 7},{n % 2}\n" for n, cell in enumerate(cells))
    Path("t.csv").write_text(f"{column},size,late\n{rows}", "utf-8")


@pytest.mark.parametrize(
    "cells",
    [
        [str(1_430_000_000 + 7919 * n) for n in range(200)],
        [str(1_430_000_000_000 + 7919 * n) for n in range(200)],
        [str(2001 + n // 20) for n in range(200)],
        [f"Okt {2001 + n // 20}" for n in range(200)],
        [f"{2001 + n // 20}-03-01" for n in range(200)],
        [f"FY{2001 + n // 20}" for n in range(200)],
    ],
)
def test_adopt_table_with_times_never_gets_a_silent_random_split(
    cells: list[str], project: Path
) -> None:
    table("at", cells)
    assert any("--time" in note for note in adopt("t.csv", "late").notes)


def test_adopt_counted_time_and_years_are_read_with_time(project: Path) -> None:
    for cell, year in ((1_430_000_000, 2015), (1_430_000_000_000, 2015), (2001, 2001)):
        table("at", [str(cell + n // 20) for n in range(200)])
        adoption = adopt("t.csv", "late", time="at", force=True)
        assert adoption.guesses[0].type == "date", year


@pytest.mark.parametrize(
    ("failing", "code", "row"),
    [
        ("2013-01-01 24:30", "not-a-date", "row 78"),
        ("2013-01-01 10:00:60", "not-a-date", "row 78"),
        ("soon", "not-a-date", "row 78"),
    ],
)
def test_adopt_time_that_fails_names_its_first_row(
    failing: str, code: str, row: str, project: Path
) -> None:
    cells = [f"2013-01-{n % 28 + 1:02} 01:00" for n in range(200)]
    cells[77] = failing
    table("at", cells)
    with pytest.raises(BadInput) as error:
        adopt("t.csv", "late", time="at")
    assert error.value.code == code
    assert f"{row} has {failing!r}" in str(error.value)


def test_adopt_dates_in_both_orders_name_a_row_of_each(project: Path) -> None:
    table("at", ["13/01/2021" if n % 2 else "01/14/2021" for n in range(200)])
    with pytest.raises(BadInput) as error:
        adopt("t.csv", "late", time="at")
    assert error.value.code == "mixed-date-orders"
    assert "row 2 has '13/01/2021', row 1 has '01/14/2021'" in str(error.value)


PERIODS = {
    "quarters": ["2013Q1", "2013q2", "2014Q1"], "quarters first": ["1Q2013", "2Q2013", "1Q2014"],
    "short": ["Q1'13", "Q2'13", "Q1'14"], "without a space": ["1Q13", "2Q13", "1Q14"],
}  # fmt: skip


@pytest.mark.parametrize("name", PERIODS)
def test_infer_quarters_are_their_first_day(name: str) -> None:
    expected = ["2013-01-01", "2013-04-01", "2014-01-01"]
    assert infer(PERIODS[name])[1].tolist() == [pd.Timestamp(day) for day in expected]


@pytest.mark.parametrize("form", ["%G-W%V", "%GW%V", "%G-W%V-%u"])
def test_infer_weeks_are_their_monday(form: str) -> None:
    expected = list(pd.date_range("2012-12-31", periods=60, freq="7D"))
    assert infer([day.strftime(form) for day in expected])[1].tolist() == expected


def test_adopt_days_of_a_spreadsheet_are_times_under_the_name_of_a_date(project: Path) -> None:
    cells = [f"{43_500 + n * 13 % 900 + 1 / 3:.12f}" for n in range(200)]
    for name, excluded in (("order_date", True), ("price", False)):
        table(name, cells)
        [one, *_] = adopt("t.csv", "late", force=True).guesses
        assert ("days since 1899-12-30" in str(one.excluded)) == excluded
    table("at", cells)
    assert adopt("t.csv", "late", time="at", force=True).guesses[0].type == "date"
    days = ColumnFormat(dates=("days since 1899-12-30",))
    for values in (pd.Series(cells[:1], dtype="str"), pd.Series(cells[:1]).astype(float)):
        assert dates(values, days).tolist() == [pd.Timestamp("2019-02-04 08:00")]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("order_date", [f"19{n % 12 + 1:02}{n % 28 + 1:02}" for n in range(200)]),
        ("decimal_date", [f"{2001 + n / 20:.2f}" for n in range(200)]),
        ("created_at", [f"/Date({1_546_514_483_000 + n})/" for n in range(200)]),
        ("at", [f"Feb {n % 28 + 1} 22:46:{n % 60:02}" for n in range(200)]),
    ],
)
def test_adopt_times_that_are_not_read_are_hinted_at(
    name: str, cells: list[str], project: Path
) -> None:
    table(name, cells)
    assert any("looks like time" in note for note in adopt("t.csv", "late").notes)


def test_adopt_names_that_are_no_dates_are_no_hint(project: Path) -> None:
    for name in ("created_by", "update_count", "delivery_time"):
        table(name, [str(n % 45 * 1000) for n in range(200)])
        assert not any("--time" in note for note in adopt("t.csv", "late", force=True).notes)


def test_guess_durations_are_excluded_for_that_reason() -> None:
    for form in ("{0}:{1:02}:30", "PT{0}H{1}M", "{0} h {1} min", "{0:02}:{1:02}"):
        texts = [form.format(n % 23, n % 60) for n in range(400)]
        values = pd.Series(texts, dtype="str", name="held")
        inferred = infer_column(values)
        assert "durations" in str(guess(typed(values, inferred), inferred).excluded)


def test_adopt_typed_dates_of_no_calendar_year_are_named_and_missing_on_request(
    project: Path,
) -> None:
    days = pa.array([3_000_000 if n == 7 else 17_000 + n for n in range(200)], pa.int32())
    late = [n % 2 for n in range(200)]
    columns = {"until": days.cast(pa.date32()), "size": [n % 7 for n in range(200)], "late": late}
    pq.write_table(pa.table(columns), "t.parquet")
    [until, *_] = adopt("t.parquet", "late").guesses
    assert "row 8 has '10183-09-21'" in str(until.excluded)
    [until, *_] = adopt("t.parquet", "late", missing=("10183-09-21",), force=True).guesses
    assert (until.type, until.missing) == ("date", 1)
    assert load(read_problem(), schema_of(CONTRACT_FILE))["until"].isna().sum() == 1
