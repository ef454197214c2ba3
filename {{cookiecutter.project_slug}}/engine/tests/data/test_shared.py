"""Two people know by data/rows.toml, in git, that they have the same rows."""

import shutil
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pytest

from engine.data.load import load
from engine.data.shared import RECORD, check_present, fetch, share
from engine.problem.errors import BadInput
from engine.tests.data.made import problem_of, table

SOURCE = "data/raw/orders.csv"
ROW = pa.DataFrameSchema({"size": pa.Column(int), "late": pa.Column(str)})


@pytest.fixture
def folder(project: Path) -> Path:
    """A folder that both reach; the project in the working directory has rows."""
    Path(SOURCE).parent.mkdir()
    Path(SOURCE).write_text("size;late\n1;yes\n2;no\n")
    return project.parent / "team"


def code_of(error: "pytest.ExceptionInfo[BadInput]") -> str:
    return error.value.code


def test_fetched_rows_are_the_shared_rows(folder: Path) -> None:
    """The colleague's clone holds what git holds: the record, and no rows."""
    rows = Path(SOURCE).read_bytes()
    share(SOURCE, folder)
    shutil.rmtree("data/raw")
    with pytest.raises(BadInput, match="data fetch") as missing:
        check_present(SOURCE)
    assert code_of(missing) == "missing-rows"
    fetch(SOURCE, None)
    assert Path(SOURCE).read_bytes() == rows
    fetch(SOURCE, None)  # again: they are there already
    assert list(Path("data/raw").iterdir()) == [Path(SOURCE)]


def test_shared_folder_may_have_another_path_on_another_machine(folder: Path) -> None:
    share(SOURCE, folder)
    Path(SOURCE).unlink()
    mounted = folder.rename(folder.with_name("mounted"))
    with pytest.raises(BadInput, match=str(folder)) as nowhere:
        fetch(SOURCE, None)
    assert code_of(nowhere) == "no-shared-rows"
    fetch(SOURCE, mounted)
    assert Path(SOURCE).is_file()


def test_earlier_rows_stay_for_earlier_commits(folder: Path) -> None:
    """A revert of the record brings the earlier rows back."""
    share(SOURCE, folder)
    earlier = RECORD.read_text()
    Path(SOURCE).write_text("size;late\n3;yes\n")
    share(SOURCE, folder)
    RECORD.write_text(earlier)
    Path(SOURCE).unlink()
    fetch(SOURCE, None)
    assert "1;yes" in Path(SOURCE).read_text()


def test_other_rows_than_recorded_are_refused_and_kept(folder: Path) -> None:
    """They may be the only copy of a new delivery."""
    share(SOURCE, folder)
    Path(SOURCE).write_text("size;late\n3;yes\n")
    with pytest.raises(BadInput) as other:
        fetch(SOURCE, None)
    assert code_of(other) == "other-rows"
    assert "3;yes" in Path(SOURCE).read_text()
    problem = problem_of("late", "binary")
    rows = problem.rows.model_copy(update={"source": SOURCE})
    with pytest.raises(BadInput) as loaded:
        load(problem.model_copy(update={"rows": rows}), ROW)
    assert code_of(loaded) == "other-rows"


def test_damaged_copy_is_refused_and_leaves_no_file(folder: Path) -> None:
    share(SOURCE, folder)
    Path(SOURCE).unlink()
    [copy] = folder.iterdir()
    copy.write_text("size;late\n")
    with pytest.raises(BadInput) as damaged:
        fetch(SOURCE, None)
    assert code_of(damaged) == "other-rows"
    assert list(Path("data/raw").iterdir()) == []


def test_query_shares_the_digest_of_its_rows(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both reach the database; a row that was added since is noticed."""
    query = "data/queries/orders.sql"
    Path(query).parent.mkdir()
    Path(query).write_text("SELECT * FROM orders")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///rows.db")
    with closing(sqlite3.connect("rows.db")) as database:
        table().to_sql("orders", database, index=False)
    share(query, None)
    assert tomllib.loads(RECORD.read_text())["place"] == ""
    assert "the shared rows" in fetch(query, None)
    with closing(sqlite3.connect("rows.db")) as database:
        pd.DataFrame(table().head(1)).to_sql("orders", database, index=False, if_exists="append")
    with pytest.raises(BadInput) as other:
        fetch(query, None)
    assert code_of(other) == "other-rows"


@pytest.mark.parametrize(
    ("source", "code"),
    [("parcels", "nothing-to-share"), (SOURCE, "no-folder"), ("data/raw/no.csv", "missing-rows")],
)
def test_rows_that_cannot_be_shared_are_refused(folder: Path, source: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        share(source, None)
    assert code_of(refused) == code
    assert not RECORD.exists()


def test_fetch_without_a_record_names_who_makes_it(folder: Path) -> None:
    with pytest.raises(BadInput, match="data share FOLDER") as refused:
        fetch(SOURCE, None)
    assert code_of(refused) == "not-shared"


@pytest.mark.parametrize("text", ["", "source = 1", 'source = "a"\nplace = "b"\ndigest = 3\n'])
def test_incomplete_record_is_refused(folder: Path, text: str) -> None:
    RECORD.write_text(text)
    with pytest.raises(BadInput) as refused:
        fetch(SOURCE, None)
    assert code_of(refused) == "invalid-rows-file"


@pytest.mark.parametrize("place", ["/proc/none", "a file/below"])
def test_folder_that_cannot_be_written_is_refused(folder: Path, place: str) -> None:
    Path("a file").touch()
    with pytest.raises(BadInput) as refused:
        share(SOURCE, Path(place))
    assert code_of(refused) == "no-folder"
    assert not RECORD.exists()
