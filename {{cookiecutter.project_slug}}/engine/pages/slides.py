"""A page as slides for a meeting: the same sections, one idea a slide.

The result is one HTML file that needs no network; a few lines of script turn the slides with the
arrow keys. A slide is a screen high, and printed it is a sheet of paper.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.pages.page import Block, Code, Figure, Gallery, Owner, Section, Table, fill

MOST_ROWS = 7  # of a table on one slide


@dataclass(frozen=True)
class Slide:
    """One idea: the title and owner of its section, a sentence, and at most one figure."""

    title: str
    owner: Owner
    sentence: str
    blocks: Sequence[Block]

    @property
    def picture(self) -> Figure | None:
        """The figure of the slide."""
        return next((block for block in self.blocks if isinstance(block, Figure)), None)

    @property
    def others(self) -> list[Block]:
        """The blocks beside the figure."""
        return [block for block in self.blocks if not isinstance(block, Figure)]


def render(
    title: str, lead: str, sections: Sequence[Section], *, verdict: str = "", footer: str = ""
) -> str:
    """The HTML of the slides; the arguments are those of `engine.pages.page.render`."""
    slides = deck(sections)
    values = {"title": title, "lead": lead, "verdict": verdict, "footer": footer}
    return fill("slides.html", slides=slides, **values)


def deck(sections: Sequence[Section]) -> list[Slide]:
    """The slides of all sections: a new one for each figure, table or code after the first."""
    slides = []
    for section in sections:
        sentence, collected, is_full = section.sentence, list[Block](), False
        for block in _single(section.blocks):
            fills = isinstance(block, Figure | Table | Code)
            if fills and is_full:
                slides.append(Slide(section.title, section.owner, sentence, collected))
                sentence, collected = "", []
            is_full |= fills
            collected.append(block)
        slides.append(Slide(section.title, section.owner, sentence, collected))
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
