"""What a notebook's cell ends with, as the blocks of a page."""

import base64
import io
import re
from typing import Any, get_args

import numpy as np
import pandas as pd
from markupsafe import Markup

from engine.eda.target import written
from engine.pages.formatting import count
from engine.pages.page import Block, Cell, Code, Figure, Note, Table

ROWS, COLUMNS = 20, 12  # of a table; the rest is counted
LONGEST = 4_000  # characters of an output that is only text


def blocks_of(value: Any) -> list[Block]:
    """An output as a page shows it: pictures and tables as such, all else as text."""
    if value is None:
        return []
    if isinstance(value, get_args(Block)):
        return [value]
    if isinstance(value, pd.Series):
        value = value.to_frame(value.name if value.name is not None else "value")
    if isinstance(value, pd.DataFrame):
        return [_table(value)]
    drawn = getattr(value, "figure", value)
    if hasattr(drawn, "savefig"):
        return [_drawn(drawn)]
    return [_control(value) if type(value).__module__.startswith("marimo.") else _text(value)]


def _control(value: Any) -> Note:
    """Something of marimo's that only its editor can show."""
    stands = f" It stands at {value.value!r}." if hasattr(value, "value") else ""
    return Note(f"Here the notebook has a control.{stands} Open the notebook to use it.", "quiet")


def _text(value: Any) -> Code:
    text = value if isinstance(value, str) else repr(value)
    return Code(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _table(frame: pd.DataFrame) -> Table:
    """The first rows of a frame, each with its label."""
    head = frame.iloc[:ROWS, :COLUMNS]
    rows = [
        [written(label), *map(_cell, row)]
        for label, row in zip(head.index, head.itertuples(index=False, name=None), strict=True)
    ]
    caption = f"{count(len(frame), 'row')}, {count(frame.shape[1], 'column')}"
    if head.shape != frame.shape:
        caption += f"; shown: the first {len(head)} rows and {head.shape[1]} columns"
    return Table(caption, ["", *map(str, head.columns)], rows)


def _cell(value: Any) -> Cell:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return float(value) if isinstance(value, float | np.floating) else int(value)
    return written(value)


def _drawn(figure: Any) -> Figure:
    """A matplotlib figure as a picture inside the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    # Letters and digits of our own making: nothing of the notebook's words is printed as it is.
    picture = f'<img alt="a picture" style="max-width: 100%" src="data:image/png;base64,{data}">'
    return Figure(Markup(picture), "")  # noqa: S704


def markdown_of(value: Any) -> str | None:
    """The words of an output that is Markdown; None for any other, marimo's controls included."""
    write = getattr(value, "_repr_markdown_", None)
    text = str(write()).strip() if write else ""
    # Layouts and controls of marimo answer too, with HTML that only its editor can show.
    return text if text and not text.startswith(("<", "&lt;")) else None


def sections_of(markdown: str) -> list[tuple[str, str, list[Block]]]:
    """Markdown as (heading, first paragraph, blocks); signs of emphasis and links are dropped."""
    sections: list[tuple[str, str, list[Block]]] = []
    for piece in re.split(r"\n\s*\n", markdown.strip()):
        heading = re.match(r"#+ +(.+)", piece)
        if heading or not sections:
            sections.append((_plain(heading[1]) if heading else "", "", []))
        rest = piece[heading.end() :].strip() if heading else piece
        title, first, blocks = sections[-1]
        if rest.startswith("```"):
            blocks.append(Code(re.sub(r"^```.*\n|\n?```$", "", rest)))
        elif re.match(r"[-*] ", rest):
            items = re.split(r"(?:^|\n)[-*] +", rest)[1:]
            blocks += [Note(f"• {_plain(item)}") for item in items]
        elif title and not first and not blocks:
            sections[-1] = title, _plain(rest), blocks
        elif rest:
            blocks.append(Note(_plain(rest)))
    return sections


def _plain(text: str) -> str:
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", " ".join(text.split()))
