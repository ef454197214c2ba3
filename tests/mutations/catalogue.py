"""What a fault and a clean case are, and the list of all of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from journey import ROOT
from tests.mutations.tables import Row
from tests.mutations.work import Work

Act = Callable[[Work], None]


@dataclass(frozen=True)
class Fault:
    """Work that must be refused, by `check` alone; `also` may refuse where it cannot be helped.

    `about` says in a sentence what is planted and how it comes about in real work. `act` is given a
    copy of the project of data set `home`: trained and built, or as rendered where the fault lies
    in what training starts from; then it trains and builds itself.
    """

    name: str
    check: str
    home: str
    act: Act
    about: str
    trained: bool
    also: frozenset[str]
    quick: bool


@dataclass(frozen=True)
class Clean:
    """Work that must pass untouched; `act` is as in `Fault`."""

    name: str
    home: str
    act: Act
    about: str
    trained: bool
    quick: bool


FAULTS: list[Fault] = []
CLEAN: list[Clean] = []
GATE = ROOT / "{{cookiecutter.project_slug}}/engine/gate/standard.py"


def everything() -> list[Fault | Clean]:
    """All faults and all clean cases."""
    return [*FAULTS, *CLEAN]


def chosen(words: Sequence[str]) -> list[Fault | Clean]:
    """The cases whose name, check or data set is among `words`; all of them by default."""
    return [case for case in everything() if not words or set(words) & _names(case)]


def _names(case: Fault | Clean) -> set[str]:
    return {case.name, case.home, case.check if isinstance(case, Fault) else "clean"}


def checks() -> list[str]:
    """The checks of the gate, in its order."""
    return re.findall(r'^    Check\(\s*"([^"]+)"', GATE.read_text("utf-8"), re.M)


def unplanted() -> list[str]:
    """The checks of the gate that no fault is planted against."""
    return [check for check in checks() if check not in {fault.check for fault in FAULTS}]


def fault(
    check: str, home: str, *, also: tuple[str, ...] = (), quick: bool = False
) -> Callable[[Act], Act]:
    """Plant it in the copy of a finished project: in the bundle, or beside it after the build."""
    return _planted(check, home, trained=True, also=also, quick=quick)


def root_fault(
    check: str, home: str, *, also: tuple[str, ...] = (), quick: bool = False
) -> Callable[[Act], Act]:
    """Plant it in the problem, the rows or the code; the project is trained and built with it."""

    def add(plant: Act) -> Act:
        def work_with_it(work: Work) -> None:
            plant(work)
            work.train_and_build()

        work_with_it.__name__, work_with_it.__doc__ = plant.__name__, plant.__doc__
        return _planted(check, home, trained=False, also=also, quick=quick)(work_with_it)

    return add


def leaking_column(
    home: str, dtype: str = "float", *, quick: bool = False
) -> Callable[[Callable[[Row], object]], Callable[[Row], object]]:
    """A column more, each value worked out from its row, which the leakage check must name."""

    def add(value: Callable[[Row], object]) -> Callable[[Row], object]:
        def plant(work: Work) -> None:
            work.derive(value.__name__, dtype, value)

        plant.__name__, plant.__doc__ = value.__name__, value.__doc__
        root_fault("leakage", home, quick=quick)(plant)
        return value

    return add


def clean(home: str, *, trained: bool = False, quick: bool = False) -> Callable[[Act], Act]:
    """A case that must pass; unless `trained`, the project is trained and built with it."""

    def add(make: Act) -> Act:
        CLEAN.append(Clean(make.__name__, home, make, _about(make), trained, quick))
        return make

    return add


def _planted(
    check: str, home: str, *, trained: bool, also: tuple[str, ...], quick: bool
) -> Callable[[Act], Act]:
    def add(plant: Act) -> Act:
        FAULTS.append(
            Fault(
                plant.__name__, check, home, plant, _about(plant), trained, frozenset(also), quick
            )
        )
        return plant

    return add


def _about(act: Act) -> str:
    """The first paragraph of its description, in one line."""
    return " ".join((act.__doc__ or "").split("\n\n")[0].split())
