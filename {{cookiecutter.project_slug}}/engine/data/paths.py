"""Which sources there are, and is this one of them? Asked before anything slow is imported."""

import stat
from pathlib import Path

from engine.problem.errors import BadInput

BUNDLED = ("breast_cancer", "diabetes", "wine")
TEXTS = (".csv", ".tsv", ".tab", ".txt")
PARQUET, QUERY = ".parquet", ".sql"
# How to open what is often sent instead; the first that fits.
UNPACK = {
    ".gz": "unpack it first: `gunzip -k '{name}'`",
    ".zip": "unpack it first",
    ".xlsx": "save the sheet as CSV UTF-8",
    ".xls": "save the sheet as CSV UTF-8",
    "": "save the table as one of these",
}


def is_file(source: str) -> bool:
    """Is `source` the path of a file, and not the name of a bundled table?"""
    return source != "parcels" and not source.startswith("sklearn:")


def is_query(source: str) -> bool:
    """Does `source` ask a database?"""
    return is_file(source) and source.lower().endswith(QUERY)


def check_place(source: str) -> None:
    """Raise BadInput where `source` is nothing that rows can be read from."""
    if is_file(source):
        checked(source)
    elif source != "parcels" and source.removeprefix("sklearn:") not in BUNDLED:
        raise BadInput(
            f"scikit-learn bundles no table '{source.removeprefix('sklearn:')}' for this; it is "
            f"one of {', '.join(f'sklearn:{known}' for known in BUNDLED)}"
        )


def checked(source: str) -> Path:
    """The path of a file that is there and of a kind that is read here.

    It is opened once, so that what is wrong with the file is not taken for its format.

    Raises:
        BadInput: it is not.
    """
    path, found = Path(source), ""
    try:
        mode = path.stat().st_mode  # looked up first: a pipe would wait for whoever fills it
        if stat.S_ISREG(mode):
            path.open("rb").close()
        else:
            found = "a folder" if stat.S_ISDIR(mode) else "what is no file"
    except (FileNotFoundError, NotADirectoryError):
        found = "nothing"
    except (OSError, ValueError) as error:  # ValueError: a zero byte, or no UTF-8
        found = f"what cannot be read ({getattr(error, 'strerror', None) or error})"
    if found:
        raise BadInput(
            f"expected a text file, a Parquet file or a query at {path}, found {found}; give the "
            "path of a file that you may read, or parcels, or "
            f"{', '.join(f'sklearn:{name}' for name in BUNDLED)}"
        )
    if path.suffix.lower() not in (*TEXTS, PARQUET, QUERY):
        how = next(how for end, how in UNPACK.items() if path.suffix.lower() == end or not end)
        raise BadInput(
            f"expected a file that ends in {', '.join(TEXTS)}, {PARQUET} or {QUERY}, got "
            f"{path.name}; {how.format(name=path.name)}"
        )
    return path
