"""The stated limits of a split are its limits: shares of the test set, and the fewest groups."""

import pandas as pd
import pytest

from engine.data.split import folds, split
from engine.problem.errors import BadInput
from engine.tests.data.made import problem_of
from engine.tests.data.test_split import N, frame

BY_TIME = problem_of("amount", "regression", time="at")


def at(last: int) -> pd.DataFrame:
    """Rows of two times, so many of them of the later one."""
    times = pd.Timestamp("2026-01-01") + pd.to_timedelta([1] * (N - last) + [2] * last, "h")
    return frame().assign(at=times)


@pytest.mark.parametrize("last", [N // 20, N // 2])
def test_split_test_set_at_the_limit_is_made(last: int) -> None:
    assert len(split(BY_TIME, at(last)).test) == last


@pytest.mark.parametrize("last", [N // 20 - 1, N // 2 + 1])
def test_split_test_set_beyond_the_limit_is_refused(last: int) -> None:
    with pytest.raises(BadInput) as refused:
        split(BY_TIME, at(last))
    assert refused.value.code == "bad-split"


@pytest.mark.parametrize(("groups", "code"), [(10, None), (9, "too-few-rows")])
def test_split_ten_units_are_the_fewest(groups: int, code: str | None) -> None:
    rows = frame().assign(who=lambda rows: (rows.index % groups).astype("str"))
    problem = problem_of("amount", "regression", unit="who")
    if code is None:
        assert len(split(problem, rows).test)
        return
    with pytest.raises(BadInput) as refused:
        split(problem, rows)
    assert refused.value.code == code


def test_folds_by_time_train_on_the_rows_before_alone() -> None:
    """Rows of the time at which a fold begins are its own, not also training rows."""
    rows = frame().assign(at=lambda rows: rows["at"].dt.floor("D"))
    result = list(folds(BY_TIME, rows))
    assert len(result) > 2
    for train, validation in result:
        assert rows["at"].iloc[train].max() < rows["at"].iloc[validation].min()
        assert not set(train) & set(validation)
