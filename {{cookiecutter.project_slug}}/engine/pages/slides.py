"""A page as slides for a meeting: the same sections, one idea a slide.

One HTML file without network, as `pages.page` writes; its few lines of script turn slides with
the arrow keys. A slide is a screen high, and printed it is a sheet of paper.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.pages.page import Block, Code, Figure, Gallery, Owner, Section, Table, fill, save

MOST_ROWS = 7  # of a table on one slide


@dataclass(frozen=True)
class Slide:
    """One idea: the section it comes from, its sentence, a picture and a few words beside it."""

    title: str
    owner: Owner
    sentence: str
    blocks: Sequence[Block]

    @property
    def picture(self) -> Figure | None:
        """The figure of the slide; there is at most one."""
        return next((block for block in self.blocks if isinstance(block, Figure)), None)

    @property
    def others(self) -> list[Block]:
        """What stands beside it."""
        return [block for block in self.blocks if not isinstance(block, Figure)]


def write(
    path: Path,
    title: str,
    lead: str,
    sections: Sequence[Section],
    *,
    verdict: str = "",
    footer: str = "",
) -> Path:
    """Write the deck and return its path; takes what `engine.pages.page.write` takes."""
    values = {"title": title, "lead": lead, "verdict": verdict, "footer": footer}
    return save(path, fill("slides.html", values | {"slides": deck(sections)}))


def deck(sections: Sequence[Section]) -> list[Slide]:
    """The slides of all sections: a new one for each picture and each table after the first."""
    return [slide for section in sections for slide in _slides(section)]


def _slides(section: Section) -> Iterator[Slide]:
    collected: list[Block] = []
    sentence = section.sentence
    for block in _single(section.blocks):
        if _fills(block) and any(map(_fills, collected)):
            yield Slide(section.title, section.owner, sentence, collected)
            collected, sentence = [], ""
        collected.append(block)
    yield Slide(section.title, section.owner, sentence, collected)


def _single(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks one by one, a gallery as its figures and a long table in parts."""
    for block in blocks:
        if isinstance(block, Gallery):
            yield from block.figures
        elif isinstance(block, Table):
            for start in range(0, max(len(block.rows), 1), MOST_ROWS):
                yield Table(block.caption, block.header, block.rows[start : start + MOST_ROWS])
        else:
            yield block


def _fills(block: Block) -> bool:
    return isinstance(block, Figure | Table | Code)
