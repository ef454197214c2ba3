"""A query is a source like any other: same rows, same digest, and no secret ever said."""

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine, make_url

from data.__main__ import main
from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.data import sql
from engine.data.digest import digest
from engine.data.load import load
from engine.data.sources import read
from engine.data.split import split
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.problem.spec import read as read_problem
from engine.tests.data.made import contents, schema_of, table
from engine.tests.data.postgres import ENCODED, PASSWORD


def fill(address: str, name: str, frame: pd.DataFrame) -> None:
    """Write `frame` as a table of the database."""
    engine = create_engine(make_url(address.replace("postgresql:", "postgresql+psycopg:")))
    frame.to_sql(name, engine, index=False, if_exists="replace")
    engine.dispose()


def query(text: str, name: str = "orders.sql") -> str:
    """A file with this query in the test's folder."""
    Path(name).write_text(text, "utf-8")
    return name


def test_a_query_is_adopted_and_loaded_like_a_file(project: Path, database: str) -> None:
    rows = table().assign(note="  ")
    fill(database, "orders", rows)
    adopt(query("SELECT * FROM orders -- all of them\n;\n"), "late", time="at")
    framed = read_problem()
    assert framed.rows.source == "data/queries/orders.sql"
    assert Path("data/queries/orders.sql").read_bytes() == Path("orders.sql").read_bytes()
    frame = load(framed, schema_of(CONTRACT_FILE))
    assert frame["at"].tolist() == rows["at"].tolist()
    assert frame["items"].tolist() == rows["items"].tolist()
    assert frame["colour"].tolist() == rows["colour"].tolist()
    assert frame["fragile"].astype(bool).tolist() == rows["fragile"].tolist()
    assert frame["size"].isna().tolist() == rows["size"].isna().tolist()
    assert "note" in framed.columns.excluded


def test_rows_in_any_order_give_one_digest_and_one_split(project: Path, database: str) -> None:
    rows = pd.concat([table(), table().head(30)]).reset_index(drop=True)
    fill(database, "orders", rows)
    adopt(query("SELECT * FROM orders"), "late")
    problem, schema = read_problem(), schema_of(CONTRACT_FILE)
    first = load(problem, schema)
    fill(database, "orders", rows.sample(frac=1, random_state=1))
    again = load(problem, schema)
    assert digest(again) == digest(first)
    assert (split(problem, again).test == split(problem, first).test).all()
    fill(database, "orders", rows.assign(items=rows["items"].where(rows.index != 7, 99)))
    with pytest.raises(BadInput, match="99"):
        load(problem, schema)
    fill(database, "orders", rows.iloc[1:])
    assert digest(load(problem, schema)) != digest(first)


def test_twice_gives_the_same_files(project: Path, database: str) -> None:
    fill(database, "orders", table())
    source = query("SELECT * FROM orders")
    adopt(source, "late", time="at")
    before = contents(project)
    fill(database, "orders", table()[::-1])
    adopt(source, "late", time="at")
    assert contents(project) == before


TYPES = {
    "1::smallint": ("Int64", 1),
    "12345678901::bigint": ("Int64", 12345678901),
    "1.50::numeric(10, 2)": ("float64", 1.5),
    "0.5::real": ("float64", 0.5),
    "true": ("boolean", True),
    "'text'::varchar": ("str", "text"),
    "'padded'::char(10)": ("str", "padded"),
    "DATE '2026-01-02'": ("datetime64[us]", pd.Timestamp("2026-01-02")),
    "TIMESTAMP '2026-01-02 03:04:05'": ("datetime64[us]", pd.Timestamp("2026-01-02 03:04:05")),
    "TIMESTAMPTZ '2026-01-02 03:04+02'": ("datetime64[us]", pd.Timestamp("2026-01-02 01:04")),
    "TIME '08:30'": ("str", "08:30:00"),
    "'6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid":
        ("str", "6ecd8c99-4036-403d-bf84-cf8400f67836"),
    "99999999999999999999::numeric": ("str", "99999999999999999999"),
}  # fmt: skip


@pytest.mark.parametrize("expression", TYPES)
def test_postgres_types_come_out_plain_and_null_is_missing(
    expression: str, postgres: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres)
    dtype, value = TYPES[expression]
    kind = f"(SELECT {expression})"
    frame = read(query(f"SELECT {kind} AS x, 1 AS n UNION ALL SELECT NULLIF({kind}, {kind}), 2"))
    assert str(frame["x"].dtype) == dtype
    assert frame.set_index("n")["x"][1] == value
    assert frame["x"].isna().sum() == 1


def test_a_query_is_sent_as_it_stands(project: Path, database: str) -> None:
    fill(database, "orders", pd.DataFrame({"a": ["100 % :name %s", "x"], "b": [1, 2]}))
    frame = read(query("SELECT a, b FROM orders WHERE a LIKE '%:name %s' -- 5 %"))
    assert frame["a"].tolist() == ["100 % :name %s"]


def test_more_rows_than_a_piece_are_read_whole(
    project: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, "orders", table(500))
    monkeypatch.setattr(sql, "PIECE", 64)
    source = query("SELECT * FROM orders")
    assert len(read(source)) == 500
    monkeypatch.setattr(sql, "MOST", 400)
    with pytest.raises(BadInput) as error:
        read(source)
    assert error.value.code == "too-many-rows"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELEC", "fix the query"),
        ("-- nothing", "fix the query"),
        ("SELECT a AS x, a AS x FROM orders", "'x'; give each a name with AS"),
        ("SELECT a FROM orders WHERE a > 5", "gives no rows"),
        ("INSERT INTO orders VALUES (3) RETURNING a", "read"),
        ("DROP TABLE orders", "fix the query"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_and_changes_nothing(
    text: str, what: str, project: Path, database: str
) -> None:
    fill(database, "orders", pd.DataFrame({"a": [1, 2]}))
    source = query(text)
    with pytest.raises(BadInput, match=what) as refusal:
        read(source)
    assert "\n" not in str(refusal.value)
    assert read(query("SELECT a FROM orders", "sound.sql"))["a"].tolist() == [1, 2]


@pytest.mark.parametrize("values", ["ARRAY[1, 2]", "'{\"a\": 1}'::json", "'\\x00'::bytea"])
def test_lists_and_bytes_are_excluded_with_their_reason(
    values: str, postgres: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres)
    fill(postgres, "orders", table())
    source = query(f"SELECT *, {values} AS x FROM orders", "t.sql")  # noqa: S608
    done = adopt(source, "late")
    [reason] = [one.excluded for one in done.guesses if one.name == "x"]
    assert "CAST it in the query" in str(reason)
    problem, schema = read_problem(), schema_of(CONTRACT_FILE)
    assert load(problem, schema)["x"].isna().all()
    with pytest.raises(BadInput) as error:
        adopt("t.sql", "x", force=True)
    assert error.value.code == "not-single-values"


def test_a_column_of_several_types_is_read_as_a_text_table_would(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes '' and words in a column of numbers."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///rows.db")
    fill("sqlite:///rows.db", "orders", table().assign(n=[1, "", "  7 ", 2.5] * 30))
    frame = read(query("SELECT n FROM orders"))
    assert sorted(frame["n"].dropna().unique()) == ["1", "2.5", "7"]
    assert frame["n"].isna().sum() == 30


def test_whole_numbers_beside_fractions_stay_different(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond 2^53 a float would make two of them one."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///rows.db")
    fill("sqlite:///rows.db", "orders", pd.DataFrame({"n": [2**53, 2**53 + 1, 0.5]}, dtype=object))
    frame = read(query('SELECT n AS " n " FROM orders'))
    assert sorted(frame["n"]) == ["0.5", str(2**53), str(2**53 + 1)]


def test_without_an_address_the_next_step_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(BadInput) as error:
        read(query("SELECT 1"))
    assert error.value.code == "no-database-url"


def wrong_addresses(address: str) -> dict[str, str]:
    """Addresses that fail in different places, each with a password in it."""
    port = make_url(address).port
    return {
        "wrong password": f"postgresql://tester:{ENCODED}x@127.0.0.1:{port}/postgres",
        "no such database": f"postgresql://tester:{ENCODED}@127.0.0.1:{port}/nowhere",
        "nobody listens": f"postgresql://tester:{ENCODED}@127.0.0.1:1/postgres",
        "no address": f"tester:{PASSWORD}",
        "a port that is none": f"postgresql://tester:{ENCODED}@127.0.0.1:port/postgres",
        "no such dialect": f"nosuch://tester:{ENCODED}@127.0.0.1/postgres",
        "an option that is none": f"{address}?password={ENCODED}&nosuch={ENCODED}",
        "a driver that is not here": f"mysql://tester:{ENCODED}@127.0.0.1/rows",
    }


def test_no_message_ever_says_the_password(
    postgres: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = query("SELECT * FROM nowhere")
    for what, address in wrong_addresses(postgres).items():
        monkeypatch.setenv("DATABASE_URL", address)
        with pytest.raises(BadInput) as refusal:
            read(source)
        assert says_nothing_secret(str(refusal.value)), what
        assert refusal.value.__cause__ is None
        assert refusal.value.__suppress_context__


def test_what_adopt_writes_and_prints_names_no_address(
    postgres: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("DATABASE_URL", postgres)
    fill(postgres, "orders", table())
    assert main(["adopt", query("SELECT * FROM orders"), "--target", "late"]) == 0
    message = "".join([*capfd.readouterr(), caplog.text])
    message += b"".join(contents(project).values()).decode()
    assert says_nothing_secret(message)
    assert "127.0.0.1" not in message


def says_nothing_secret(text: str) -> bool:
    """No part of the password that a person could use."""
    return not any(part in text for part in (PASSWORD, ENCODED, PASSWORD[:6], ENCODED[:8]))


def test_the_framing_of_a_query_is_read_by_its_problem(project: Path, database: str) -> None:
    fill(database, "orders", table())
    adopt(query("SELECT * FROM orders"), "late", id_column=None)
    assert PROBLEM_FILE.read_text("utf-8").count("data/queries/orders.sql") == 1
    assert read_problem().decision.name == "late-orders"
