"""What adoption reads, written out again, is the source cell by cell, whatever holds the table."""

import datetime as dt
import random
import sqlite3
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.data import sql
from engine.data.load import load
from engine.problem.spec import read as read_problem
from engine.tests.data.made import schema_of

ROWS, SEEDS = 80, range(14)
LATE = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)
WORDS = ["red", "a,b", 'say "no"', "two\nlines", "ümläut", "'s", "null value", "[1, 2]"]
# Columns that Parquet writes in several types.
OWN_TYPES = ("long", "half", "key", "word", "name")
Column = list[Any]


def generated(dice: random.Random) -> dict[str, Column]:
    """A column of each kind in values of Python; None is missing."""

    def column(make: Callable[[], Any], *, gaps: bool = True) -> Column:
        share = dice.choice([0, 0.2]) if gaps else 0
        return [None if dice.random() < share else make() for _ in range(ROWS)]

    bits, days = dice.choice([4, 40, 54, 63]), dice.choice([700, 2_900_000])
    low = dt.datetime(2020, 1, 1)
    return {
        "row": list(range(ROWS)),
        "whole": column(lambda: dice.randrange(-(2**bits), 2**bits)),
        "long": column(lambda: 10**20 + dice.getrandbits(dice.choice([2, 60]))),
        "half": column(lambda: 2**63 + dice.getrandbits(20)),
        "measure": column(lambda: dice.uniform(-1, 1) * 10.0 ** dice.randrange(-9, 20)),
        "amount": column(lambda: Decimal(dice.randrange(10**6)) / 100),
        "key": column(lambda: 76561198000000000 + dice.randrange(60)),
        "version": column(lambda: f"{dice.randrange(3)}.{dice.choice(['1', '10', '2', '20'])}"),
        "word": column(lambda: dice.choice(WORDS)),
        "flag": column(lambda: dice.random() < 0.5),
        "day": column(lambda: min(LATE, low + dt.timedelta(dice.randrange(days))).date()),
        "at": column(lambda: dice.choice([LATE, low + dt.timedelta(0, dice.randrange(10**8))])),
        "name": column(lambda: uuid.UUID(int=dice.getrandbits(128)), gaps=False),
        "late": [at % 2 == 0 for at in range(ROWS)],
    }


def padded(dice: random.Random, text: str | None) -> str:
    """The text with spaces around it; a missing one is blank."""
    return dice.choice(["", " ", "\t"]) + (text or "") + dice.choice(["", "  "])


def text_of(cell: Any) -> str:
    """A cell in canonical form."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.datetime):
        return cell.isoformat()
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def as_csv(table: dict[str, Column], dice: random.Random) -> str:
    """Write the table as texts, some of them padded."""
    texts = {
        name: ["" if cell is None else text_of(cell) for cell in column]
        for name, column in table.items()
    }
    texts["word"] = [padded(dice, text) for text in texts["word"]]
    pd.DataFrame(texts).to_csv("t.csv", index=False, sep=dice.choice(",;"))
    return "t.csv"


def as_parquet(table: dict[str, Column], dice: random.Random) -> str:
    """Write the table in one of the types that hold its values."""
    keys = [None if cell is None else cell.bytes for cell in table["name"]]
    scale = dice.choice([0, 10])
    columns = {name: pa.array(column) for name, column in table.items() if name not in OWN_TYPES}
    columns |= {
        "long": pa.array(map_decimal(table["long"]), pa.decimal128(38, scale)),
        "half": pa.array(table["half"], pa.uint64()),
        "key": pa.array(map_decimal(table["key"]), pa.decimal128(38, scale)),
        "word": pa.array([padded(dice, word) for word in table["word"]], pa.large_string()),
        "name": pa.array(keys, pa.uuid()) if dice.random() < 0.5 else pa.array(keys_text(table)),
    }
    old = dice.random() < 0.5
    pq.write_table(
        pa.table({name: columns[name] for name in table}),
        "t.parquet",
        use_deprecated_int96_timestamps=old,
    )
    return "t.parquet"


def map_decimal(column: Column) -> Column:
    """Whole numbers as decimals."""
    return [None if cell is None else Decimal(cell) for cell in column]


def keys_text(table: dict[str, Column]) -> Column:
    """UUIDs as bytes of text, as old writers store a text."""
    return [None if cell is None else str(cell).encode() for cell in table["name"]]


def as_sql(table: dict[str, Column], dice: random.Random) -> str:
    """Fill a table of SQLite, whose columns take what comes."""
    plain = {
        name: [
            cell if cell is None or isinstance(cell, (bool, float)) else fit(cell)
            for cell in column
        ]
        for name, column in table.items()
    }
    plain["word"] = [padded(dice, word) for word in table["word"]]
    Path("rows.db").unlink(missing_ok=True)
    connection = sqlite3.connect("rows.db")
    names = ", ".join(f'"{name}"' for name in table)
    connection.execute(f"CREATE TABLE t ({names})")
    holes = ", ".join("?" * len(table))
    connection.executemany(f"INSERT INTO t VALUES ({holes})", zip(*plain.values(), strict=True))  # noqa: S608
    connection.commit()
    connection.close()
    Path("t.sql").write_text("SELECT * FROM t", "utf-8")
    return "t.sql"


def fit(cell: Any) -> Any:
    """A value that SQLite holds; what is longer is text there."""
    return cell if isinstance(cell, int) and abs(cell) < 2**63 else text_of(cell)


@pytest.mark.parametrize("write", [as_csv, as_parquet, as_sql])
def test_adopted_table_written_again_equals_its_source(
    write: Callable[[dict[str, Column], random.Random], str],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every cell of generated tables is there, and none is bent."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///rows.db")
    for seed in SEEDS:
        dice = random.Random(seed)  # noqa: S311  # test data
        table = generated(dice)
        source = write(table, dice)
        adopt(source, "late", force=True)
        frame = load(read_problem(), schema_of(CONTRACT_FILE)).sort_values("row")
        assert len(frame) == ROWS, seed
        for name, column in table.items():
            assert frame[name].isna().tolist() == [cell is None for cell in column], (seed, name)
            read = frame[name].dropna().tolist()
            given = [cell for cell in column if cell is not None]
            assert all(map(same, read, given)), (seed, name, frame[name].dtype)


def same(read: Any, given: Any) -> bool:
    """Whether a cell as read is the value that was written."""
    if isinstance(given, (float, Decimal)):
        return float(read) == float(given)
    if isinstance(given, bool):
        return bool(read) is given
    if isinstance(given, (dt.date, dt.datetime)):
        given_time = (
            given if isinstance(given, dt.datetime) else dt.datetime.combine(given, dt.time())
        )
        return pd.Timestamp(read).to_pydatetime() == given_time
    return str(read) == str(given).strip()


def test_read_long_whole_numbers_of_a_query_stay_different() -> None:
    for values in ([10**40 + 1, Decimal(10**40 + 2)], [2**60 + 1, 2**60 + 2, 1.5]):
        assert sql._typed("x", list(values), {}).to_pylist() == list(map(str, values))
    assert sql._typed("x", [2**60, 1.5, None], {}).to_pylist() == [2.0**60, 1.5, None]
