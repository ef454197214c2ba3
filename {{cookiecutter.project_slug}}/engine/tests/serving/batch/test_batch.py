"""A file of rows becomes a file of answers: whole, with its bundle's name, never by accident."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.bundle.archive import same
from engine.problem.errors import EXIT_GATE_CLOSED, BadInput
from engine.problem.spec import Task
from engine.serving.batch import run
from engine.serving.model.predictor import load
from engine.tests.serving.batch.files import answered, parquet, refused, rows, table, text
from engine.tests.serving.made import FEATURES, accept, make_bundle
from serving.batch import batch

# Fails on what training never saw: 100 items.
FAILS = FEATURES.replace(
    "        return np.column",
    "        if (frame['items'] == 100).any():\n"
    "            raise ValueError('no')\n"
    "        return np.column",
)


def without_id(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


def test_each_row_gets_the_answer_of_the_server(
    client: TestClient, tmp_path: Path, bundle_path: Path
) -> None:
    few = rows(250)
    code, result = answered(parquet(tmp_path / "in.parquet", few), bundle_path)
    assert code == 0
    assert [row["row"] for row in result] == list(range(1, 251))
    assert [row["id"] for row in result] == [row["id"] for row in few]
    for row, got in zip(few, result, strict=True):
        online = client.post("/v1/predict", json=without_id(row)).json()
        assert same({name: got[name] for name in ("score", "decision")}, {
            name: online[name] for name in ("score", "decision")
        })  # fmt: skip
        assert got["bundle"] == online["bundle"]
    assert not (tmp_path / "out.refused.parquet").exists()
    assert not (tmp_path / "out.parquet.parts").exists()


def test_a_csv_gives_what_a_parquet_gives(tmp_path: Path, bundle_path: Path) -> None:
    few = rows(250)
    _, one = answered(parquet(tmp_path / "in.parquet", few), bundle_path)
    _, other = answered(text(tmp_path / "in.csv", few), bundle_path, overwrite=True)
    assert one == other


def test_neither_parts_nor_processes_change_what_is_written(
    tmp_path: Path, bundle_path: Path
) -> None:
    given = parquet(tmp_path / "in.parquet", rows(250))
    _, one = answered(given, bundle_path)
    _, other = answered(given, bundle_path, overwrite=True, part_rows=33, processes=1)
    assert one == other


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_kind_of_answer_is_written_as_the_server_says_it(tmp_path: Path, task: Task) -> None:
    make_bundle(tmp_path / "bundle", task)
    few = rows(20)
    _, result = answered(parquet(tmp_path / "in.parquet", few), tmp_path / "bundle")
    predictor = load(bundles.read(tmp_path / "bundle"), rehearsal=True)
    for got, answer in zip(result, predictor.predict(few), strict=True):
        assert same({name: got[name] for name in answer}, answer)
    assert ("decision" in result[0]) == (task == "multiclass")


@pytest.mark.parametrize("rehearsal", [False, True])
def test_a_rehearsal_says_so_in_every_row_and_of_the_file(
    tmp_path: Path,
    bundle_path: Path,
    rehearsal: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    accept(bundles.read(bundle_path).id, tmp_path / "handoff/records")
    given = parquet(tmp_path / "in.parquet", rows(5))
    _, result = answered(given, bundle_path, rehearsal=rehearsal)
    assert {row.get("rehearsal", False) for row in result} == {rehearsal}
    reported = pq.read_schema(tmp_path / "out.parquet").metadata
    assert reported[b"rehearsal"] == str(rehearsal).lower().encode()
    assert reported[b"bundle"].decode() == bundles.read(bundle_path).id
    assert ("REHEARSAL" in capsys.readouterr().out) == rehearsal


def test_bad_rows_are_set_aside_and_all_others_answered(
    tmp_path: Path, bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = rows(250)
    few[7]["items"], few[7]["service"], few[120]["fragile"] = 101, "slowly", None
    code, result = answered(parquet(tmp_path / "in.parquet", few), bundle_path)
    assert code == 0
    assert [row["row"] for row in result] == [n for n in range(1, 251) if n not in (8, 121)]
    one, other = refused(tmp_path / "in.parquet")
    assert (one["row"], other["row"]) == (8, 121)
    assert "items: expected a whole number from 1 to 100, got 101; " in one["reason"]
    assert "service: expected one of 'slow', 'fast', got \"slowly\"" in one["reason"]
    assert other["reason"] == "fragile: expected true or false, got nothing"
    assert '"id": "p7"' in one["text"]
    assert "2 refused, each with the reason" in capsys.readouterr().out


def test_rows_of_a_csv_that_are_none_keep_their_number(tmp_path: Path, bundle_path: Path) -> None:
    given = text(tmp_path / "in.csv", rows(250))
    lines = given.read_text().splitlines()
    lines[1] += ",more"  # the first row; line 0 has the names
    lines[100] = "less"
    lines.insert(50, "")
    lines.append("and,at,the,end")
    given.write_text("\n".join(lines))
    for part_rows in (100, 97, 1000):
        code, result = answered(given, bundle_path, part_rows=part_rows, overwrite=True)
        assert code == 0
        assert [row["row"] for row in result] == [n for n in range(2, 251) if n != 100]
        assert [row["id"] for row in result] == [f"p{row['row'] - 1}" for row in result]
        assert [(row["row"], row["reason"]) for row in refused(given)] == [
            (1, "expected 9 cells, got 10"),
            (100, "expected 9 cells, got 1"),
            (251, "expected 9 cells, got 4"),
        ]
        assert refused(given)[1]["text"] == "less"


def test_a_row_that_the_model_fails_on_is_set_aside(tmp_path: Path) -> None:
    make_bundle(tmp_path / "bundle", code=FAILS)
    few = [row | {"items": 1} for row in rows(250)]
    few[3]["items"] = few[4]["items"] = few[200]["items"] = 100
    given = parquet(tmp_path / "in.parquet", few)
    _, result = answered(given, tmp_path / "bundle")
    assert len(result) == 247
    assert [row["row"] for row in refused(given)] == [4, 5, 201]
    assert refused(given)[0]["reason"] == "the model failed on it: ValueError('no')"


def test_a_model_that_fails_on_everything_is_what_is_wrong(tmp_path: Path) -> None:
    make_bundle(tmp_path / "bundle", code=FAILS)
    given = parquet(tmp_path / "in.parquet", [row | {"items": 100} for row in rows(300)])
    with pytest.raises(BadInput, match="ValueError") as error:
        answered(given, tmp_path / "bundle", part_rows=1000)
    assert error.value.code == "model-failed"


@pytest.mark.parametrize("part_rows", [50, 1000])
def test_rows_that_the_model_fails_on_are_added_up_over_all_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_rows: int
) -> None:
    """As many as are allowed are set aside; one more in any part, and the model is at fault."""
    make_bundle(tmp_path / "bundle", code=FAILS)
    monkeypatch.setattr(run, "MOST_FAILED", 20)
    few = [row | {"items": 100 if number % 12 == 0 else 1} for number, row in enumerate(rows(240))]
    few[1]["items"] = 0  # refused by the contract
    given = parquet(tmp_path / "in.parquet", few)
    _, result = answered(given, tmp_path / "bundle", part_rows=part_rows)
    assert len(result) == 240 - 21
    assert sum("the model failed" in one["reason"] for one in refused(given)) == 20
    parquet(given, [*few, few[0]])
    for overwrite in (True, False):  # the same command again comes to the same end
        with pytest.raises(BadInput, match="21 rows") as error:
            answered(given, tmp_path / "bundle", part_rows=part_rows, overwrite=overwrite)
        assert error.value.code == "model-failed"
        assert len(pq.read_table(tmp_path / "out.parquet")) == len(result)  # of the run before


def test_where_all_rows_are_refused_the_gate_is_closed(tmp_path: Path, bundle_path: Path) -> None:
    given = parquet(tmp_path / "in.parquet", [row | {"items": 0} for row in rows(30)])
    code, result = answered(given, bundle_path)
    assert (code, result) == (EXIT_GATE_CLOSED, [])
    assert len(refused(given)) == 30


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_no_rows_give_no_answers(tmp_path: Path, bundle_path: Path, suffix: str) -> None:
    given = tmp_path / f"in{suffix}"
    names = list(rows(1)[0])
    text(given, [], names) if suffix == ".csv" else pq.write_table(table([]), given)
    assert answered(given, bundle_path) == (0, [])
    assert set(pq.read_schema(tmp_path / "out.parquet").names) == {
        *("row", "id", "score", "decision", "bundle", "rehearsal")
    }


def test_what_is_finished_is_replaced_only_when_told(tmp_path: Path, bundle_path: Path) -> None:
    given = parquet(tmp_path / "in.parquet", [{**row, "items": 0} for row in rows(2)] + rows(20))
    answered(given, bundle_path)
    parquet(given, rows(10, seed=1))
    before = (tmp_path / "out.parquet").read_bytes()
    with pytest.raises(BadInput, match="--overwrite"):
        answered(given, bundle_path)
    assert (tmp_path / "out.parquet").read_bytes() == before
    _, result = answered(given, bundle_path, overwrite=True)
    assert len(result) == 10
    assert not (tmp_path / "out.refused.parquet").exists()


def broken(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def code_of(path: Path, bundle: Path, out: Path) -> str:
    """The code of the error for a run."""
    with pytest.raises(BadInput) as error:
        batch(path, out, bundle, rehearsal=True)
    return error.value.code


def test_file_that_does_not_fit_is_refused_before_the_first_row(
    tmp_path: Path, bundle_path: Path
) -> None:
    """Each kind of fault has its code, and nothing is written."""
    good = table(rows(3))

    def of(name: str, changed: pa.Table) -> Path:
        pq.write_table(changed, tmp_path / name)
        return tmp_path / name

    refusals = [
        (of("a.parquet", good.drop_columns(["items", "days"])), "missing-column"),
        (of("b.parquet", good.append_column("score", good["id"])), "reserved-column"),
        (of("c.parquet", good.set_column(2, "items", pa.array([True] * 3))), "wrong-type"),
        (of("d.parquet", good.set_column(8, "ordered_at", pa.array([1, 2, 3]))), "wrong-type"),
        (of("e.parquet", good.set_column(6, "service", pa.array([["x"]] * 3))), "wrong-type"),
        (broken(tmp_path / "e2.parquet", b"PAR1 and no more"), "unreadable-file"),
        (broken(tmp_path / "f.csv", b""), "empty-table"),
        (broken(tmp_path / "g.csv", b"items;days\n1;2\n"), "missing-column"),
        (broken(tmp_path / "h.csv", b"items,items\n1,2\n"), "missing-column"),
        (tmp_path / "none.csv", "missing-file"),
        (broken(tmp_path / "rows.xlsx", b""), "unknown-file-type"),
    ]
    out = tmp_path / "out.parquet"
    for path, code in refusals:
        assert code_of(path, bundle_path, out) == code, path.name
    path = parquet(tmp_path / "in.parquet", rows(3))
    assert code_of(path, bundle_path, path) == "not-parquet"
    assert code_of(path, bundle_path, tmp_path / "out.csv") == "not-parquet"
    assert code_of(path, bundle_path, tmp_path / "none" / "out.parquet") == "no-such-folder"
    assert not list(tmp_path.glob("out*"))


def test_text_that_is_not_utf8_is_refused_and_leaves_nothing(
    tmp_path: Path, bundle_path: Path
) -> None:
    given = text(tmp_path / "in.csv", [row | {"carrier": "blé"} for row in rows(3)])
    given.write_bytes(given.read_text("utf-8").encode("latin-1"))
    with pytest.raises(BadInput) as error:
        answered(given, bundle_path)
    assert error.value.code == "wrong-encoding"
    assert list(tmp_path.iterdir()) == [given]


def test_text_of_a_parquet_that_is_not_utf8_is_refused(tmp_path: Path, bundle_path: Path) -> None:
    given = table(rows(3))
    not_utf8 = pa.array([b"red", b"bl\xe9", b"red"]).view(pa.string())
    pq.write_table(given.set_column(7, "carrier", not_utf8), tmp_path / "in.parquet")
    with pytest.raises(BadInput) as error:
        answered(tmp_path / "in.parquet", bundle_path)
    assert error.value.code == "not-utf-8"


def test_what_goes_along_keeps_its_type(tmp_path: Path, bundle_path: Path) -> None:
    more = {
        "lane": pa.array([f"l{number // 50}" for number in range(300)]).dictionary_encode(),
        "at": pa.array(range(300), pa.timestamp("ms", "UTC")),
        "tags": pa.array([[number, None] for number in range(300)], pa.list_(pa.int16())),
        "raw": pa.array([b"\xff"] * 300),
        "none": pa.nulls(300),
    }
    given = table(rows(300))
    for name, cells in more.items():
        given = given.append_column(name, cells)
    # Row groups whose dictionaries differ, and parts that end within them.
    pq.write_table(given, tmp_path / "in.parquet", row_group_size=70)
    code, _ = answered(tmp_path / "in.parquet", bundle_path)
    assert code == 0
    result = pq.read_table(tmp_path / "out.parquet")
    for name, cells in more.items():
        assert result.column(name).to_pylist() == cells.to_pylist()
        kind = pq.read_schema(tmp_path / "in.parquet").field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        assert result.schema.field(name).type == kind
