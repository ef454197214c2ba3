"""The checks that come with the engine, and how a team leaves one out with a reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from engine.gate.checks import honest, runs_the_same, safe_to_own, worth_it
from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.budget import budget
from engine.gate.checks.check import Check, Group
from engine.gate.checks.notebooks import notebooks
from engine.gate.checks.reproducible import reproducible
from engine.pages.formatting import listed
from engine.problem.errors import BadInput

# In the order of the verdict: the four groups, each from the simplest check to the deepest.
STANDARD_CHECKS: tuple[Check, ...] = (
    Check("problem complete", "worth it", worth_it.problem_complete),
    Check("beats the baseline", "worth it", worth_it.beats_baseline),
    Check("champion", "worth it", worth_it.champion),
    Check("slices", "worth it", worth_it.slices),
    Check("evaluation", "honest", honest.evaluation),
    Check("leakage", "honest", honest.leakage),
    Check("split", "honest", honest.split),
    Check("calibration", "honest", honest.calibration),
    Check("current", "runs the same", runs_the_same.current),
    Check("contract", "runs the same", runs_the_same.contract),
    Check("parity", "runs the same", runs_the_same.parity),
    Check("robust", "runs the same", runs_the_same.robust),
    Check("behaviour", "runs the same", behaviour),
    Check("reproducible", "runs the same", reproducible, "retraining in a clean checkout"),
    Check("budget", "runs the same", budget, "sending requests to the real server for 10 s"),
    Check("complete", "safe to own", safe_to_own.complete),
    Check("safe", "safe to own", safe_to_own.safe),
    Check("documented", "safe to own", safe_to_own.documented),
    Check("monitorable", "safe to own", safe_to_own.monitorable),
    Check("notebooks", "safe to own", notebooks, "running the notebooks from top to bottom"),
)
# All other checks depend on these: the files are as they were built, from the current problem and
# rows, and loading them runs no foreign code.
REQUIRED = ("complete", "current", "safe")
LIST = "CHECKS in handoff/gate.py"


def without(checks: Sequence[Check], reasons: Mapping[str, str]) -> tuple[Check, ...]:
    """The same checks; those in `reasons` are not run, and not applicable with the team's reason.

    Raises:
        BadInput: no check has that name, the reason is empty, or all other checks depend on it.
    """
    names = [check.name for check in checks]
    for name, reason in reasons.items():
        out = f"{LIST} leaves out {name!r}"
        if name not in names:
            message = f"{out}, which is no check. The checks are {listed(names)}."
            raise BadInput(message, code="unknown-check")
        if name in REQUIRED:
            message = f"{out}, on which all other checks depend. Keep {listed([*REQUIRED])}."
            raise BadInput(message, code="required-check")
        if not reason.strip():
            raise BadInput(f"{out} without a reason. Write one, for both teams.", code="no-reason")
    return tuple(replace(check, dropped=reasons.get(check.name, check.dropped)) for check in checks)


def check_names(checks: Sequence[Check]) -> None:
    """Raise BadInput if two checks have one name, or if a check has no valid group."""
    numbers = Counter(check.name for check in checks)
    if repeated := [name for name, number in numbers.items() if number > 1]:
        message = f"{LIST} has two checks of the name {listed(repeated)}. Rename your own."
        raise BadInput(message, code="duplicate-check")
    for check in checks:
        if check.group not in get_args(Group):
            message = f"{LIST}: the group of {check.name!r} is {check.group!r}, which is not one "
            message += f"of {listed([*get_args(Group)])}. Use one of these."
            raise BadInput(message, code="unknown-group")


def team_checks(checks: Sequence[Check]) -> tuple[Check, ...]:
    """The team's list of checks; BadInput where one is missing, replaced, repeated or invalid."""
    check_names(checks)
    names = {check.name for check in checks}
    if missing := [check.name for check in STANDARD_CHECKS if check.name not in names]:
        message = f"{LIST} lacks {listed(missing)}. Start the list with *STANDARD_CHECKS, or give "
        message += f'a reason: *without(STANDARD_CHECKS, {{"{missing[0]}": "why"}})'
        raise BadInput(message, code="missing-check")
    required = [check for check in STANDARD_CHECKS if check.name in REQUIRED]
    if replaced := [check.name for check in required if check not in checks]:
        message = f"{LIST} replaces the engine's own {listed(replaced)}. Rename your own check."
        raise BadInput(message, code="replaced-check")
    return tuple(checks)
