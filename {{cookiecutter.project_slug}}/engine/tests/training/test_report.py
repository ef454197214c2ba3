"""The report shows the results of out-of-fold rows, bad news first."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.pages.charts import thousand
from engine.pages.formatting import number, severity
from engine.pages.page import Table
from engine.problem.spec import Problem, Task
from engine.tests.project import source
from engine.tests.training.made import problem
from engine.tests.training.training import KINDS, schema, table, train_here
from engine.training.candidates import CHAMPION
from engine.training.money import money
from engine.training.record.runs import Run, latest_run
from engine.training.report.pages import report_sections, write_report, write_training_page
from engine.training.report.worth import CASES, DUMMY, RULE, Worth

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
Runs = dict[Task, Run]


def latest_run_of(spec: Problem) -> Run:
    return latest_run(spec, schema(KINDS[spec.target.task]))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A run of each task."""
    result: Runs = {}
    with pytest.MonkeyPatch.context() as patch:
        for task in TASKS:
            folder = tmp_path_factory.mktemp(task)
            patch.chdir(folder)
            patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
            project_in(folder)
            train_here(problem(task), table(task))
            run = latest_run_of(problem(task))
            # These rows give the outcome away, which the page states first; not what is tested.
            result[task] = replace(run, metadata={**run.metadata, "suspicious": []})
    return result


def project_in(folder: Path) -> None:
    """Write the files that a training reads beside its rows."""
    for name in ("poc/features.py", "requirements/serving.txt", "problem/problem.toml"):
        (folder / name).parent.mkdir(exist_ok=True)
        if name != "problem/problem.toml":
            (folder / name).write_bytes((source(name)).read_bytes())


def words(run: Run, folder: Path, *, as_slides: bool = False) -> str:
    """The text of the report, without tags."""
    html = write_report(run, folder / "page.html", as_slides=as_slides).read_text("utf-8")
    body = html.split("</style>")[1].split("<script>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def with_scores(run: Run, name: str, scores: np.ndarray) -> Run:
    return replace(run, scores={**run.scores, name: scores})


@pytest.mark.parametrize("task", TASKS)
def test_worth_equals_the_recorded_value(runs: Runs, task: Task) -> None:
    run = runs[task]
    worth, recorded = Worth(run), run.metadata["value"]
    own = worth.earned[run.chosen]
    assert (own.value, own.low, own.high) == pytest.approx(
        [recorded[key] for key in ("per_1000_rows", "low", "high")]
    )
    assert worth.earned[DUMMY].value == pytest.approx(recorded["do_nothing"])
    for name, gain in worth.gains.items():
        assert gain.value == pytest.approx(own.value - worth.earned[name].value)
        assert gain.low <= gain.value <= gain.high


@pytest.mark.parametrize("as_slides", [False, True], ids=["page", "slides"])
@pytest.mark.parametrize("task", TASKS)
def test_report_shows_the_computed_values(
    runs: Runs, task: Task, as_slides: bool, tmp_path: Path
) -> None:
    run = runs[task]
    worth, messages = Worth(run), words(runs[task], tmp_path, as_slides=as_slides)
    gain = worth.gains[DUMMY]
    assert worth.verdict in messages
    assert f"{worth.amount(gain.value)} more for 1,000 cases" in messages
    assert worth.span(gain) in messages
    assert run.metadata["rule"] in messages.replace("&gt;", ">")
    trial = next(one for one in run.metadata["trials"] if one["name"] == run.chosen)
    assert f"{number(trial['value'])} (95 % sure: {number(trial['low'])}" in messages
    for section in report_sections(worth):
        assert section.title in messages
        assert section.sentence in messages
    for text in (run.problem.decision.question, run.problem.decision.not_for):
        assert text in messages


def test_report_counts_of_decisions_equal_the_rows(runs: Runs, tmp_path: Path) -> None:
    run = runs["binary"]
    worth = Worth(run)
    due, acts = run.outcome == 1, worth.acts
    assert acts is not None
    kinds = [acts & due, acts & ~due, ~acts & due, ~acts & ~due]
    counts = thousand([float(rows.sum()) for rows in kinds])
    messages = words(run, tmp_path)
    for count, name in zip(
        counts, ("acted on, rightly", "acted on in vain", "missed", "left alone, rightly"),
        strict=True,
    ):  # fmt: skip
        assert f"{count} {name}" in messages
    [costs] = [
        block
        for section in report_sections(worth)
        for block in section.blocks
        if isinstance(block, Table) and "earn and cost" in block.caption
    ]
    amounts = [row[-1] for row in costs.rows if isinstance(row[-1], float)]
    assert sum(amounts) == pytest.approx(worth.earned[run.chosen].value)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_report_counts_of_right_predictions_equal_the_rows(
    runs: Runs, task: Task, tmp_path: Path
) -> None:
    run = runs[task]
    if task == "multiclass":
        good = run.predictions.argmax(axis=1) == run.outcome
    else:
        guess = np.abs(run.out_of_fold(DUMMY) - run.outcome)
        good = np.abs(run.predictions - run.outcome) < guess
    count, _ = thousand([float(good.sum()), float((~good).sum())])
    assert f"{count} " in words(run, tmp_path)
    paid = money(run.problem.value, task, run.outcome, run.predictions, None)
    assert Worth(run).earned[run.chosen].value == pytest.approx(CASES * paid.mean())


@pytest.mark.parametrize("task", TASKS)
def test_report_of_a_model_that_loses_money_begins_with_it(
    runs: Runs, task: Task, tmp_path: Path
) -> None:
    run = runs[task]
    own, dummy = run.scores[run.chosen], run.scores[DUMMY]
    # A model that predicts the opposite of what it was fitted to.
    opposite = {"binary": 1 - own, "multiclass": own[:, ::-1] if own.ndim > 1 else own,
             "regression": 2 * dummy - own}[task]  # fmt: skip
    poor = with_scores(run, run.chosen, opposite)
    if task == "binary":
        poor = replace(poor, metadata={**poor.metadata, "threshold": 0.5})
    worth = Worth(poor)
    assert worth.verdict == "does not pay"
    first, *_ = report_sections(worth)
    assert first.title == "Before you read on"
    messages = words(poor, tmp_path)
    assert messages.index("does not pay") < messages.index("The decision")
    assert messages.index(first.sentence) < messages.index("The decision")


def test_report_of_a_model_that_never_acts_states_it(runs: Runs, tmp_path: Path) -> None:
    run = runs["binary"]
    costly = run.problem.value.model_copy(update={"false_positive": -1e6})
    spec = run.problem.model_copy(update={"value": costly})
    data = replace(run.data, dataset=replace(run.data.dataset, problem=spec))
    noise = np.random.default_rng(0).random(len(run.data.table))
    idle = replace(with_scores(run, run.chosen, noise), data=data)
    idle = replace(idle, metadata={**idle.metadata, "threshold": 2.0})
    worth = Worth(idle)
    assert worth.verdict == "does not pay"
    assert "The model never acts" in words(idle, tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_report_of_a_model_no_better_than_the_rule_begins_with_it(
    runs: Runs, task: Task, tmp_path: Path
) -> None:
    run = runs[task]
    own = run.scores[run.chosen]
    same = with_scores(run, RULE, own) if run.chosen != RULE else run
    worth = Worth(same)
    assert worth.gains[RULE].value == pytest.approx(0)
    assert worth.verdict == "does not pay"
    assert "no more than a simple rule" in report_sections(worth)[0].sentence
    assert "Before you read on" in words(same, tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_report_compares_the_champion_where_there_is_one(
    runs: Runs, task: Task, tmp_path: Path
) -> None:
    run = runs[task]
    assert "today&#39;s model" not in words(run, tmp_path)
    rival = with_scores(run, CHAMPION, run.scores[RULE])
    assert "today&#39;s model" in words(rival, tmp_path)
    gains = Worth(rival).gains
    assert gains[CHAMPION] == gains[RULE]


def test_report_of_a_model_no_better_than_the_champion_begins_with_it(
    runs: Runs, tmp_path: Path
) -> None:
    run = runs["binary"]
    same = with_scores(run, CHAMPION, run.scores[run.chosen])
    assert Worth(same).verdict == "unsure"
    assert "no more than today's model" in report_sections(Worth(same))[0].sentence


def test_suspicious_score_is_no_success_on_any_page(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "The score is nearly perfect."
    noted = {**runs["binary"].metadata, "suspicious": [reason], "warnings": [reason]}
    run = replace(runs["binary"], metadata=noted)
    worth = Worth(run)
    assert severity(worth.verdict) == "warn"
    assert report_sections(worth)[0].sentence == reason
    assert "pays on past cases" not in words(run, tmp_path)
    monkeypatch.chdir(tmp_path)
    page = write_training_page(run).read_text("utf-8")
    assert page.index(reason) < page.index("Selected: the simplest candidate")
    assert "handoff build" not in run.next_step
    assert "handoff build" in runs["binary"].next_step


@pytest.mark.parametrize("as_slides", [False, True], ids=["page", "slides"])
@pytest.mark.parametrize("task", TASKS)
def test_report_marks_every_assumed_amount(
    runs: Runs, task: Task, as_slides: bool, tmp_path: Path
) -> None:
    run = runs[task]
    spec = run.problem.model_copy(update={"assumed": ["value", "decision.action"]})
    data = replace(run.data, dataset=replace(run.data.dataset, problem=spec))
    guessed = replace(run, data=data)
    html = write_report(guessed, tmp_path / "page.html", as_slides=as_slides).read_text("utf-8")
    spoken = [part for part in re.split(r"<[^>]+>", html.split("</style>")[1]) if "EUR" in part]
    assert spoken
    assert all("assumed" in part for part in spoken)
    assert "decision: action" in words(guessed, tmp_path)


def test_report_lists_groups_with_insufficient_data(here: Path) -> None:
    frame = table("binary")
    frame["word"] = np.where(np.arange(len(frame)) % 40 == 0, "rare", frame["word"].fillna("a"))
    slices = 'slices = [{ column = "word", floor = 0.9 }]'
    spec = problem("binary", slices=slices, metric="roc_auc")
    train_here(spec, frame)
    [fairness] = [
        section
        for section in report_sections(Worth(latest_run_of(spec)))
        if section.title.startswith("For whom")
    ]
    messages = " ".join(getattr(block, "text", "") for block in fairness.blocks)
    assert "Insufficient data" in messages
    assert "word rare (" in messages
