"""The model card: the model's purpose, quality and limits (Mitchell et al. 2019)."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.problem.spec import Problem
from engine.training.money import NEVER


def card(
    problem: Problem, manifest: Mapping[str, Any], evaluation: Mapping[str, Any], split: str
) -> str:
    """The card as Markdown; every number is from the bundle."""
    decision, metric = problem.decision, evaluation["metric"]
    results = {evaluation["candidate"]["name"]: evaluation["candidate"]}
    results |= {f"baseline: {one['name']}": one for one in evaluation["baselines"]}
    rows = [
        (name, f"{one['value']:.4f}", f"{one['low']:.4f} to {one['high']:.4f}")
        for name, one in results.items()
    ]
    excluded = [f"- `{name}`: {reason}" for name, reason in problem.columns.reasons.items()]
    sections = [
        f"# {decision.name}, version {manifest['version']}",
        f"{decision.question}\n\nOn the answer: {decision.action}",
        f"## Intended use\n{decision.intended_use}\n\n**Not for:** {decision.not_for}",
        f"## Owner of the decision\n{decision.stakeholder}",
        "## Data\n"
        f"Source `{problem.rows.source}`, digest `{manifest['data_digest'][:16]}`. "
        f"Evaluated on {evaluation['rows']} rows that were not used in training: {split}.",
        "## Quality\n" + _table(["", metric, "95 % interval"], rows),
        _value(problem, evaluation["value"], evaluation["threshold"]),
        "## Excluded columns\n" + ("\n".join(excluded) or "None."),
    ]
    if engine := manifest.get("engine"):  # none in a bundle of engine 1
        version = f"Engine {engine['version']}, code `{engine['sha256'][:12]}`."
        sections.insert(5, f"## Made with\n{version}")
    if evaluation["slices"]:
        rows = []
        for one in evaluation["slices"]:
            value = "insufficient data" if one["metric"] is None else f"{one['metric']:.4f}"
            rows.append((f"{one['column']} = {one['value']}", str(one["rows"]), value))
        sections.insert(-1, "## Quality by group\n" + _table(["group", "rows", metric], rows))
    if problem.assumed:
        names = ", ".join(f"`{name}`" for name in problem.assumed)
        sections.insert(1, f"> **Assumed, not confirmed by a person yet:** {names}")
    return "\n\n".join(sections) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    # A bar or a line break in a label would end the cell.
    lines = [
        [cell.replace("|", "\\|").replace("\n", " ") for cell in row]
        for row in (header, ["---"] * len(header), *rows)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(problem: Problem, value: Mapping[str, Any], threshold: float | None) -> str:
    text = f"Per 1,000 rows: {value['per_1000_rows']:.0f} {value['currency']} (95 % interval "
    text += f"{value['low']:.0f} to {value['high']:.0f}), "
    text += f"against {value['do_nothing']:.0f} without the model."
    if threshold is not None and threshold >= NEVER:
        text += " It never acts: with these costs, acting never pays."
    elif threshold is not None:
        text += f" It acts from a score of {threshold:.4f}."
    assumed = "> **Assumed:** a tool guessed the value of each outcome. The amounts and the "
    assumed += "threshold depend on this guess.\n\n"
    return f"## Value\n{assumed if problem.is_assumed('value') else ''}{text}"
