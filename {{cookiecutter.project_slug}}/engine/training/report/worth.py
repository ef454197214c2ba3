"""What the model is worth in money, against what there would be without it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.pages.formatting import number
from engine.pages.page import Owner
from engine.problem.metrics import Interval
from engine.training.candidates import CHAMPION
from engine.training.evaluate import money
from engine.training.fit_final import bootstrap, cuts, earnings, threshold_of
from engine.training.report.evidence import Array, FinishedRun

OWNER: Owner = "data scientist"
RULE, DUMMY = "rule", "dummy"
CASES = 1000  # money is said for so many
DAYS_A_MONTH = 365.25 / 12
FEWEST_DAYS = 28  # fewer say nothing of a month

Verdict = Literal["pays on past cases", "unsure", "does not pay"]


@dataclass(frozen=True)
class Worth:
    """Money for 1,000 cases, each with its 95 % interval.

    `earned` is what the chosen model earns and `gains` how much more that is than without it: than
    doing nothing, the simple rule, today's champion. Candidates are paid alike: each by thresholds
    that were set on other rows.
    """

    evidence: FinishedRun

    @cached_property
    def paid(self) -> dict[str, Array]:
        """What each judged row earns by each candidate, and by doing nothing."""
        names = [self.evidence.chosen, *self.rivals]
        return {name: self._paid(name) for name in names} | {DUMMY: self._idle}

    @property
    def rivals(self) -> list[str]:
        """Whom the model is held against, beside doing nothing."""
        named = [RULE, CHAMPION]
        return [n for n in named if n in self.evidence.scores and n != self.evidence.chosen]

    @cached_property
    def earned(self) -> dict[str, Interval]:
        """What 1,000 cases earn by the model and by each of its rivals."""
        return {name: self._mean(paid) for name, paid in self.paid.items()}

    @cached_property
    def gains(self) -> dict[str, Interval]:
        """How much more the model earns than each of them; negative is less.

        Paired: both are paid for the same cases, so that easy and hard ones cancel out.
        """
        own = self.paid[self.evidence.chosen]
        return {name: self._mean(own - self.paid[name]) for name in (DUMMY, *self.rivals)}

    @cached_property
    def acts(self) -> NDArray[np.bool_] | None:
        """Whether the model acts on each judged row; None where nobody decides yes or no."""
        taught = self.evidence.taught
        cut = cuts(taught, self.evidence.scores[self.evidence.chosen], self._threshold())
        return None if cut is None else np.asarray(self.evidence.said >= cut)

    @property
    def verdict(self) -> Verdict:
        """Whether the model clearly earns more than doing nothing, the rule and today's model.

        No more than today's model may still be worth it, for other reasons than the money.
        """
        without = [self.gains[name] for name in (DUMMY, RULE) if name in self.gains]
        if any(gain.value <= 0 for gain in without):
            return "does not pay"
        sure = all(gain.low > 0 for gain in self.gains.values())
        return "pays on past cases" if sure else "unsure"

    @property
    def a_month(self) -> float | None:
        """How many cases the data hold for a month; None without time, or with too little of it."""
        dataset = self.evidence.taught.dataset
        if not dataset.problem.rows.time:
            return None
        moments = dataset.learning[dataset.problem.rows.time]
        days = (moments.max() - moments.min()).total_seconds() / 86400
        return len(moments) / days * DAYS_A_MONTH if days >= FEWEST_DAYS else None

    def amount(self, value: float) -> str:
        """Money in words; what rests on assumed costs says so."""
        return f"{number(rounded(value))} {self.evidence.problem.value.currency}{self.mark}"

    def span(self, one: Interval) -> str:
        """An interval of money in words."""
        return f"{number(rounded(one.low))} to {self.amount(one.high)}"

    @property
    def unit(self) -> str:
        """What stands at an axis and over a column of money."""
        return f"{self.evidence.problem.value.currency} for {CASES:,} cases{self.mark}"

    @property
    def mark(self) -> str:
        """What stands behind money that rests on costs which nobody has confirmed."""
        return " (assumed)" if self.evidence.problem.is_assumed("value") else ""

    @property
    def _idle(self) -> Array:
        problem, rows = self.evidence.problem, self.evidence.taught.judged
        never = np.inf if problem.target.task == "binary" else None
        said = self.evidence.scores[DUMMY][rows]
        return money(problem.value, problem.target.task, self.evidence.outcome, said, never)

    def _paid(self, name: str) -> Array:
        own = name == self.evidence.chosen
        return earnings(
            self.evidence.taught,
            self.evidence.scores[name],
            self._threshold() if own else self._rival_threshold(name),
        )

    def _threshold(self) -> float | None:
        found: float | None = self.evidence.facts["threshold"]
        return found

    def _rival_threshold(self, name: str) -> float | None:
        taught = self.evidence.taught
        return threshold_of(taught, self.evidence.scores[name], taught.judged)

    def _mean(self, paid: Array) -> Interval:
        is_value = self.evidence.problem.target.task == "regression"
        found = bootstrap(
            lambda _, part: float(part.mean()),
            self.evidence.outcome,
            paid,
            is_value=is_value,
            units=self.evidence.units,
        )
        return Interval(*(CASES * one for one in (found.value, found.low, found.high)))


def rounded(value: float) -> float:
    """Money as it is said: whole from a hundred on, else to three figures."""
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")
