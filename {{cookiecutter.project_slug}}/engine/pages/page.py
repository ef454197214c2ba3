"""Pages that people read: one self-contained HTML file each, with one layout and style.

A page needs no network and no script, and adapts to phone, dark mode and paper. Words from data
are escaped; only pictures made by `pages.charts` are printed as they are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.pages.formatting import SIGNS, Severity, number, seconds, severity

Owner = Literal["data scientist", "both", "ML engineer"]
Status = Literal["passed", "warned", "stopped", "not run"]
Cell = str | int | float | None
# From so many characters on, a cell is a sentence: it needs room, or a line of its own.
LONG = 30
MOST_ROWS = 7  # of a table on one slide


@dataclass(frozen=True)
class Figure:
    """A chart with its caption; `title` heads it where several stand side by side."""

    svg: str
    caption: str
    title: str = ""


@dataclass(frozen=True)
class Gallery:
    """Figures side by side, as many as the screen has room for."""

    items: Sequence[Figure]


@dataclass(frozen=True)
class Table:
    """A table; its first column names the row. Verdicts are coloured, numbers aligned."""

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
    """A few numbers in large print: (name, value)."""

    items: Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Note:
    """A paragraph; with a severity it is set off as good news, a warning, bad news or an aside."""

    text: str
    severity: Severity | None = None


@dataclass(frozen=True)
class Code:
    """Lines to copy: a command, or what to add to a file."""

    text: str
    caption: str = ""


@dataclass(frozen=True)
class Links:
    """Further reading: (text, address), addresses relative to the page."""

    items: Sequence[tuple[str, str]]


Block = Figure | Gallery | Table | Facts | Note | Code | Links


@dataclass(frozen=True)
class Section:
    """A part of a page under its own heading, with its result in one sentence.

    Sections with a status are stages: they make the strip at the top of the page. `gate` marks the
    stage that work passes only if it meets the requirements.
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
        """The figure beside the first words, if the section has only this one."""
        pictures = [block for block in self.blocks if isinstance(block, Figure | Gallery)]
        return pictures[0] if len(pictures) == 1 and isinstance(pictures[0], Figure) else None

    @property
    def columns(self) -> tuple[list[Block], list[Block]]:
        """The other blocks: those beside the figure, and from the first wide block on the rest."""
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

    `one_page` prints a short page on one sheet of paper: in two columns of small print.
    """
    owners = [owner for owner in get_args(Owner) if any(s.owner == owner for s in sections)]
    stages = any(section.status for section in sections)
    words = {"title": title, "lead": lead, "verdict": verdict, "footer": footer}
    # A page with one owner names it once, at its top.
    lone_owner = owners[0] if len(owners) == 1 and not stages else None
    named = list(zip(anchors(sections), sections, strict=True))
    about = {"stages": stages, "one_page": one_page, "owners": owners, "lone_owner": lone_owner}
    return _fill("page.html", sections=named, **words, **about)


def render_slides(
    title: str, lead: str, sections: Sequence[Section], *, verdict: str = "", footer: str = ""
) -> str:
    """The page as slides for a meeting: the same sections, one idea a slide, a screen high.

    A few lines of script turn them with the arrow keys; printed, a slide is a sheet of paper.
    """
    values = {"title": title, "lead": lead, "verdict": verdict, "footer": footer}
    return _fill("slides.html", slides=deck(sections), **values)


def deck(sections: Sequence[Section]) -> list[Section]:
    """The slides of all sections: a new one for each figure, table or code after the first."""
    slides = []
    for section in sections:
        sentence, collected, is_full = section.sentence, list[Block](), False
        for block in _single(section.blocks):
            fills = isinstance(block, Figure | Table | Code)
            if fills and is_full:
                slides.append(replace(section, sentence=sentence, blocks=collected))
                sentence, collected = "", []
            is_full |= fills
            collected.append(block)
        slides.append(replace(section, sentence=sentence, blocks=collected))
    return slides


def _single(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks one by one: each figure of a gallery, and a long table in parts."""
    for block in blocks:
        if isinstance(block, Gallery):
            yield from block.items
        elif isinstance(block, Table):
            for start in range(0, max(len(block.rows), 1), MOST_ROWS):
                yield Table(block.caption, block.header, block.rows[start : start + MOST_ROWS])
        else:
            yield block


def _fill(template: str, **values: Any) -> str:
    """The HTML of a template in the folder of this file; everything it prints is escaped."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {
        "kind": lambda block: type(block).__name__,
        "cell": lambda value: value if isinstance(value, str) else number(value),
        "css_class": lambda words: words.lower().replace(" ", "-"),
        "seconds": seconds,
        "sign": lambda word: SIGNS[severity(word) or "quiet"],
        "severity": lambda word: severity(word) or "",
    }
    environment.tests["long"] = lambda value: isinstance(value, str) and len(value) > LONG
    environment.tests["numeric"] = lambda value: isinstance(value, int | float)
    return environment.get_template(template).render(values).strip() + "\n"


def anchors(sections: Sequence[Section]) -> list[str]:
    """An address on the page for each section, made from its title: `Live test` is #live-test."""
    taken: list[str] = []
    for section in sections:
        name = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "part"
        times = sum(re.sub(r"-\d+$", "", other) == name for other in taken)
        taken.append(f"{name}-{times + 1}" if times else name)
    return taken
