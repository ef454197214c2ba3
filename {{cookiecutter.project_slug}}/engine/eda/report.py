"""The page on which a reviewer finds what a first look at the data must answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.eda import about_rows, about_target
from engine.eda.look import Look, look
from engine.pages import page
from engine.pages.page import Section
from engine.pages.wording import count, listed, percent, subject
from engine.problem.columns import Column
from engine.problem.spec import Problem

PAGE = Path("build/eda/index.html")


@dataclass(frozen=True)
class Report:
    """What the look came to: a sentence, its picture (SVG), the page, and suspect features."""

    headline: str
    picture: str
    path: Path
    suspects: tuple[str, ...]


# Squares of values near the limits of a float overflow; pictures leave out what is not finite.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def write(
    problem: Problem, frame: pd.DataFrame, columns: Sequence[Column], path: Path = PAGE
) -> Report:
    """Look at the rows and write the page.

    Args:
        frame: rows that hold to the contract (`engine.data.load.load`).
        columns: the model's inputs (`engine.data.columns.columns`).
    """
    found = look(problem, frame, columns)
    headline = _headline(found)
    page.write(path, f"Data of {problem.decision.name}", headline, _sections(found))
    suspects = tuple(dict.fromkeys(name for one in found.suspects for name in one.columns))
    return Report(headline, about_target.telling_picture(found, 6), path, suspects)


def _sections(found: Look) -> list[Section]:
    """The page in the order in which a reviewer asks."""
    return [
        about_rows.rows(found),
        about_target.target(found),
        about_target.suspects(found),
        about_target.tells(found),
        about_rows.kept_out(found),
        about_rows.missing(found),
        about_rows.repeats(found),
        about_rows.odd_values(found),
        about_rows.distributions(found),
        about_target.relations(found),
        about_rows.alike(found),
        *([about_target.over_time(found, found.spans)] if found.spans else []),
        about_rows.inputs(found),
    ]


def _headline(found: Look) -> str:
    size = f"{count(len(found.frame), 'row')}, {count(len(found.columns), 'input')}"
    gaps = found.missing_share
    said = f"{size}, {percent(gaps) + ' of values' if gaps else 'nothing'} missing. "
    if found.suspects:
        named = listed([name for one in found.suspects[:3] for name in one.columns])
        return f"{said}{named} may give the target away."
    top = [name for name, share in found.tells.items() if share >= 0.01][:2]
    if not top:
        return f"{said}No feature tells much of {found.target.name} alone."
    shares = listed([percent(found.tells[name]) for name in top])
    return f"{said}{subject(top, 'tell')} the most of {found.target.name}, alone: {shares}."
