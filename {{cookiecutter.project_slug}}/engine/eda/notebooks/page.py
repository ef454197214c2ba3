"""Shows the parts of a page in a notebook, and makes a page of a whole notebook.

marimo's own export loads its scripts from the network; this one runs the notebook here and writes
one file that opens anywhere.
"""

import ast
import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.eda.notebooks.cells import RunCell, run
from engine.eda.notebooks.outputs import blocks_of, markdown_of, sections_of
from engine.pages import page
from engine.pages.page import Block, Code, Section
from engine.problem.files import read_text

PAGES = Path("build/eda")
# In a notebook a part stands in a frame of its own, so that its style and the editor's keep apart.
ALONE = (
    "<style>header, nav, .skip { display: none } body { padding: 0 } section { margin: 0 }</style>"
)


@dataclass(frozen=True)
class Shown:
    """Parts of a page, as a notebook and an exported page both show them."""

    blocks: tuple[Section | Block, ...]

    def _repr_html_(self) -> str:
        """The parts in a frame, for notebook editors."""
        inside = page.render("", "", _sections("", self.blocks)) + ALONE
        style = "width: 100%; height: 32rem; border: 0; resize: vertical; overflow: auto"
        fit = "this.style.height = this.contentDocument.body.offsetHeight + 'px'"
        return (
            f'<iframe title="figures" style="{style}" onload="{fit}" '
            f'srcdoc="{html.escape(inside)}"></iframe>'
        )


def show(*blocks: Section | Block) -> Shown:
    """What a cell ends with to show sections, figures or tables."""
    return Shown(blocks)


def write(path: Path, out: Path | None = None) -> Path:
    """Run a marimo notebook and write code and outputs as one page; returns where it lies.

    Raises:
        BadInput: the file is no notebook, or a cell fails. No page is written then.
    """
    sections: list[Section] = []
    for run_cell in run(path):
        _add(sections, path, run_cell)
    text = read_text(path, "a marimo notebook", "restore it")
    lead = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]
    footer = f"Made of {path.as_posix()} by python -m eda notebook: each cell ran once, in order."
    target = out or PAGES / f"{path.stem}.html"
    return page.write(target, f"Notebook {path.stem}", lead, sections, footer=footer)


def _add(sections: list[Section], path: Path, run_cell: RunCell) -> None:
    """A cell's code and output: into the section at hand, or as sections of their own."""
    code = [] if run_cell.cell.hidden or not run_cell.cell.code else [Code(run_cell.cell.code)]
    output_text = [Code(run_cell.printed.strip(), "It prints:")] if run_cell.printed.strip() else []
    output = run_cell.output
    if (text := markdown_of(output)) is not None:
        for heading, first, blocks in sections_of(text):
            if heading or not sections:
                sections.append(Section(heading or path.stem, "data scientist", first, blocks))
            else:
                sections[-1] = _with(sections[-1], blocks)
        output, code = None, []  # of a cell of words, the words are the code
    if isinstance(output, Shown) and any(isinstance(part, Section) for part in output.blocks):
        sections += _sections(path.stem, output.blocks)
        output = None
    if not sections:
        sections.append(Section("Setup", "data scientist", "What the cells below use."))
    shown: Sequence[Block] = blocks_of(output)
    if isinstance(output, Shown):
        shown = [part for part in output.blocks if not isinstance(part, Section)]
    sections[-1] = _with(sections[-1], [*code, *output_text, *shown])


def _with(section: Section, blocks: Sequence[Block]) -> Section:
    return replace(section, blocks=[*section.blocks, *blocks])


def _sections(title: str, blocks: Sequence[Section | Block]) -> list[Section]:
    """Sections as they are, and what stands before, between and behind them in one each."""
    sections: list[Section] = []
    loose = False
    for part in blocks:
        if isinstance(part, Section):
            sections.append(part)
        elif loose:
            sections[-1] = _with(sections[-1], [part])
        else:
            sections.append(Section(title, "data scientist", "", [part]))
        loose = not isinstance(part, Section)
    return sections
