"""Pages that people read: one self-contained HTML file each, one look for all of them.

A page needs no network and no script, adapts to phone, dark mode and paper, and is written whole
or not at all. Words from data are escaped; only pictures made by `pages.charts` are printed as
they are.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.pages.formatting import SIGNS, number, seconds, severity

Owner = Literal["data scientist", "both", "ML engineer"]
Status = Literal["passed", "warned", "stopped", "not run"]
Cell = str | int | float | None
# From so many characters on, a cell is a sentence: it needs room, or a line of its own.
LONG = 30


@dataclass(frozen=True)
class Figure:
    """A chart with what it tells; `title` heads it where several stand side by side."""

    block: ClassVar[str] = "figure"
    svg: str
    caption: str
    title: str = ""


@dataclass(frozen=True)
class Gallery:
    """Figures side by side, as many as the screen has room for."""

    block: ClassVar[str] = "gallery"
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Table:
    """A table; its first column names the row. Verdict words are coloured, numbers aligned."""

    block: ClassVar[str] = "table"
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    @property
    def broad(self) -> bool:
        """Whether it is wider than a phone: many columns, or a sentence in one of several."""
        columns = len(self.header)
        long = any(isinstance(cell, str) and len(cell) > LONG for row in self.rows for cell in row)
        return columns > 3 or (columns > 2 and long)


@dataclass(frozen=True)
class Facts:
    """A few numbers worth a large print: (what it is, its value)."""

    block: ClassVar[str] = "facts"
    items: Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Note:
    """A paragraph; with a tone it is set off as good news, a warning, bad news or an aside."""

    block: ClassVar[str] = "note"
    text: str
    severity: Literal["good", "warn", "bad", "quiet"] | None = None


@dataclass(frozen=True)
class Code:
    """Lines to copy: a command, or what to add to a file."""

    block: ClassVar[str] = "code"
    text: str
    caption: str = ""


@dataclass(frozen=True)
class Links:
    """Where to read on: (words, address), addresses relative to the page."""

    block: ClassVar[str] = "links"
    items: Sequence[tuple[str, str]]


Block = Figure | Gallery | Table | Facts | Note | Code | Links


@dataclass(frozen=True)
class Section:
    """A part of a page under its own heading, with its result in one sentence.

    Sections with a status are stages: they make the strip at the top of the page. `gate` marks the
    stage that work passes only when it is good enough.
    """

    title: str
    owner: Owner
    sentence: str
    blocks: Sequence[Block] = ()
    status: Status | None = None
    seconds: float | None = None
    gate: bool = False

    @property
    def side(self) -> Figure | None:
        """A lone figure stands beside the first words, unless other figures stand below."""
        figures = [block for block in self.blocks if isinstance(block, Figure | Gallery)]
        alone = figures[0] if len(figures) == 1 else None
        return alone if isinstance(alone, Figure) else None

    @property
    def columns(self) -> tuple[list[Block], list[Block]]:
        """The other blocks: those beside the lone figure, and from the first table on the rest."""
        others = [block for block in self.blocks if block is not self.side]
        broad = [i for i, block in enumerate(others) if isinstance(block, Table | Code | Gallery)]
        first = broad[0] if broad and self.side else len(others)
        return others[:first], others[first:]


def render(
    title: str,
    lead: str,
    sections: Sequence[Section],
    *,
    verdict: str = "",
    footer: str = "",
    one_page: bool = False,
) -> str:
    """The page's HTML; `lead` is its message in a sentence or two, `verdict` a word like passed.

    `one_page` sets it small in two columns, so that a short page prints on one sheet of paper.
    """
    owners = [owner for owner in get_args(Owner) if any(s.owner == owner for s in sections)]
    stages = any(section.status for section in sections)
    values = {
        "title": title,
        "lead": lead,
        "verdict": verdict,
        "footer": footer,
        "sections": list(zip(anchors(sections), sections, strict=True)),
        "stages": stages,
        "one_page": one_page,
        "owners": owners,
        # A page of one owner says so once, at its top.
        "lone_owner": owners[0] if len(owners) == 1 and not stages else None,
    }
    return fill("page.html", values)


def write(
    path: Path,
    title: str,
    lead: str,
    sections: Sequence[Section],
    *,
    verdict: str = "",
    footer: str = "",
    one_page: bool = False,
) -> Path:
    """Write the page (see `render`) and return its path."""
    html = render(title, lead, sections, verdict=verdict, footer=footer, one_page=one_page)
    return save(path, html)


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The HTML of a template that stands beside this file."""
    return _environment().get_template(template).render(values).strip() + "\n"


def save(path: Path, html: str) -> Path:
    """Write a page and return its path; one that was there stays until this one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(html, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def anchors(sections: Sequence[Section]) -> list[str]:
    """An address on the page for each section, made from its title: `Live test` is #live-test."""
    taken: list[str] = []
    for section in sections:
        name = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "part"
        times = sum(re.sub(r"-\d+$", "", other) == name for other in taken)
        taken.append(f"{name}-{times + 1}" if times else name)
    return taken


def _environment() -> Environment:
    """Templates stand beside this file; everything they print is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": _cell,
        "css_class": lambda words: words.lower().replace(" ", "-"),
        "seconds": seconds,
        "sign": lambda word: SIGNS[severity(word) or "quiet"],
        "severity": lambda word: severity(word) or "",
    }
    environment.tests["long"] = lambda value: isinstance(value, str) and len(value) > LONG
    environment.tests["numeric"] = lambda value: isinstance(value, int | float)
    return environment


def _cell(value: Cell) -> str:
    return value if isinstance(value, str) else number(value)
