"""What the model earns in money, compared with doing without it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.pages.formatting import number
from engine.pages.page import Owner
from engine.problem.metrics import Array, Interval
from engine.problem.spec import Task
from engine.training.bootstrap import mean_interval
from engine.training.candidates import CHAMPION
from engine.training.fit_final import earnings, fold_thresholds, threshold_of
from engine.training.money import money_without
from engine.training.run import Run

OWNER: Owner = "data scientist"
RULE, DUMMY = "rule", "dummy"
CASES = 1000  # money is stated for so many
NAMES = {RULE: "a simple rule", CHAMPION: "today's model"}
NOTHING: dict[Task, str] = {
    "binary": "doing nothing",
    "multiclass": "the most frequent class",
    "regression": "the average",
}

Verdict = Literal["pays on past cases", "unsure", "does not pay"]


@dataclass(frozen=True)
class Worth:
    """Money for 1,000 cases, each amount with its 95 % interval.

    `earned` is what the chosen model and its rivals earn: doing nothing, the simple rule, today's
    champion. The thresholds of all are set on other rows.
    """

    run: Run

    def name(self, candidate: str) -> str:
        """A candidate's plain name."""
        if candidate == DUMMY:
            return NOTHING[self.run.data.task]
        return "the model" if candidate == self.run.chosen else NAMES[candidate]

    @cached_property
    def _amounts(self) -> dict[str, Array]:
        """What each out-of-fold row earns by each candidate, and by doing nothing."""
        run, amounts = self.run, {}
        for name in dict.fromkeys((run.chosen, DUMMY, RULE, CHAMPION)):
            if name == DUMMY:
                amounts[name] = money_without(run.problem, run.outcome, run.out_of_fold(name))
            elif name in run.scores:
                scores = run.scores[name]
                threshold = threshold_of(run.data, scores, run.data.out_of_fold_rows)
                own = run.threshold if name == run.chosen else threshold
                amounts[name] = earnings(run.data, scores, own)
        return amounts

    @cached_property
    def earned(self) -> dict[str, Interval]:
        """What 1,000 cases earn by the model and by each of its rivals."""
        return {name: self._mean(amounts) for name, amounts in self._amounts.items()}

    @cached_property
    def gains(self) -> dict[str, Interval]:
        """How much more the model earns than each rival; negative is less.

        Paired: both are paid for the same cases, so that easy and hard ones cancel out.
        """
        (_, own), *rivals = self._amounts.items()
        return {name: self._mean(own - amounts) for name, amounts in rivals}

    @cached_property
    def acts(self) -> NDArray[np.bool_] | None:
        """Whether the model acts on each out-of-fold row; None unless binary."""
        run = self.run
        thresholds = fold_thresholds(run.data, run.scores[run.chosen], run.threshold)
        return None if thresholds is None else np.asarray(run.predictions >= thresholds)

    @property
    def verdict(self) -> Verdict:
        """Whether the model clearly earns more than doing nothing, the rule and today's model.

        A model that earns no more than today's may still be wanted for other reasons.
        """
        if any(gain.value <= 0 for name, gain in self.gains.items() if name != CHAMPION):
            return "does not pay"
        sure = all(gain.low > 0 for gain in self.gains.values())
        return "pays on past cases" if sure else "unsure"

    def amount(self, value: float) -> str:
        """An amount with its currency, marked where costs are assumed."""
        return f"{number(value)} {self.run.problem.value.currency}{self._mark}"

    def span(self, one: Interval) -> str:
        """An interval of money: `12 to 34 EUR`."""
        return f"{number(one.low)} to {self.amount(one.high)}"

    @property
    def unit(self) -> str:
        """The label of an axis or a column of money."""
        return f"{self.run.problem.value.currency} for {CASES:,} cases{self._mark}"

    @property
    def _mark(self) -> str:
        return " (assumed)" if self.run.problem.is_assumed("value") else ""

    def _mean(self, amounts: Array) -> Interval:
        run = self.run
        mean = mean_interval(amounts, run.outcome, run.data.task, run.groups)
        return Interval(CASES * mean.value, CASES * mean.low, CASES * mean.high)
