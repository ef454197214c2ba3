"""The model card: what the model is for, how good it is and where not (Mitchell et al. 2019)."""

from typing import Any

from engine.problem.spec import Problem
from engine.training.money import NEVER


def card(problem: Problem, manifest: dict[str, Any], evaluation: dict[str, Any], split: str) -> str:
    """The card as Markdown, every number from the bundle it lies in."""
    decision, kept_out = problem.decision, problem.columns.reasons
    best = evaluation["candidate"]
    parts = [
        f"# {decision.name}, version {manifest['version']}",
        f"{decision.question}\n\nOn the answer: {decision.action}",
        f"## Intended use\n{decision.intended_use}\n\n**Not for:** {decision.not_for}",
        f"## Owner of the decision\n{decision.stakeholder}",
        "## Data\n"
        f"Source `{problem.rows.source}`, digest `{manifest['data_digest'][:16]}`. "
        f"Judged on {evaluation['rows']} rows that the model did not learn from: {split}.",
        _made_with(manifest.get("engine")),
        "## How good it is\n"
        + _table(
            ["", evaluation["metric"], "95 % interval"],
            [_line(best["name"], best)]
            + [_line(f"baseline: {one['name']}", one) for one in evaluation["baselines"]],
        ),
        _value(problem, evaluation["value"], evaluation["threshold"]),
        _slices(evaluation),
        "## What it does not read\n"
        + ("\n".join(f"- `{name}`: {why}" for name, why in kept_out.items()) or "Nothing."),
    ]
    if problem.assumed:
        guessed = ", ".join(f"`{name}`" for name in problem.assumed)
        parts.insert(1, f"> **Assumed, not answered by a person yet:** {guessed}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _made_with(engine: dict[str, str] | None) -> str:
    if engine is None:  # a bundle of engine 1, whose card has no such line
        return ""
    return f"## Made with\nEngine {engine['version']}, code `{engine['sha256'][:12]}`."


def _line(name: str, result: dict[str, Any]) -> list[str]:
    return [name, f"{result['value']:.4f}", f"{result['low']:.4f} to {result['high']:.4f}"]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    # A bar or a line break in a label would end the cell.
    return text.replace("|", "\\|").replace("\n", " ")


def _value(problem: Problem, value: dict[str, Any], threshold: float | None) -> str:
    words = (
        f"Per 1,000 rows: {value['per_1000_rows']:.0f} {value['currency']} "
        f"(95 % interval {value['low']:.0f} to {value['high']:.0f}), "
        f"against {value['do_nothing']:.0f} without the model."
    )
    acts = ""
    if threshold is not None:
        acts = " It never acts: by these costs that is worth most."
        if threshold < NEVER:
            acts = f" It acts from a score of {threshold:.4f}."
    guessed = ""
    if any(name.partition(".")[0] == "value" for name in problem.assumed):
        guessed = (
            "> **Assumed:** a tool guessed what an outcome earns or costs, so no amount here is "
            "known yet, nor a threshold that follows from it.\n\n"
        )
    return f"## What it is worth\n{guessed}{words}{acts}"


def _slices(evaluation: dict[str, Any]) -> str:
    if not evaluation["slices"]:
        return ""
    rows = []
    for part in evaluation["slices"]:
        result = "insufficient data" if part["metric"] is None else f"{part['metric']:.4f}"
        rows.append([f"{part['column']} = {part['value']}", str(part["rows"]), result])
    return "## For whom\n" + _table(["group", "rows", evaluation["metric"]], rows)
