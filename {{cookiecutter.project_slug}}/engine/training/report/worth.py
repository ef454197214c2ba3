"""What the model earns in money, compared with doing without it; doubts come first."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.pages import charts
from engine.pages.formatting import Severity, listed, number
from engine.pages.page import Block, Figure, Note, Owner, Section, Table
from engine.problem.metrics import Array, Interval
from engine.problem.spec import Task
from engine.training.candidates import CHAMPION
from engine.training.evaluate import mean_interval
from engine.training.money import NEVER, fold_thresholds, money
from engine.training.record.runs import Run

OWNER: Owner = "data scientist"
RULE, DUMMY = "rule", "dummy"
CASES = 1000  # money is stated for so many
NAMES = {RULE: "a simple rule", CHAMPION: "today's model"}
NOTHING: dict[Task, str] = {
    "binary": "doing nothing",
    "multiclass": "the most frequent class",
    "regression": "the average",
}

Verdict = Literal["pays on past cases", "unsure", "suspicious", "does not pay"]


@dataclass(frozen=True)
class Worth:
    """Money for 1,000 cases by the model, doing nothing, the simple rule and today's champion."""

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
            if name in run.scores:
                scores, costs = run.out_of_fold(name), run.problem.value
                acts_from = np.inf if name == DUMMY else fold_thresholds(run.data, run.scores[name])
                amounts[name] = money(costs, run.data.task, run.outcome, scores, acts_from)
        return amounts

    @cached_property
    def earned(self) -> dict[str, Interval]:
        """What 1,000 cases earn by the model and by each of its rivals."""
        return {name: self._mean(amounts) for name, amounts in self._amounts.items()}

    @cached_property
    def gains(self) -> dict[str, Interval]:
        """How much more the model earns than each rival, paired by case; negative is less."""
        (_, own), *rivals = self._amounts.items()
        return {name: self._mean(own - amounts) for name, amounts in rivals}

    @cached_property
    def acts(self) -> NDArray[np.bool_] | None:
        """Whether the model acts on each out-of-fold row; None unless binary."""
        run = self.run
        thresholds = fold_thresholds(run.data, run.scores[run.chosen])
        return None if thresholds is None else np.asarray(run.predictions >= thresholds)

    @property
    def suspicious(self) -> list[str]:
        """Why the score may not be trusted; runs of engine 3.1 recorded no reasons."""
        return [*self.run.metadata.get("suspicious", ())]

    @property
    def verdict(self) -> Verdict:
        """Whether the model clearly earns more than doing nothing, the rule and today's model."""
        # A model that earns no more than today's may still be wanted for other reasons.
        if any(gain.value <= 0 for name, gain in self.gains.items() if name != CHAMPION):
            return "does not pay"
        if self.suspicious:
            return "suspicious"
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
        return mean_interval(CASES * amounts, run.outcome, run.data.task, run.groups)


def message(worth: Worth) -> str:
    """The result in a sentence or two, bad news first."""
    gain = worth.gains[DUMMY]
    return " ".join(_doubts(worth)) or (
        f"The model earns {worth.amount(gain.value)} more for {CASES:,} cases than "
        f"{worth.name(DUMMY)}; 95 % sure: {worth.span(gain)}."
    )


def _doubts(worth: Worth) -> list[str]:
    """Why the model may not be worth having; empty where it clearly is."""
    reasons = []
    if worth.acts is not None and not worth.acts.any():
        reasons.append("The model never acts: by these costs, acting pays in no case.")
    for name, gain in worth.gains.items():
        rival = worth.name(name)
        if gain.value <= 0:
            less = (
                f"{worth.amount(-gain.value)} less for {CASES:,} cases" if gain.value else "no more"
            )
            reasons.append(f"The model earns {less} than {rival}.")
        elif gain.low <= 0:
            reasons.append(
                f"It is not sure that the model earns more than {rival}: {worth.span(gain)} for "
                f"{CASES:,} cases."
            )
    return [*reasons, *worth.suspicious]


def warning(worth: Worth) -> Section | None:
    """The doubts, before everything else; None where there are none."""
    reasons = _doubts(worth)
    if not reasons:
        return None
    advice = (
        "Before you build on it: check the costs in problem.toml. Look for more informative inputs "
        "and for more cases. Without a clear gain, keep the present way."
    )
    severity: Severity = "bad" if worth.verdict == "does not pay" else "warn"
    blocks = [*(Note(reason, severity) for reason in reasons[1:]), Note(advice)]
    return Section("Before you read on", OWNER, reasons[0], blocks)


def decision(worth: Worth) -> Section:
    """The decision, whose it is, and the cases that this report rests on."""
    run, about = worth.run, worth.run.problem.decision
    rows = (
        f"The model was trained on {run.trained_at.day} {run.trained_at:%B %Y} with "
        f"{len(run.data.table):,} past cases. Every number here is about {len(run.outcome):,} of "
        "them, each predicted by a model that was not trained on it."
    )
    texts = (f"The action: {about.action}", f"Whose decision it is: {about.stakeholder}", rows)
    return Section("The decision", OWNER, about.question, [Note(text) for text in texts])


def value(worth: Worth) -> Section:
    """What the model earns, against doing nothing, the simple rule and today's model."""
    run, nothing = worth.run, worth.earned[DUMMY].value
    line = f"line is {worth.name(DUMMY)}"
    rows = [charts.Dot(worth.name(name), **one.to_json()) for name, one in worth.earned.items()]
    title, description = f"What {CASES:,} cases earn", f"The {line}: {worth.amount(nothing)}."
    chart = charts.interval_plot(
        title, rows, label=worth.unit, mark=nothing, description=description
    )
    given = "" if run.data.task == "binary" else ", predicted for all"
    caption = f"The dashed {line}{given}. A bar is a 95 % interval."
    rivals = [
        (worth.name(name), worth.earned[name].value, gain.value,
         f"{number(gain.low)} to {number(gain.high)}")
        for name, gain in worth.gains.items()
    ]  # fmt: skip
    header = ("alternative", "earns", "difference", "95 % sure")
    table = Table(f"The model against its alternatives, in {worth.unit}", header, rivals)
    blocks: list[Block] = [Figure(chart, caption), table]
    if run.threshold is not None and run.threshold < NEVER:
        blocks.append(Note(f"It acts from a probability of {100 * run.threshold:.0f} %."))
    if rule := run.metadata.get("rule"):
        blocks.append(Note(f"The simple rule, fitted to the same cases: {rule}."))
    if run.chosen == RULE:
        text = "No model does clearly better than this rule, so the rule is the model."
        blocks.append(Note(text, "warn"))
    return Section("What it is worth", OWNER, _sentence(worth), blocks)


def _sentence(worth: Worth) -> str:
    own = worth.earned[worth.run.chosen]
    beaten = [worth.name(name) for name, gain in worth.gains.items() if gain.low > 0]
    verb, size = ("earn", own.value) if own.value >= 0 else ("cost", -own.value)
    earned = f"{CASES:,} cases {verb} {worth.amount(size)} with the model"
    if not beaten:
        return f"{earned}: not clearly better than any alternative."
    return f"{earned}, clearly {'more' if verb == 'earn' else 'less'} than with {listed(beaten)}."
