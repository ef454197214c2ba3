"""One table of cases for every compiler of a column; all of them must give the same result.

The compilers: training's check, the server's type, the reader of whole columns (bulk work), the
reader of one cell (/invocations) and the words of the documentation.
"""

from dataclasses import replace
from typing import Any

import pandas as pd
import pandera.pandas as pandera
import pytest
from pydantic import ValidationError

from engine.bundle.bundle import Contract
from engine.contract import cells
from engine.contract.cells import without_missing
from engine.contract.column import Column, expected
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.contract.text_cell import read_cell
from engine.data.columns import describe, json_value
from engine.data.load import conform
from engine.problem.errors import BadInput
from engine.serving.http.schema import Limits, schema_of

REFUSED = object()
NUMBER, WHOLE = Column("x", "number"), Column("x", "integer")
BOOLEAN, WORD, DATE = Column("x", "boolean"), Column("x", "category"), Column("x", "date")
COLOUR = Column("x", "category", categories=("red", "dark blue"), closed=True)
RANGE = replace(NUMBER, minimum=-1.5, maximum=10)
WHOLE_RANGE = replace(WHOLE, minimum=0, maximum=100)


def nullable(column: Column, **written: Any) -> Column:
    """The column with missing values allowed, and a format."""
    return replace(column, nullable=True, format=ColumnFormat(**written))


COMMA = nullable(NUMBER, decimal=",", thousands=".", missing=("k. A.", "-"))
SPACED = nullable(NUMBER, thousands=" ")
EURO = nullable(NUMBER, unit="EUR", negative=("(1)", "−1", "1-"))
PERCENT = nullable(replace(NUMBER, minimum=0, maximum=100), unit="%", decimal=",")
INFINITE = nullable(NUMBER, infinite=True)
GROUPED = nullable(WHOLE, thousands=",")
ANSWER = nullable(BOOLEAN, true=("ja", "y"), false=("nein", "n"), missing=("?",))
GERMAN = nullable(DATE, dates=("%d.%m.%Y", "%d.%m.%Y %H:%M"), missing=("offen",))
MONTHS = nullable(DATE, dates=("%b-%Y", "%B %Y", "%Y%m", "%YM%m"), missing=("00-0000",))
PERIODS = nullable(DATE, dates=("%Y-Q%q", "Q%q %Y", "%qQ%Y", "%G-W%V"))
BIRTHS = nullable(DATE, dates=("%d-%m-%y",), pivot=2030)
HOURS = nullable(DATE, dates=("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S%z"))
SECONDS = nullable(DATE, dates=("seconds since 1970",))
SPREADSHEET_DAYS = nullable(DATE, dates=("days since 1899-12-30",))
NANOSECONDS = nullable(DATE, dates=("nanoseconds since 1970",))
NOTED = nullable(NUMBER, decimal=",", marks=("*", "[1]", "p"), missing=(":",))
GUARDED = nullable(NUMBER, guarded=True)
GUARDED_DATE = nullable(DATE, guarded=True)
ZONED = nullable(DATE, dates=("%d/%m/%Y %H:%M %z",))

Case = tuple[Column, str, Any]
# A column, texts, and the JSON value that all of them have: None is missing.
GROUPS: list[tuple[Column, dict[str, Any]]] = [
    (NUMBER, {
        "1": 1.0, "-1.5": -1.5, "+5": 5.0, ".5": 0.5, "-.5": -0.5, "5.": 5.0, "05": 5.0,
        "1e3": 1000.0, "1E-2": 0.01, " 7 ": 7.0, "\u00a07": 7.0, "0.1": 0.1, "-0": 0.0,
        "": REFUSED, "null": REFUSED, "nan": REFUSED, "NaN": REFUSED, "inf": REFUSED,
        "-Infinity": REFUSED, "1e999": REFUSED, "1_000": REFUSED, "0x10": REFUSED, "1,5": REFUSED,
        "1.000,5": REFUSED, "1 000": REFUSED, "--1": REFUSED, "1e": REFUSED, ".": REFUSED,
        "true": REFUSED, "x": REFUSED, "5 EUR": REFUSED, "(5)": REFUSED, "\u0665": REFUSED,
        "123456789012345678901234567890": 123456789012345678901234567890.0,
    }),
    (RANGE, {"-1.5": -1.5, "10": 10.0, "10.01": REFUSED, "-1.51": REFUSED, "": REFUSED}),
    (nullable(RANGE), {"": None, "  ": None, "11": REFUSED, "3": 3.0, "NA": REFUSED}),
    (COMMA, {
        "1,5": 1.5, "1.234,5": 1234.5, "1.234.567": 1234567.0, "-,5": -0.5, "k. A.": None,
        "-": None, "": None, "1.23": REFUSED, "K. A.": REFUSED, "1,2,3": REFUSED, "12,": 12.0,
        "1.234e2": 123400.0,
    }),
    (SPACED, {"1 234.5": 1234.5, "1\u00a0234": 1234.0, "1\u202f234": 1234.0, "1 23": REFUSED}),
    (EURO, {
        "5 EUR": 5.0, "EUR 5": 5.0, "-EUR 5": -5.0, "5EUR": 5.0, "(5 EUR)": -5.0, "−5 EUR": -5.0,
        "5 EUR-": -5.0, "5": REFUSED, "5 USD": REFUSED, "EUR": REFUSED, "": None,
    }),
    (PERCENT, {"12,5 %": 12.5, "12,5%": 12.5, "101 %": REFUSED, "12.5%": REFUSED}),
    (INFINITE, {
        "inf": None, "-Infinity": None, "∞": None, "1e999": None, "-1e400": None, "1e100": 1e100,
        "1": 1.0, "nan": REFUSED,
    }),
    (WHOLE, {
        "1": 1, "+5": 5, "05": 5, "-7": -7, "3.0": 3, "3.": 3, "1e3": 1000, "3.5": REFUSED,
        "9007199254740993": 9007199254740993, "9223372036854775807": 2**63 - 1,
        "-9223372036854775808": -(2**63), "9223372036854775808": REFUSED, "1e30": REFUSED,
        "000000000000000000000012": 12, "": REFUSED, "1_0": REFUSED, "0x1F": REFUSED,
        "9007199254740993.0": 9007199254740993, "true": REFUSED, "inf": REFUSED,
    }),
    (WHOLE_RANGE, {"0": 0, "100": 100, "101": REFUSED, "-1": REFUSED, "100.0": 100}),
    (GROUPED, {"1,234": 1234, "1,234.0": 1234, "12,34": REFUSED, "": None, "1234": 1234}),
    (BOOLEAN, {
        "true": True, "False": False, "TRUE": True, "1": True, "0": False, "1.0": True,
        "yes": REFUSED, "no": REFUSED, "": REFUSED, "2": REFUSED, "null": REFUSED,
    }),
    (ANSWER, {
        "ja": True, "Nein": False, "Y": True, "n": False, "true": True, "?": None, "": None,
        "yes": REFUSED,
    }),
    (WORD, {
        "red": "red", " red ": "red", "null": "null", "NA": "NA", "05": "05", "é": "é",
        "a\u2028b": "a\u2028b", "": REFUSED, "x" * 200: "x" * 200, "x" * 201: REFUSED,
    }),
    (COLOUR, {
        "red": "red", "dark blue": "dark blue", "Red": REFUSED, "dark  blue": REFUSED, "": REFUSED,
    }),
    (nullable(COLOUR, missing=("NA",)), {"NA": None, "": None, "green": REFUSED, "na": REFUSED}),
    (DATE, {
        "2026-03-01": "2026-03-01T00:00:00", "2026-03-01 09:30": "2026-03-01T09:30:00",
        "2026-03-01T09:30:15": "2026-03-01T09:30:15",
        "2026-03-01T09:30:15.25": "2026-03-01T09:30:15.250000",
        "2026-03-01T09:30:15.1234567": "2026-03-01T09:30:15.123456",
        "2026-03-01T09:30:00Z": "2026-03-01T09:30:00",
        "2026-03-01T09:30:00+02:00": "2026-03-01T07:30:00",
        "2026-03-01 09:30:00-0530": "2026-03-01T15:00:00",
        "2024-02-29": "2024-02-29T00:00:00", "2026-02-29": REFUSED, "2026-02-30": REFUSED,
        "2026-13-01": REFUSED, "2026-03-01T10:60": REFUSED,
        "2026-03-01T24:00": "2026-03-02T00:00:00", "2026-12-31 24:00:00": "2027-01-01T00:00:00",
        "2026-03-01 24:00Z": "2026-03-02T00:00:00", "2026-03-01T24:30": REFUSED,
        "9999-12-31T24:00": REFUSED, "2026-02-30T24:00": REFUSED,
        "2026-03-01 09:30:00 UTC": "2026-03-01T09:30:00",
        "2026-03-01 09:30:15.25 GMT": "2026-03-01T09:30:15.250000",
        "2026-03-01T09:30+02:00[Europe/Berlin]": "2026-03-01T07:30:00", "UTC": REFUSED,
        "2026-03-01 CET": REFUSED, "2026-03-01 09:30 UTCZ": REFUSED,
        "2026": REFUSED, "20260301": REFUSED, "2026-03": REFUSED, "01.03.2026": REFUSED,
        "1600-01-01": "1600-01-01T00:00:00", "9999-12-31": "9999-12-31T00:00:00",
        "0001-01-01": "0001-01-01T00:00:00", "0000-01-01": REFUSED, "": REFUSED,
    }),
    (GERMAN, {
        "01.03.2026": "2026-03-01T00:00:00", "1.3.2026": "2026-03-01T00:00:00",
        "01.03.2026 09:30": "2026-03-01T09:30:00", "2026-03-01": "2026-03-01T00:00:00",
        "29.02.2026": REFUSED, "03/01/2026": REFUSED, "offen": None, "": None,
    }),
    (MONTHS, {
        "Jan-2012": "2012-01-01T00:00:00", "dec-1999": "1999-12-01T00:00:00",
        "March 2012": "2012-03-01T00:00:00", "201202": "2012-02-01T00:00:00",
        "2012M11": "2012-11-01T00:00:00", "201213": REFUSED, "Foo-2012": REFUSED,
        "00-0000": None, "2012-01-31": "2012-01-31T00:00:00",
    }),
    (PERIODS, {
        "2012-Q1": "2012-01-01T00:00:00", "2012-q4": "2012-10-01T00:00:00",
        "Q3 2012": "2012-07-01T00:00:00", "2012-Q5": REFUSED, "2012-Q04": REFUSED,
        "2012-W01": "2012-01-02T00:00:00", "2020-W53": "2020-12-28T00:00:00",
        "2012-W54": REFUSED, "2012-W01-2": REFUSED, "2Q2012": "2012-04-01T00:00:00",
        "5Q2012": REFUSED,
    }),
    (BIRTHS, {
        "16-09-67": "1967-09-16T00:00:00", "01-01-31": "1931-01-01T00:00:00",
        "31-12-30": "2030-12-31T00:00:00", "29-02-00": "2000-02-29T00:00:00",
        "29-02-32": "1932-02-29T00:00:00", "29-02-31": REFUSED, "29-02-67": REFUSED,
    }),
    (HOURS, {
        "31.12.2012 24:00": "2013-01-01T00:00:00", "01.01.2013 01:00": "2013-01-01T01:00:00",
        "31.12.2012 24:00:00+01:00": "2012-12-31T23:00:00", "31.12.2012 24:01": REFUSED,
        "01.01.2013 01:00:00 UTC": "2013-01-01T01:00:00", "01.01.2013 25:00": REFUSED,
        "31.12.2012 23:59:60+00:00": REFUSED,
    }),
    (SECONDS, {
        "0": "1970-01-01T00:00:00", "1430001650": "2015-04-25T22:40:50",
        "1430001650.25": "2015-04-25T22:40:50.250000", "-1": "1969-12-31T23:59:59",
        "1430001650.1234567": "2015-04-25T22:40:50.123456", "-0.0000001":
        "1969-12-31T23:59:59.999999", "1e9": REFUSED, "9999999999999": REFUSED,
        "9999999999999999999": REFUSED, "2015-04-25": "2015-04-25T00:00:00", "": None,
    }),
    (SPREADSHEET_DAYS, {
        "43500": "2019-02-04T00:00:00", "43500.333333333333": "2019-02-04T08:00:00",
        "1": "1899-12-31T00:00:00", "9999999": REFUSED,
    }),
    (NANOSECONDS, {"1430001650123456789": "2015-04-25T22:40:50.123456"}),
    (NOTED, {
        "1,5*": 1.5, "1,5 p": 1.5, "7[1]": 7.0, "7": 7.0, ":": None, "7**": REFUSED,
        "7 x": REFUSED, "*": REFUSED,
    }),
    (GUARDED, {"'-3.45": -3.45, "3.45": 3.45, '="7"': 7.0, "''7": REFUSED, "'": REFUSED}),
    (GUARDED_DATE, {"'2026-03-01": "2026-03-01T00:00:00"}),
    (ZONED, {"01/03/2026 09:30 +0200": "2026-03-01T07:30:00", "01/03/2026": REFUSED}),
]  # fmt: skip
CASES: list[Case] = [
    (column, text, value) for column, texts in GROUPS for text, value in texts.items()
]
DTYPES = {"number": "float", "integer": "Int64", "boolean": "boolean", "category": "str"}


def contract_column(column: Column) -> pandera.Column:
    """The column as data/contract.py states it."""
    checks = []
    if column.minimum is not None:
        checks.append(pandera.Check.in_range(column.minimum, column.maximum))
    if column.closed:
        checks.append(pandera.Check.isin(list(column.categories)))
    dtype = DTYPES.get(column.type, "datetime64[us]")
    metadata = column.format.to_metadata()
    return pandera.Column(dtype, checks, nullable=column.nullable, metadata=metadata)


def by_training(column: Column, text: str) -> Any:
    """What training makes of a cell."""
    rule = contract_column(column)
    table = pd.DataFrame({"x": pd.Series([text.strip() or None], dtype="str")})
    try:
        frame = conform(table, pandera.DataFrameSchema({"x": rule}, strict=True))
        describe("x", rule, frame["x"])
    except BadInput:
        return REFUSED
    return json_value(frame["x"].iloc[0], column.type)


def by_server(column: Column, value: Any) -> Any:
    """What the server's type makes of a JSON value."""
    row = schema_of(Contract("regression", (), (column,), ()), Limits()).adapters["Row"]
    try:
        return row.validate_python({"x": value})["x"]
    except ValidationError:
        return REFUSED


def by_bulk(column: Column, texts: list[str]) -> Any:
    """What bulk work makes of the first of these cells."""
    values, valid = cells.read(column, cells.trimmed(pd.Series(texts, dtype="str")))
    return json_value(values.iloc[0], column.type) if valid.iloc[0] else REFUSED


def test_conformance_table_has_at_least_120_cases() -> None:
    """A table that shrinks proves less."""
    assert len(CASES) >= 120


@pytest.mark.parametrize(("column", "text", "value"), CASES)
def test_cell_read_by_every_compiler_gives_one_result(
    column: Column, text: str, value: Any
) -> None:
    """All compilers agree on value, missing and refusal."""
    json = read_cell(column, text)
    assert by_server(column, json) == value
    assert by_training(column, text) == value
    assert by_bulk(column, [text]) == value
    # Beside other cells, a whole column takes other paths.
    assert by_bulk(column, [text, "", "1", text]) == value
    if value is not REFUSED:
        assert json == value
        assert type(json) is type(value)


@pytest.mark.parametrize("column", [column for column, _ in GROUPS])
def test_column_compiled_from_contract_survives_contract_json(column: Column) -> None:
    """The pandera schema gives the column, contract.json keeps it whole."""
    compiled = describe(
        "x", contract_column(column), pd.Series(list(column.categories), dtype="str")
    )
    example = column.categories[len(column.categories) // 2] if column.categories else None
    assert compiled == replace(column, meaning="x", example=example)
    contract = Contract("regression", (), (column,), (), Layout("utf-16", ";", header=False))
    assert Contract.from_json(contract.to_json()) == contract


def test_contract_json_of_engine_1_is_read_with_defaults() -> None:
    """Old bundles have neither `format` nor `layout`."""
    written = Contract("regression", (), (COLOUR,), ()).to_json()
    del written["layout"], written["inputs"][0]["format"]
    assert Contract.from_json(written) == Contract("regression", (), (COLOUR,), ())


@pytest.mark.parametrize("column", [column for column, _ in GROUPS])
def test_documentation_words_name_every_rule(column: Column) -> None:
    """Range, categories, unit and null stand in the words."""
    words = expected(column)
    facts = [*column.categories, column.unit] + ["null"] * column.nullable
    facts += [f"{end:g}" for end in (column.minimum, column.maximum) if end is not None]
    assert all(fact in words for fact in facts)
    assert ("null" in words) == column.nullable


def test_long_integers_are_read_exactly_and_one_by_one() -> None:
    """Identifiers of 19 digits are exact where floats are not, and others stay as they are."""
    texts = ["9007199254740993.0", "7", "9223372036854775808", "", "1e3"]
    values, valid = cells.read(nullable(WHOLE), cells.trimmed(pd.Series(texts, dtype="str")))
    assert values.tolist() == [9007199254740993, 7, pd.NA, pd.NA, 1000]
    assert valid.tolist() == [True, True, False, True, True]


def test_training_reads_words_for_missing_in_texts() -> None:
    """The mask of the format keeps the other cells."""
    values = without_missing(pd.Series(["1,5", "-"], dtype="str"), COMMA.format)
    assert values.isna().tolist() == [False, True]
