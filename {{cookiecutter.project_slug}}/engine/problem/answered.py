"""Is the problem framed well enough to work on, and what does it say in a few lines?"""

from pathlib import Path

from engine.problem.base import NOT_SAID
from engine.problem.errors import BadInput
from engine.problem.mistakes import list_mistakes
from engine.problem.plain import is_assumed
from engine.problem.spec import Problem, read, text_of


def read_answered(file: Path) -> Problem:
    """The problem in `file`: what `data adopt` left open is answered, or listed as assumed.

    Raises:
        BadInput: something is neither, or is wrong.
    """
    problem = read(file)
    rule = "is not said yet; say it in words, or list it under 'assumed'"
    hidden = [
        (f"decision.{name}", rule)
        for name, answer in problem.decision
        if answer.startswith(NOT_SAID) and not is_assumed(problem, f"decision.{name}")
    ]
    if hidden:
        raise BadInput(list_mistakes(hidden, text_of(file), str(file)))
    return problem


def summary(problem: Problem) -> str:
    """The framing in a few lines, guesses said loudly."""
    success, target = problem.success, problem.target
    days = target.label_delay_days
    known = f"known after {days} day{'s' * (days > 1)}" if days else "known at once"
    lines = [
        f"{problem.decision.name}: {problem.decision.question}",
        f"  for     {problem.decision.stakeholder}",
        f"  action  {problem.decision.action}",
        f"  target  {target.column} ({target.task}), {known}",
        f"  success {success.metric} of {success.minimum:g} or better, "
        f"{success.margin:g} better than the best baseline",
    ]
    if problem.assumed:
        lines.append(
            "  ASSUMED by a tool, to be answered by a person before the handoff is signed:"
        )
        lines += [f"    {name}" for name in problem.assumed]
    return "\n".join(lines)
