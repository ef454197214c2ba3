"""Where rows come from: the simulator, scikit-learn's bundled tables, files, a database."""

import pandas as pd
from sklearn import datasets

from engine.contract.layout import Layout
from engine.contract.sniff import sniff
from engine.data.paths import QUERY, TEXTS, check_place, checked, is_file
from engine.data.reading.parquet import read_parquet
from engine.data.reading.sql import read_sql
from engine.data.reading.text import read_text
from engine.data.simulator import simulate
from engine.problem.errors import BadInput


def read(source: str, layout: Layout | None = None) -> pd.DataFrame:
    """All rows of `source`, columns as they stand there, rows numbered from 0.

    Columns of a text file are texts; the contract describes what they mean.

    Args:
        source: `parcels`, `sklearn:NAME`, or the path of a text or Parquet file or of a query.
        layout: of a text file; it is detected by default.

    Raises:
        BadInput: the source is unknown, missing, unreadable, empty, or has columns that are
            doubled, unnamed or hold lists.
    """
    if source == "parcels":
        return simulate()
    if source.startswith("sklearn:"):
        return _bundled(source.removeprefix("sklearn:"))
    path = checked(source)
    suffix = path.suffix.lower()
    if suffix in TEXTS:
        frame = read_text(path, layout)
    else:
        frame = read_sql(path) if suffix == QUERY else read_parquet(path)
    if frame.empty:
        what = "gives no rows" if suffix == QUERY else "holds a header and no rows; give it rows"
        raise BadInput(f"{path} {what}", code="empty-table")
    return frame


def layout_of(source: str) -> Layout | None:
    """The layout of a text file; None for every other source.

    Raises:
        BadInput: there is no such file, or it is no text.
    """
    if not is_file(source) or not source.lower().endswith(TEXTS):
        return None
    return sniff(checked(source))


def _bundled(name: str) -> pd.DataFrame:
    check_place(f"sklearn:{name}")
    table = getattr(datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = table.frame
    if hasattr(table, "target_names"):
        # Names say more than 0 and 1 on every page that follows.
        names = [str(label) for label in table.target_names]
        frame = frame.assign(target=frame["target"].map(dict(enumerate(names))).astype("str"))
    return frame
