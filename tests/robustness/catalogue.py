"""The list of cases: inputs that people really have, each with what is right about it.

A case is a function whose docstring says what is right, in one sentence. It gets a project, adopts
a table in it or runs another command, and asserts codes and facts. `@case` files it under a kind.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.robustness.project import Project

Trial = Callable[[Project], None]


@dataclass(frozen=True)
class Case:
    """One input, its kind, and the function that tries it."""

    kind: str
    name: str
    about: str
    trial: Trial


CASES: list[Case] = []


def case(kind: str) -> Callable[[Trial], Trial]:
    """File the decorated function under `kind`.

    Raises:
        ValueError: the function has no docstring, or another case has its name.
    """

    def file(trial: Trial) -> Trial:
        name = getattr(trial, "__name__", "")
        if not trial.__doc__ or any(one.name == name for one in CASES):
            raise ValueError(f"{name}: expected a docstring, and a name of its own")
        CASES.append(Case(kind, name, " ".join(trial.__doc__.split()), trial))
        return trial

    return file
