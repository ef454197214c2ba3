"""The EDA page, section by section.

To change the page, edit `SECTIONS`: drop a line, move one, or add a section of your own. A section
is a function of the measured table (`Profile`); None leaves it out. For example:

    from engine.eda.profile import Profile
    from engine.pages.page import Section


    def size(profile: Profile) -> Section:
        megabytes = profile.frame.memory_usage(deep=True).sum() / 1e6
        return Section("Size", "data scientist", f"The rows take {megabytes:.1f} MB of memory.")


    SECTIONS = (*SECTIONS, size)

Read outcomes from `profile.learn`, the training rows, only: the test rows must stay unseen.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from engine.contract.column import Column
from engine.eda import about_rows, about_target
from engine.eda.profile import PAGE, Report, SectionMaker, measure, write_report
from engine.problem.spec import Problem

SECTIONS: tuple[SectionMaker, ...] = (
    about_rows.rows,
    about_target.target,
    about_target.suspects,
    about_target.associations,
    about_rows.kept_out,
    about_rows.missing,
    about_rows.repeats,
    about_rows.quality,
    about_rows.distributions,
    about_target.relations,
    about_rows.correlated,
    about_target.over_time,
    about_rows.inputs,
)


def report(
    problem: Problem, frame: pd.DataFrame, columns: Sequence[Column], path: Path = PAGE
) -> Report:
    """Measure the rows and write the page about them.

    Args:
        frame: rows that meet the contract (`engine.data.load.load`).
        columns: the model's inputs (`engine.data.columns.columns`).

    Raises:
        BadInput: the positive outcome of problem.toml is not a value of the target.
    """
    measured = measure(problem, frame, columns)
    return write_report(measured, SECTIONS, path)
