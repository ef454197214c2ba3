"""The sources of rows, checked before anything slow is imported."""

import stat
from pathlib import Path

from engine.contract.file_kinds import PARQUET, TEXTS, find_kind
from engine.problem.errors import BadInput

BUNDLED = ("breast_cancer", "diabetes", "wine")
QUERY = ".sql"


def is_file(source: str) -> bool:
    """Whether `source` is the path of a file, not the name of a bundled table."""
    return source != "parcels" and not source.startswith("sklearn:")


def is_query(source: str) -> bool:
    """Whether `source` is a query to a database."""
    return is_file(source) and source.lower().endswith(QUERY)


def check_place(source: str) -> None:
    """Raise BadInput if no rows can be read from `source`."""
    if is_file(source):
        checked(source)
    elif source != "parcels" and source.removeprefix("sklearn:") not in BUNDLED:
        raise BadInput(
            f"scikit-learn bundles no table '{source.removeprefix('sklearn:')}' for this; it is "
            f"one of {', '.join(f'sklearn:{known}' for known in BUNDLED)}",
            code="unknown-source",
        )


def checked(source: str) -> Path:
    """The path of a file that exists, can be opened and is of a known kind; else BadInput."""
    path, kind = Path(source), ""
    try:
        mode = path.stat().st_mode  # first: opening a pipe would block
        if stat.S_ISREG(mode):
            path.open("rb").close()
        else:
            kind = "a folder" if stat.S_ISDIR(mode) else "something that is no file"
    except (FileNotFoundError, NotADirectoryError):
        kind = "no such file"
    except (OSError, ValueError) as error:  # ValueError: a zero byte, or no UTF-8
        kind = f"a file that cannot be read ({getattr(error, 'strerror', None) or error})"
    if kind:
        raise BadInput(
            f"expected a text file, a Parquet file or a query at {path}, found {kind}; give the "
            "path of a file that you may read, or parcels, or "
            f"{', '.join(f'sklearn:{name}' for name in BUNDLED)}",
            code="unknown-source",
        )
    if path.suffix.lower() not in (*TEXTS, PARQUET, QUERY):
        _, kind, then = find_kind(path) or ("", "a file", "save the table as one of these")
        raise BadInput(
            f"expected a file that ends in {', '.join(TEXTS)}, {PARQUET} or {QUERY}, got "
            f"{path.name}, which is {kind}; {then}",
            code="unknown-file-type",
        )
    return path
