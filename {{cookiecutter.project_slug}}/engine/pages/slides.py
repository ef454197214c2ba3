"""A page as slides for a meeting: the same sections, one idea a slide.

The result is one HTML file that needs no network; a few lines of script turn the slides with the
arrow keys. A slide is a screen high, and printed it is a sheet of paper.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.pages.page import Block, Code, Figure, Gallery, Section, Table, fill

MOST_ROWS = 7  # of a table on one slide


def render(
    title: str, lead: str, sections: Sequence[Section], *, verdict: str = "", footer: str = ""
) -> str:
    """The HTML of the slides; the arguments are those of `engine.pages.page.render`."""
    values = {"title": title, "lead": lead, "verdict": verdict, "footer": footer}
    return fill("slides.html", slides=deck(sections), **values)


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
