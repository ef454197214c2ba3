"""Every mistake in problem.toml is explained: its line, the rule, what came, an example."""

from pathlib import Path

import pytest

from engine.problem.errors import BadInput
from engine.problem.known_metrics import KNOWN_METRICS
from engine.problem.metrics import METRICS
from engine.problem.spec import parse, read
from problem import __main__ as command

TEXT = """\
assumed = ["value.currency"]
[decision]
name = "late-parcels"
question = "Will this parcel arrive late?"
action = "Upgrade it."
stakeholder = "Head of delivery"
intended_use = "At checkout."
not_for = "Rating carriers."

[target]
column = "late"
task = "binary"
positive = true
label_delay_days = 14

[rows]
source = "parcels"
id = "order_id"

[columns.excluded]
"a = b.c" = "known only after the outcome"

[columns.personal]
customer_id = "names a person"

[success]
metric = "roc_auc"
minimum = 0.7
margin = 0.1
slices = [
    { column = "region", floor = 0.6 },
    { column = "service", floor = 0.6 },
]

[value]
currency = "EUR"
true_positive = 8.0
false_positive = -2.0
true_negative = 0.0
false_negative = 0.0

[budget]
latency_p99_ms = 50.0
throughput_rps = 50.0
memory_mb = 600.0

[monitoring]
window_days = 7
minimum_rows = 200

[guardrails]
worse_by = 0.01
"""

# What stands there and what is put in its place; then on which line of it which key is named,
# with which rule and which example.
MISTAKES = {
    "missing": ("minimum = 0.7\n", "", "[success]", "[success] minimum", "is missing", "= 0.7"),
    "no such table": ("[monitoring]\nwindow_days = 7\nminimum_rows = 200\n", "", "", "monitoring",
                      "is missing", "[monitoring] window_days = 7, minimum_rows = 200"),
    "unknown": ("window_days", "window", "window = 7", "[monitoring] window", "no such", "remove"),
    "a word": ("= 0.7", '= "high"', '"high"', "[success] minimum", "number, got 'high'", "= 0.7"),
    "nan": ("8.0", "nan", "nan", "[value] true_positive", "finite number, got nan", "= 2.5"),
    "no text": ('"Upgrade it."', "3", "= 3", "[decision] action", "string, got 3", "Upgrade"),
    "too little": ("= 14", "= -1", "= -1", "[target] label_delay_days", "0, got -1", "= 14"),
    "a date": ("14", "2026-01-01", "2026", "[target] label_delay_days", "valid integer", "= 14"),
    "a pattern": ('"late-p', '"Late-p', '"Late-p', "[decision] name", "hyphens", '"late-parcels"'),
    "no label": ("= true", "= 1.5", "= 1.5", "[target] positive", "whole number or a text", "true"),
    "no reason": ('"known only after the outcome"', "7", "= 7", "[columns] excluded.a = b.c",
                  "string, got 7", "excluded = {"),
    "a slice": ('"service", floor', '"service", flour', "flour", "[success] slices.1.floor",
                "is missing", "floor = 0.6"),
    "no such task": ('"binary"', '"ranking"', "ranking", "[target] task", "'multiclass'", "binary"),
}  # fmt: skip
CONTRADICTIONS = {
    "no such metric": ("roc_auc", "auc", "metric =", "[success] metric: must be, for a binary"),
    "another task's": ("roc_auc", "r2", "metric =", "[success] metric: must be, for a binary"),
    "no positive": ("positive = true\n", "", "[target]", "[target] positive: must be given"),
    "out of range": ("= 0.7", "= 70.0", "minimum =", "minimum: must lie between 0 and 1"),
    "a floor": ('"service", floor = 0.6', '"service", floor = 6.0', "floor = 6.0",
                "[success] slices.1.floor: must lie between 0 and 1 for roc_auc, got 6"),
    "payoffs": ("true_negative = 0.0\n", "", "[value]", "value: must hold, for a binary target"),
    "no gain": ("8.0", "-1.0", "-1.0", "[value] true_positive: must be more than false_negative"),
    "an equal gain": ("8.0", "0.0", "true_positive", "[value] true_positive: must be more than"),
    "time": ('id = "order_id"', 'time = "late"', "time =", "[rows] time: must be another column"),
    "unit": ('id = "order_id"', 'unit = "late"', "unit =", "[rows] unit: must be another column"),
    "below": ("= 0.7", "= -0.1", "minimum =", "minimum: must lie between 0 and 1"),
    "id": ('"order_id"', '"late"', "id =", "[rows] id: must be another column than the target"),
    "excluded": ('"a = b.c"', "late", 'late = "known', "[columns] excluded.late: must not name"),
    "assumed": ("value.currency", "value.cur", "assumed", "assumed: must name answers as table"),
}  # fmt: skip


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        parse(text, "t")
    return str(refused.value)


def test_parse_valid_problem_is_read() -> None:
    problem = parse(TEXT, "t")
    assert problem.kept_out == {"late", "order_id", "customer_id", "a = b.c"}
    assert [part.column for part in problem.success.slices] == ["region", "service"]


def place(text: str, fragment: str) -> str:
    """How the line of `text` that `fragment` stands on is named."""
    lines = text.splitlines()
    return (
        f"t:{1 + next(n for n, line in enumerate(lines) if fragment in line)}: "
        if fragment
        else "t: "
    )


@pytest.mark.parametrize("case", MISTAKES.values(), ids=MISTAKES)
def test_parse_mistake_names_line_rule_and_example(case: tuple[str, ...]) -> None:
    there, instead, line, key, rule, example = case
    assert there in TEXT
    text = TEXT.replace(there, instead)
    (message,) = [one for one in refusal(text).splitlines() if f"{place(text, line)}{key}: " in one]
    assert rule in message
    assert example in message


@pytest.mark.parametrize("case", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_parse_contradiction_names_the_line(case: tuple[str, str, str, str]) -> None:
    there, instead, line, rule = case
    assert there in TEXT
    text = TEXT.replace(there, instead)
    (message,) = refusal(text).splitlines()[1:]
    assert message.strip().startswith(place(text, line))
    assert rule in message


def test_parse_mistakes_are_all_listed() -> None:
    text = TEXT.replace("= 14", "= -1").replace("window_days = 7\n", "")
    assert len(refusal(text).splitlines()) == 3
    text = TEXT.replace("roc_auc", "r2").replace("8.0", "-1.0")
    assert len(refusal(text).splitlines()) == 3


def test_parse_slices_as_tables_have_lines() -> None:
    start, end = TEXT.index("slices = ["), TEXT.index("[value]")
    table = '[[success.slices]]\ncolumn = "a"\nfloor = '
    text = f'{TEXT[:start]}{table}0.6\n{table}"x"\n{TEXT[end:]}'
    assert f'{place(text, """floor = "x""")}[success] slices.1.floor: should be' in refusal(text)


def test_parse_invalid_toml_names_the_line() -> None:
    assert "t is not valid TOML" in refusal(TEXT.replace("[target]", "[target"))
    assert "line 10" in refusal(TEXT.replace("[target]", "[target"))


def test_read_unusable_file_has_a_code_and_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_bytes(b"\xff\xfe")
    codes = {"no.toml": "missing-file", "t.toml": "not-utf-8", ".": "not-a-file"}
    for name, code in codes.items():
        with pytest.raises(BadInput, match="python -m data adopt FILE") as refused:
            read(tmp_path / name)
        assert refused.value.code == code


def test_check_command_prints_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.toml").write_text(TEXT, "utf-8")
    assert command.main(["check", str(tmp_path / "t.toml")]) == 0
    message = capsys.readouterr().out
    assert "late-parcels: Will this parcel arrive late?" in message
    assert "ASSUMED by a tool" in message
    assert "    value.currency" in message
    for days, delay in ((14, "after 14 days"), (1, "after 1 day"), (0, "at once")):
        (tmp_path / "t.toml").write_text(TEXT.replace("delay_days = 14", f"delay_days = {days}"))
        command.main(["check", str(tmp_path / "t.toml")])
        assert f"(binary), known {delay}\n" in capsys.readouterr().out


def test_metrics_all_known_can_be_computed() -> None:
    assert set(METRICS) == set(KNOWN_METRICS)
    assert all(callable(metric.compute) for metric in METRICS.values())
