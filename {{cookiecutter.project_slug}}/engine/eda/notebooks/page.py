"""Shows sections and figures in a notebook, and writes a whole notebook as a page.

marimo's own export loads its scripts from the network. This one writes a file that needs none.
"""

import ast
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.eda.notebooks.cells import RunCell, run
from engine.eda.notebooks.outputs import blocks_of
from engine.pages import page
from engine.pages.page import Block, Code, Note, Owner, Section
from engine.problem.files import read_text, write_atomically

OWNER: Owner = "data scientist"
PAGES = Path("build/eda")
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
        inside = page.render("", "", _sections([], "", self.blocks)) + ALONE
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
    """Run a marimo notebook, write its code and outputs as one page, and return the page's path.

    Raises:
        BadInput: the file is no notebook, or a cell fails. No page is written then.
    """
    sections: list[Section] = []
    for run_cell in run(path):
        sections = _sections(sections, "Setup", _content(path, run_cell))
    text = read_text(path, "a marimo notebook", "restore it")
    lead = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]
    footer = f"Made of {path.as_posix()} by python -m eda notebook: each cell ran once, in order."
    made = page.render(f"Notebook {path.stem}", lead, sections, footer=footer)
    return write_atomically(out or PAGES / f"{path.stem}.html", made)


def _content(path: Path, run_cell: RunCell) -> Iterator[Section | Block]:
    """The code and output of a cell; of a cell of Markdown only the text."""
    if (text := _markdown_of(run_cell.output)) is not None:
        yield from _text_blocks(text)
        return
    if run_cell.cell.code and not run_cell.cell.hidden:
        yield Code(run_cell.cell.code)
    if printed := run_cell.printed.strip():
        yield Code(printed, "It prints:")
    output = run_cell.output
    yield from output.blocks if isinstance(output, Shown) else blocks_of(output)


def _markdown_of(value: Any) -> str | None:
    """The text of an output that is Markdown; None for any other."""
    write = getattr(value, "_repr_markdown_", None)
    text = str(write()).strip() if write else ""
    # Layouts and controls of marimo have this method too; they return HTML for its editor.
    return text if text and not text.startswith(("<", "&lt;")) else None


def _text_blocks(markdown: str) -> Iterator[Section | Block]:
    """A section for each heading, a note for each paragraph; marks of emphasis are removed."""
    before, *headed = re.split(r"^#+ +(.+)$", markdown, flags=re.MULTILINE)
    yield from map(Note, _paragraphs(before))
    for heading, body in zip(headed[::2], headed[1::2], strict=True):
        first, *rest = _paragraphs(body) or [""]
        yield Section(_plain(heading), OWNER, first, [Note(text) for text in rest])


def _paragraphs(markdown: str) -> list[str]:
    bulleted = re.sub(r"^[-*] +", "• ", markdown, flags=re.MULTILINE)
    return [_plain(text) for text in re.split(r"\n\s*\n", bulleted.strip()) if text]


def _plain(text: str) -> str:
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", " ".join(text.split()))


def _sections(
    before: Sequence[Section], title: str, blocks: Iterable[Section | Block]
) -> list[Section]:
    """The sections, and more; a block goes into the last section, or into a first one."""
    sections = list(before)
    for block in blocks:
        if isinstance(block, Section):
            sections.append(block)
        elif sections:
            sections[-1] = replace(sections[-1], blocks=[*sections[-1].blocks, block])
        else:
            sections.append(Section(title, OWNER, "", [block]))
    return sections
