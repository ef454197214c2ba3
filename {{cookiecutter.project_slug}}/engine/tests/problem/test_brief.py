"""The brief says on one page what problem.toml says, in words, and what nobody has answered."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.problem.brief import pays_from, sections
from engine.problem.known_metrics import KNOWN_METRICS
from engine.problem.spec import parse
from engine.tests.problem.test_mistakes import TEXT
from engine.tests.project import PYTHONPATH
from problem import __main__ as command

MULTICLASS = ("correct = 15.0\nwrong = -90.0\n", "balanced_accuracy", "multiclass")
REGRESSION = ("per_unit_error = -1.5\n", "mean_absolute_error", "regression")


def of_task(payoffs: str, metric: str, task: str) -> str:
    """The problem with another task; what it expects is of scores, and goes."""
    text = TEXT[: TEXT.index("[[expectations")].replace("calibration_error = 0.05\n", "")
    start, end = text.index("true_positive"), text.index("[budget]")
    text = f"{text[:start]}{payoffs}\n{text[end:]}"
    return text.replace("roc_auc", metric).replace('"binary"\npositive = true', f'"{task}"')


def words(text: str, tmp_path: Path) -> str:
    """What a reader of the brief reads."""
    (tmp_path / "t.toml").write_text(text, "utf-8")
    page = tmp_path / "deep" / "brief.html"
    assert command.main(["brief", str(tmp_path / "t.toml"), "--out", str(page)]) == 0
    body = page.read_text("utf-8").split("</style>")[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_brief_complete_problem_states_every_answer(tmp_path: Path) -> None:
    text_of_page = words(TEXT, tmp_path)
    for part in (
        *("Will this parcel arrive late?", "Upgrade it.", "Head of delivery", "Rating carriers."),
        "known 14 days later",
        *("late is true", "+8", "−2", "In EUR for one case"),
        "the chance that late is true is more than 20 %",
        *("in the right order 70 % of the time", "at least 0.7", "knows nothing, by at least 0.1"),
        "by region (at least 0.6) and service (at least 0.6)",
        "may be off by 5 % on average",
        *("order_id: names a row", "customer_id: names a person", "when the parcel has arrived"),
        "200 more distance_km must raise the score: on a longer way more can go wrong",
        "fragile must not move the score by more than 0.05",
        "carrier Dromedary and weather storm must get a score over 0.5",
        *("within 50 thousandths of a second", "50 answers a second in 600 MB"),
        *("windows of 7 days", "worse by 0.01"),
    ):
        assert part in text_of_page
    assert "assumed" not in text_of_page.lower()


def test_brief_column_known_in_time_states_the_reason(tmp_path: Path) -> None:
    answered = '[columns.known_in_time]\nweight_kg = "weighed at the counter"\n\n'
    text_of_page = words(
        TEXT.replace("[columns.known_after]", f"{answered}[columns.known_after]"), tmp_path
    )
    assert "weight_kg is used, for it is known in time: weighed at the counter" in text_of_page


def test_brief_multiclass_and_regression_state_the_value(tmp_path: Path) -> None:
    text_of_page = words(of_task(*MULTICLASS), tmp_path)
    assert "+15" in text_of_page
    assert "−90" in text_of_page
    text_of_page = words(of_task(*REGRESSION), tmp_path)
    assert "1.5 EUR" in text_of_page
    assert "is off by 0.7 on average" in text_of_page
    assert "at most 0.7" in text_of_page


def test_brief_assumed_answers_come_first_and_are_marked(tmp_path: Path) -> None:
    names = '["value", "decision.action", "guardrails", "columns.known_after", "success.margin"]'
    text_of_page = words(TEXT.replace("assumed = []", f"assumed = {names}"), tmp_path)
    assert "A tool guessed 5 answers" in text_of_page
    assert text_of_page.index("Still assumed") < text_of_page.index("What is done on the answer")
    for part in (
        *("Upgrade it. (assumed)", "more than 20 % (assumed)", "one case (assumed)"),
        *("beside late (assumed)", "worse by 0.01 (assumed)", "by at least 0.1 (assumed)"),
    ):
        assert part in text_of_page
    assert "of memory (assumed)" not in text_of_page


@pytest.mark.parametrize(
    ("amounts", "chance"),
    [
        ((8, -2, 0, 0), 0.2),
        ((1, -1, 0, 0), 0.5),
        ((8, -2, 0.5, -1), 2.5 / 11.5),
        ((1, 1, 0, 0), None),
    ],
)
def test_pays_from_payoffs_gives_the_break_even_chance(
    amounts: tuple[float, ...], chance: float | None
) -> None:
    names = ("true_positive", "false_positive", "true_negative", "false_negative")
    start, end = TEXT.index("true_positive"), TEXT.index("[budget]")
    given = "".join(f"{name} = {float(v)}\n" for name, v in zip(names, amounts, strict=True))
    computed = pays_from(parse(f"{TEXT[:start]}{given}{TEXT[end:]}", "t"))
    assert computed == (chance if chance is None else pytest.approx(chance))


def test_known_metrics_all_describe_a_value() -> None:
    texts = [metric.describe(0.5) for metric in KNOWN_METRICS.values()]
    assert all("0.5" in text or "50 %" in text for text in texts)


def test_brief_invalid_problem_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(TEXT.replace("= 14", "= -1"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "problem", "brief", "t.toml", "--out", "brief.html"],
        cwd=tmp_path, env={"PYTHONPATH": PYTHONPATH},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "label_delay_days" in done.stderr
    assert not (tmp_path / "brief.html").exists()


def test_brief_section_without_an_answer_is_omitted() -> None:
    titles = [section.title for section in sections(parse(of_task(*REGRESSION), "t"))]
    assert "How it must behave" not in titles
    assert "Still assumed" not in titles
