"""Shows sections and figures in a notebook, and writes a whole notebook as a page.

marimo's own export loads its scripts from the network. This one writes a file that needs none.
"""

import ast
import base64
import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from markupsafe import Markup

from engine.eda.bins import written
from engine.eda.notebooks import cells
from engine.pages import page
from engine.pages.formatting import count
from engine.pages.page import Block, Cell, Code, Figure, Note, Owner, Section, Table
from engine.problem.files import read_text, write_atomically

OWNER: Owner = "data scientist"
PAGES = Path("build/eda")
ROWS, COLUMNS = 20, 12  # of a table; the rest is counted
LONGEST = 4_000  # characters of an output that is only text
# In a notebook, sections have a frame of their own: the editor's style does not reach into it.
ALONE = (
    "<style>header, nav, .skip { display: none } body { padding: 0 } section { margin: 0 }</style>"
)


@dataclass(frozen=True)
class Shown:
    """Sections and blocks of a page, for notebook editors and exported pages."""

    blocks: tuple[Section | Block, ...]

    def _repr_html_(self) -> str:
        """The blocks in a frame, for notebook editors."""
        inside = page.render("", "", _sections("", self.blocks)) + ALONE
        style = "width: 100%; height: 32rem; border: 0; resize: vertical; overflow: auto"
        fit = "this.style.height = this.contentDocument.body.offsetHeight + 'px'"
        return (
            f'<iframe title="figures" style="{style}" onload="{fit}" '
            f'srcdoc="{html.escape(inside)}"></iframe>'
        )


def show(*blocks: Section | Block) -> Shown:
    """The last expression of a cell that shows sections, figures or tables."""
    return Shown(blocks)


def write(path: Path, out: Path | None = None) -> Path:
    """Run a marimo notebook, write its code and outputs as one page, and return the page's path."""
    content = [block for cell in cells.run(path) for block in _content(cell)]
    sections = _sections("Setup", content)
    text = read_text(path, "a marimo notebook", "restore it")
    lead = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]
    footer = f"Made of {path.as_posix()} by python -m eda notebook: each cell ran once, in order."
    made = page.render(f"Notebook {path.stem}", lead, sections, footer=footer)
    return write_atomically(out or PAGES / f"{path.stem}.html", made)


def _content(cell: cells.Cell) -> Iterator[Section | Block]:
    """The code and output of a cell; of a cell of Markdown only the text."""
    write = getattr(cell.output, "_repr_markdown_", None)
    text = str(write()).strip() if write else ""
    # Layouts and controls of marimo have this method too; they return HTML for its editor.
    if text and not text.startswith(("<", "&lt;")):
        # A section for each heading, a note for each paragraph.
        before, *headed = re.split(r"^#+ +(.+)$", text, flags=re.MULTILINE)
        yield from map(Note, _paragraphs(before))
        for heading, body in zip(headed[::2], headed[1::2], strict=True):
            first, *rest = _paragraphs(body) or [""]
            yield Section(_plain(heading), OWNER, first, [Note(text) for text in rest])
        return
    if cell.code and not cell.hidden:
        yield Code(cell.code)
    if printed := cell.printed.strip():
        yield Code(printed, "It prints:")
    yield from cell.output.blocks if isinstance(cell.output, Shown) else _blocks_of(cell.output)


def _paragraphs(markdown: str) -> list[str]:
    bulleted = re.sub(r"^[-*] +", "• ", markdown, flags=re.MULTILINE)
    return [_plain(text) for text in re.split(r"\n\s*\n", bulleted.strip()) if text]


def _plain(text: str) -> str:
    """The text without links and marks of emphasis."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", " ".join(text.split()))


def _sections(title: str, blocks: Iterable[Section | Block]) -> list[Section]:
    """The sections; a block goes into the one before it, or into a first one."""
    sections: list[Section] = []
    for block in blocks:
        if isinstance(block, Section):
            sections.append(block)
        elif sections:
            sections[-1] = replace(sections[-1], blocks=[*sections[-1].blocks, block])
        else:
            sections.append(Section(title, OWNER, "", [block]))
    return sections


def _blocks_of(value: Any) -> list[Block]:
    """An output as blocks: figures and tables as such, anything else as text."""
    if value is None:
        return []
    if isinstance(value, get_args(Block)):
        return [value]
    if isinstance(value, pd.Series):
        value = value.to_frame(value.name if value.name is not None else "value")
    if isinstance(value, pd.DataFrame):
        return [_table(value)]
    figure = getattr(value, "figure", value)
    if hasattr(figure, "savefig"):  # of matplotlib
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        image = f'<img alt="a picture" style="max-width: 100%" src="data:image/png;base64,{data}">'
        # Base64 has letters and digits only: no text of the notebook is printed unescaped.
        return [Figure(Markup(image), "")]  # noqa: S704
    if type(value).__module__.startswith("marimo."):
        chosen = f" Its value is {value.value!r}." if hasattr(value, "value") else ""
        return [Note(f"A control.{chosen} Open the notebook to use it.", "quiet")]
    text = value if isinstance(value, str) else repr(value)
    return [Code(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")]


def _table(frame: pd.DataFrame) -> Table:
    """The first rows of a frame, each with its label."""
    head = frame.iloc[:ROWS, :COLUMNS]
    rows = [[written(label), *map(_cell, row)] for label, *row in head.itertuples(name=None)]
    caption = f"{count(len(frame), 'row')}, {count(frame.shape[1], 'column')}"
    if head.shape != frame.shape:
        caption += f"; shown: the first {len(head)} rows and {head.shape[1]} columns"
    return Table(caption, [str(head.index.name or "row"), *map(str, head.columns)], rows)


def _cell(value: Any) -> Cell:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
    return plain if is_number else written(plain)
