"""A file that is adopted and trains is answered as it is, whatever its cells look like."""

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from engine.adopt.adopt import adopt
from engine.adopt.copying import CONTRACT_FILE
from engine.bundle.bundle import Contract
from engine.contract import cells, text_table
from engine.contract.layout import Layout
from engine.data.columns import columns, json_rows
from engine.data.load import load
from engine.problem.spec import read
from engine.serving.http.protocols.invocations import rows_of_csv
from engine.serving.http.schema import Limits, schema_of
from engine.tests.data.made import schema_of as contract_of

LIMITS = Limits()


def german_file(path: Path) -> None:
    """Semicolons, decimal commas, grouped digits, a unit, own words for missing, German dates."""
    lines = ["nr;größe;preis;teile;farbe;am;spät"]
    for n in range(150):
        size = "k.A." if n % 9 == 0 else f"{n / 7:.3f}".replace(".", ",")
        price = f"{1000 + n * 13.5:,.2f} EUR".translate({ord(","): ".", ord("."): ","})
        colour = ["rot", "blau", '"hell;grün"'][n % 3]
        day = f"{n % 28 + 1:02d}.{n % 12 + 1:02d}.2025"
        answer = "ja" if n % 4 == 0 else "nein"
        lines.append(f"K{n};{size};{price};{n % 5};{colour};{day};{answer}")
    path.write_text("\n".join(lines) + "\n", "windows-1252")


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """NaN as None, and dates as ISO texts."""
    return {
        name: None
        if isinstance(value, float) and math.isnan(value)
        else value.isoformat()
        if isinstance(value, datetime)
        else value
        for name, value in row.items()
    }


def test_german_file_is_adopted_and_read_by_training_bulk_and_server(
    project: Path, tmp_path: Path
) -> None:
    """The same file gives the same rows in training, bulk work and /invocations."""
    path = tmp_path / "german.csv"
    german_file(path)
    adopt(str(path), "spät", id_column="nr")
    problem, schema = read(), contract_of(CONTRACT_FILE)
    frame = load(problem, schema)
    inputs = columns(problem, schema, frame)
    layout = Layout.of(schema.metadata)
    assert layout == Layout("windows-1252", ";", header=True)
    written = Contract("binary", (False, True), inputs, (), layout).to_json()
    contract = Contract.from_json(written)
    trained = json_rows(frame, contract.inputs)
    assert {column.type for column in inputs} == {"number", "integer", "category", "date"}

    names = list(text_table.header(path, contract.layout).names)
    table = pa.Table.from_batches(
        [batch for batch, _ in text_table.batches(path, layout, names, lambda *_: "error")]
    )
    bulk = {}
    for column in contract.inputs:
        texts = table[column.name].to_pandas().astype("str")
        bulk[column.name], valid = cells.read(column, cells.trimmed(texts))
        assert valid.all()
    assert json_rows(pd.DataFrame(bulk), contract.inputs) == trained

    sent = rows_of_csv(path.read_bytes(), schema_of(contract, LIMITS))
    row = schema_of(contract, LIMITS).adapters["Row"]
    assert [row.validate_python(one) for one in sent] == trained
