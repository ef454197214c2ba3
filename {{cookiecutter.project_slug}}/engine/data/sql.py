"""Reads the result of a query from the database that the environment names.

The query stands in a file, so that it is reviewed like code. The address of the database
with its password stands in DATABASE_URL only: in no file, message or log.
"""

import datetime as dt
import ipaddress as ip
import os
import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pandas as pd
import pyarrow as pa
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from engine.contract.arrow_types import EXACT, plain
from engine.contract.cells import DTYPES, trimmed_texts
from engine.contract.layout import checked_names
from engine.data.unread import with_reasons
from engine.problem.errors import BadInput
from engine.problem.files import read_text

ADDRESS = "DATABASE_URL"
# Rows come in pieces of so many; a query that gives more than MOST is no table for one machine.
PIECE, MOST = 20_000, 5_000_000
TIMEOUT = 10  # seconds to wait for a connection
SECRET = ("pass", "secret", "token", "key")
INT64 = range(-(2**63), 2**63)
# Of each side of the point of an exact number; more digits are a float's.
DIGITS = 38
# What `str` writes as a text table does.
AS_TEXT = {
    str, int, float, Decimal, bool, uuid.UUID, dt.time, dt.date, dt.datetime,
    ip.IPv4Address, ip.IPv4Interface, ip.IPv4Network,
    ip.IPv6Address, ip.IPv6Interface, ip.IPv6Network,
}  # fmt: skip
HIDDEN = "***"
# What drivers raise of addresses, queries and values (such as a year that Python has not).
DRIVERS = (ImportError, ValueError, TypeError, ArithmeticError, OSError)


def read_sql(path: Path) -> pd.DataFrame:
    """The rows of the query in `path`, in the order of their values, so that they have one digest.

    The transaction is read-only.

    Raises:
        BadInput: there is no DATABASE_URL or no database at it, the query is refused, gives too
            many rows, or columns that are doubled or unnamed.
    """
    query = read_text(path, "a query", "export it again").strip().rstrip(";").rstrip()
    if not query:
        raise BadInput(f"{path} is empty; a query must stand in it", code="empty-query")
    address = _address()
    try:
        _check_is_there(address)
        timeout = {"connect_timeout": TIMEOUT} if _is_postgres(address) else {}
        # Without a pool, which would hold the connection open after an error.
        engine = create_engine(address, connect_args=timeout, poolclass=NullPool)
        with engine.connect() as connection:
            names, pieces = _query(connection, address, query)
            names = checked_names(path, names, "give each a name with AS")
            frame = _frame(path, names, pieces)
    except (SQLAlchemyError, pa.ArrowException, *DRIVERS) as error:
        shown = address.set(query={}).render_as_string(hide_password=True)
        raise BadInput(
            f"{path} cannot be read from {shown}: {_reason(error, address)}; fix the query, or "
            f"{ADDRESS}",
            code="query-failed",
        ) from None
    return frame


def _address() -> URL:
    given = os.environ.get(ADDRESS, "").strip()
    if not given:
        raise BadInput(
            f"a query needs the address of its database in the environment variable {ADDRESS}, "
            f"and none is set; for example: export {ADDRESS}=postgresql://user@host:5432/name",
            code="no-database-url",
        )
    try:
        address = make_url(given)
    except (ArgumentError, ValueError):
        # What was given is not repeated: it may hold a password.
        raise BadInput(
            f"{ADDRESS} is no address of a database; expected dialect://user:password@host:port/"
            "name, special characters in the password percent-encoded",
            code="bad-database-url",
        ) from None
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    return address


def _check_is_there(address: URL) -> None:
    """Check that the file exists: SQLite would create it."""
    name = address.database or ":memory:"
    is_named = address.get_backend_name() == "sqlite" and not name.startswith((":", "file:"))
    if is_named and not Path(name).is_file():
        raise FileNotFoundError(f"there is no database file {name:.200}")


def _is_postgres(address: URL) -> bool:
    return address.get_backend_name() == "postgresql"


def _query(
    connection: Connection, address: URL, query: str
) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """The names of the columns, and the rows in pieces, read only."""
    options: dict[str, Any] = {"stream_results": True, "no_parameters": True}
    if _is_postgres(address):
        options["postgresql_readonly"] = True
    connection = connection.execution_options(**options)
    if address.get_backend_name() == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    # As it stands: a colon or a percent sign in a query is no parameter.
    result = connection.exec_driver_sql(query)
    if not result.returns_rows:
        raise ValueError("it is no query that gives rows")
    return list(result.keys()), result.partitions(PIECE)


def _frame(path: Path, names: Sequence[str], pieces: Iterator[Sequence[Any]]) -> pd.DataFrame:
    columns: list[list[Any]] = [[] for _ in names]
    reasons: dict[str, str] = {}
    for piece in pieces:
        for column, values in zip(columns, zip(*piece, strict=True), strict=True):
            column.extend(values)
        if len(columns[0]) > MOST:
            raise BadInput(
                f"{path} gives more than {MOST:,} rows; ask for fewer, by a WHERE on time or a "
                "sample",
                code="too-many-rows",
            )
    table = pa.table({name: _typed(name, columns[at], reasons) for at, name in enumerate(names)})
    table = table.sort_by([(name, "ascending") for name in names])
    return with_reasons(trimmed_texts(table.to_pandas(types_mapper=DTYPES.get)), reasons)


def _typed(name: str, values: list[Any], reasons: dict[str, str]) -> pa.ChunkedArray:
    """Values of Python in one plain type; the list is emptied to save memory.

    SQLite, for one, has values of several types in a column: these are texts, as in a text table.
    """
    kinds = {type(value) for value in values} - {type(None)}
    array: pa.Array
    if kinds <= {bool}:
        array = pa.array(values, pa.bool_() if kinds else pa.string())
    elif kinds <= {int} and all(value is None or value in INT64 for value in values):
        array = pa.array(values, pa.int64())
    elif kinds <= {int, Decimal} and all(map(_is_decimal, values)):
        array = pa.array([None if value is None else Decimal(value) for value in values])
    elif kinds <= {int, float, Decimal, bool} and not any(map(_is_long, values)):
        floats = [None if value is None else float(value) for value in values]
        array = pa.array(floats, pa.float64(), from_pandas=True)
    elif kinds <= {dt.date, dt.datetime}:
        times = [None if value is None else _timestamp(value) for value in values]
        array = pa.array(times, pa.timestamp("us"))
    elif kinds <= {dt.timedelta}:
        array = pa.array(values, pa.duration("us"))
    elif kinds <= {bytes, memoryview} | AS_TEXT and (texts := _texts(values)) is not None:
        array = pa.array(texts, pa.string())
    else:
        types = ", ".join(sorted(kind.__name__ for kind in kinds))
        reasons[name] = f"it holds no plain values ({types}): CAST it in the query"
        array = pa.nulls(len(values), pa.string())
    values.clear()
    return plain(pa.chunked_array([array]))


def _is_decimal(value: int | Decimal | None) -> bool:
    """Whether Arrow's decimals can hold the number exactly."""
    if value is None:
        return True
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent > -DIGITS and number.adjusted() < DIGITS


def _is_long(value: float | Decimal | None) -> bool:
    """Whether the number is whole, and no float: it is rather a name."""
    if value is None or isinstance(value, (bool, float)) or not Decimal(value).is_finite():
        return False
    number = Decimal(value)
    is_whole = number == number.to_integral_value()
    return is_whole and abs(number) >= EXACT and number != Decimal(float(value))


def _texts(values: list[Any]) -> list[str | None] | None:
    """The values as texts; None if they hold bytes that are no text."""
    raw = [bytes(one) if isinstance(one, (bytes, memoryview)) else one for one in values]
    try:
        texts = [one.decode() if isinstance(one, bytes) else one for one in raw]
    except UnicodeDecodeError:
        return None
    if any(isinstance(one, bytes) and 0 in one for one in raw):
        return None
    return [None if text is None else str(text) for text in texts]


def _timestamp(value: dt.date) -> dt.datetime:
    """A day or a time in UTC, without a zone."""
    if not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    return value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value


def _reason(error: Exception, address: URL) -> str:
    """The start of a driver's message, with every secret of the address hidden."""
    reason = " ".join(str(getattr(error, "orig", None) or error).split())
    secrets = [address.password or ""]
    for key, given in address.query.items():
        if any(word in key.lower() for word in SECRET):
            secrets += [given] if isinstance(given, str) else list(given)
    spelled = {form(secret) for secret in secrets if secret for form in (str, quote, quote_plus)}
    for secret in sorted(spelled, key=len, reverse=True):
        reason = reason.replace(secret, HIDDEN)
    return reason[:300]
