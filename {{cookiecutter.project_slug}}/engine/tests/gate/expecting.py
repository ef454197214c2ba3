"""Predictors that answer by a function of a row, for the tests of expectations."""

from typing import Any

import numpy as np

from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.check import CheckContext, Result
from engine.problem.spec import PROBLEM_FILE, Task
from engine.tests.gate.untrained import context_of, write

Row = dict[str, Any]


def project(expectation: str, task: Task = "regression") -> CheckContext:
    write(task)
    text = PROBLEM_FILE.read_text().split("[[expectations", 1)[0]
    PROBLEM_FILE.write_text(f"{text}\n{expectation}")
    return context_of()


class Asked:
    """A predictor that keeps the rows of each call, and answers by a function of a row."""

    def __init__(self, score: Any, decision: Any = None) -> None:
        self.calls: list[list[Row]] = []
        self._score, self._decision = score, decision

    def scores(self, rows: list[Row]) -> Any:
        self.calls.append(rows)
        return np.array([self._score(row) for row in rows])

    def predict(self, rows: list[Row]) -> list[Row]:
        self.calls.append(rows)
        return [{"score": self._score(row), "decision": self._decision} for row in rows]


class Scored:
    """A predictor whose scores of all rows are a function of the rows."""

    def __init__(self, scores: Any) -> None:
        self.scores = scores

    def predict(self, rows: list[Row]) -> list[Row]:
        raise NotImplementedError


def result_of(expectation: str, predictor: Asked, task: Task = "regression") -> Result:
    context = project(expectation, task)
    context.__dict__["predictor"] = predictor
    return behaviour(context)


def minimum(row: str, decides: str, because: str = "it is plain") -> str:
    return f'[[expectations.minimum]]\nrow = {{ {row} }}\n{decides}\nbecause = "{because}"\n'
