"""Writes the EDA page of a measured table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.eda import pictures
from engine.eda.profile import Profile
from engine.pages import page
from engine.pages.formatting import count, listed, percent
from engine.pages.page import Section
from engine.problem.files import write_atomically

PAGE = Path("build/eda/index.html")
# A section of the page; None where there is nothing to show.
SectionMaker = Callable[[Profile], Section | None]


@dataclass(frozen=True)
class Report:
    """The page and its summary: a sentence, a picture (SVG), and features that may leak."""

    headline: str
    picture: str
    path: Path
    suspects: tuple[str, ...]


# Squares of values near the limits of a float overflow; pictures leave out what is not finite.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def write_report(measured: Profile, sections: Sequence[SectionMaker], path: Path = PAGE) -> Report:
    """Write the page with these sections, in this order."""
    title, headline = f"Data of {measured.problem.decision.name}", _headline(measured)
    made = [section(measured) for section in sections]
    html = page.render(title, headline, [section for section in made if section])
    write_atomically(path, html)
    suspects = tuple(dict.fromkeys(name for one in measured.suspects for name in one.columns))
    return Report(headline, pictures.associations(measured.associations, 6), path, suspects)


def _headline(measured: Profile) -> str:
    size = f"{count(len(measured.frame), 'row')}, {count(len(measured.columns), 'input')}"
    gaps = measured.missing_share
    headline = f"{size}, {percent(gaps) + ' of values' if gaps else 'nothing'} missing. "
    if measured.suspects:
        named = listed([name for one in measured.suspects[:3] for name in one.columns])
        return f"{headline}{named} may leak the target."
    strong = [(name, share) for name, share in measured.associations.items() if share >= 0.01]
    if not strong:
        return f"{headline}No feature alone explains much of {measured.target.name}."
    shares = listed([f"{name} ({percent(share)})" for name, share in strong[:2]])
    return f"{headline}Variance of {measured.target.name} that single features explain: {shares}."
