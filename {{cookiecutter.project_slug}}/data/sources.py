"""Where rows come from: the simulator, scikit-learn's bundled tables, CSV and Parquet files."""

from pathlib import Path

import pandas as pd
from sklearn import datasets

from data.files import read_csv, read_parquet
from data.parcels import simulate
from problem.errors import BadInput

BUNDLED = ("breast_cancer", "diabetes", "wine")
SUFFIXES = {".csv": read_csv, ".parquet": read_parquet}


def read(source: str) -> pd.DataFrame:
    """All rows of `source`, columns as they stand there, rows numbered from 0.

    Args:
        source: `parcels`, `sklearn:NAME`, or the path of a CSV or Parquet file.

    Raises:
        BadInput: the source is unknown, missing, unreadable, empty, or has columns that are
            doubled, unnamed or hold lists.
    """
    if source == "parcels":
        return simulate()
    if source.startswith("sklearn:"):
        return _bundled(source.removeprefix("sklearn:"))
    path = Path(source)
    _check_file(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(
            f"expected a file that ends in .csv or .parquet, got {path.name}; "
            "save the table as one of these"
        )
    frame = SUFFIXES[suffix](path)
    if frame.empty:
        raise BadInput(f"{path} holds a header and no rows; give it rows")
    return frame


def is_file(source: str) -> bool:
    """Is `source` the path of a file, and not the name of a bundled table?"""
    return source != "parcels" and not source.startswith("sklearn:")


def _check_file(path: Path) -> None:
    """Open it once, so that what is wrong with the file is not taken for its format."""
    try:
        with path.open("rb"):
            return
    except (FileNotFoundError, NotADirectoryError):
        found = "nothing"
    except IsADirectoryError:
        found = "a folder"
    except OSError as error:
        # Windows says 'permission denied' of a folder, too.
        found = "a folder" if path.is_dir() else f"what cannot be read ({error.strerror})"
    raise BadInput(
        f"expected a CSV or Parquet file at {path}, found {found}; give the path of a file that "
        f"you may read, or parcels, or {', '.join(f'sklearn:{name}' for name in BUNDLED)}"
    )


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
