"""Where rows come from: the simulator, scikit-learn's bundled tables, files, a database."""

from pathlib import Path

import pandas as pd
from sklearn import datasets

from data.parcels import simulate
from data.reading.layout import Layout, sniff
from data.reading.parquet import read_parquet
from data.reading.sql import read_sql
from data.reading.text import read_text
from problem.errors import BadInput

BUNDLED = ("breast_cancer", "diabetes", "wine")
TEXTS = (".csv", ".tsv", ".tab", ".txt")
QUERY = ".sql"


def read(source: str, layout: Layout | None = None) -> pd.DataFrame:
    """All rows of `source`, columns as they stand there, rows numbered from 0.

    Columns of a text file are texts: what they mean is for the contract to say (`data.cells`).

    Args:
        source: `parcels`, `sklearn:NAME`, or the path of a text or Parquet file or of a query.
        layout: of a text file; its own is found out where none is given.

    Raises:
        BadInput: the source is unknown, missing, unreadable, empty, or has columns that are
            doubled, unnamed or hold lists.
    """
    if source == "parcels":
        return simulate()
    if source.startswith("sklearn:"):
        return _bundled(source.removeprefix("sklearn:"))
    path = _checked(source)
    suffix = path.suffix.lower()
    if suffix in TEXTS:
        frame = read_text(path, layout)
    else:
        frame = read_sql(path) if suffix == QUERY else read_parquet(path)
    if frame.empty:
        what = "gives no rows" if suffix == QUERY else "holds a header and no rows; give it rows"
        raise BadInput(f"{path} {what}")
    return frame


def layout_of(source: str) -> Layout | None:
    """How a text file is laid out; None for every other source.

    Raises:
        BadInput: there is no such file, or it is no text.
    """
    if not is_file(source) or not source.lower().endswith(TEXTS):
        return None
    return sniff(_checked(source))


def is_file(source: str) -> bool:
    """Is `source` the path of a file, and not the name of a bundled table?"""
    return source != "parcels" and not source.startswith("sklearn:")


def is_query(source: str) -> bool:
    """Does `source` ask a database?"""
    return is_file(source) and source.lower().endswith(QUERY)


def _checked(source: str) -> Path:
    """The path of a file that is there and of a kind that is read here.

    It is opened once, so that what is wrong with the file is not taken for its format.
    """
    path = Path(source)
    try:
        with path.open("rb"):
            found = ""
    except (FileNotFoundError, NotADirectoryError):
        found = "nothing"
    except IsADirectoryError:
        found = "a folder"
    except OSError as error:
        # Windows says 'permission denied' of a folder, too.
        found = "a folder" if path.is_dir() else f"what cannot be read ({error.strerror})"
    if found:
        raise BadInput(
            f"expected a text file, a Parquet file or a query at {path}, found {found}; give the "
            "path of a file that you may read, or parcels, or "
            f"{', '.join(f'sklearn:{name}' for name in BUNDLED)}"
        )
    if path.suffix.lower() not in (*TEXTS, ".parquet", QUERY):
        raise BadInput(
            f"expected a file that ends in {', '.join(TEXTS)}, .parquet or {QUERY}, got "
            f"{path.name}; save the table as one of these"
        )
    return path


def _bundled(name: str) -> pd.DataFrame:
    if name not in BUNDLED:
        raise BadInput(
            f"scikit-learn bundles no table '{name}' for this; it is one of "
            f"{', '.join(f'sklearn:{known}' for known in BUNDLED)}"
        )
    table = getattr(datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = table.frame
    if hasattr(table, "target_names"):
        # Names say more than 0 and 1 on every page that follows.
        names = [str(label) for label in table.target_names]
        frame = frame.assign(target=frame["target"].map(dict(enumerate(names))).astype("str"))
    return frame
