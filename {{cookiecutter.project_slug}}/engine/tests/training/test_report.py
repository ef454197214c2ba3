"""The report says in plain words what the run's held-out rows say, and the bad news first."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.pages.cases import thousand
from engine.pages.formatting import number
from engine.pages.page import Table
from engine.problem.spec import Problem, Task
from engine.tests.project import source
from engine.tests.training.made import problem
from engine.tests.training.training import KINDS, schema, table, trained
from engine.training.candidates import CHAMPION
from engine.training.evaluate import money
from engine.training.report.evidence import FinishedRun, gather_evidence
from engine.training.report.story import sections, write
from engine.training.report.worth import CASES, DUMMY, RULE, Worth

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
Told = dict[Task, FinishedRun]


def evidence_of(framed: Problem) -> FinishedRun:
    return gather_evidence(framed, schema(KINDS[framed.target.task]))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A run of each task, gathered for a report."""
    found: Told = {}
    with pytest.MonkeyPatch.context() as patch:
        for task in TASKS:
            folder = tmp_path_factory.mktemp(task)
            patch.chdir(folder)
            patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
            project_in(folder)
            trained(problem(task), table(task))
            found[task] = evidence_of(problem(task))
    return found


def project_in(folder: Path) -> None:
    """What a training reads beside its rows."""
    for name in ("poc/features.py", "requirements/serving.txt", "problem/problem.toml"):
        (folder / name).parent.mkdir(exist_ok=True)
        if name != "problem/problem.toml":
            (folder / name).write_bytes((source(name)).read_bytes())


def words(evidence: FinishedRun, folder: Path, *, as_slides: bool = False) -> str:
    """What a reader reads, tags away."""
    html = write(evidence, folder / "page.html", as_slides=as_slides).read_text("utf-8")
    body = html.split("</style>")[1].split("<script>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def with_scores(evidence: FinishedRun, name: str, scores: np.ndarray) -> FinishedRun:
    return replace(evidence, scores=evidence.scores | {name: scores})


@pytest.mark.parametrize("task", TASKS)
def test_what_it_says_of_money_is_what_the_run_recorded(told: Told, task: Task) -> None:
    evidence = told[task]
    worth, recorded = Worth(evidence), evidence.facts["value"]
    own = worth.earned[evidence.chosen]
    assert (own.value, own.low, own.high) == pytest.approx(
        [recorded[key] for key in ("per_1000_rows", "low", "high")]
    )
    assert worth.earned[DUMMY].value == pytest.approx(recorded["do_nothing"])
    for name, gain in worth.gains.items():
        assert gain.value == pytest.approx(own.value - worth.earned[name].value)
        assert gain.low <= gain.value <= gain.high


@pytest.mark.parametrize("as_slides", [False, True], ids=["page", "slides"])
@pytest.mark.parametrize("task", TASKS)
def test_the_figures_on_the_page_are_the_computed_ones(
    told: Told, task: Task, as_slides: bool, tmp_path: Path
) -> None:
    evidence = told[task]
    worth, said = Worth(evidence), words(told[task], tmp_path, as_slides=as_slides)
    gain = worth.gains[DUMMY]
    assert worth.verdict in said
    assert f"{worth.amount(gain.value)} more for 1,000 cases" in said
    assert worth.span(gain) in said
    assert evidence.facts["rule"] in said.replace("&gt;", ">")
    trial = next(one for one in evidence.facts["trials"] if one["name"] == evidence.chosen)
    assert f"{number(trial['value'])} (95 % sure: {number(trial['low'])}" in said
    for section in sections(worth):
        assert section.title in said
        assert section.sentence in said
    for known in (evidence.problem.decision.question, evidence.problem.decision.not_for):
        assert known in said


def test_a_thousand_decisions_are_counted_as_the_rows_say(told: Told, tmp_path: Path) -> None:
    evidence = told["binary"]
    worth = Worth(evidence)
    due, acts = evidence.outcome == 1, worth.acts
    assert acts is not None
    kinds = [acts & due, acts & ~due, ~acts & due, ~acts & ~due]
    counts = thousand([float(rows.sum()) for rows in kinds])
    said = words(evidence, tmp_path)
    for count, name in zip(
        counts, ("acted on, rightly", "acted on in vain", "missed", "left alone, rightly"),
        strict=True,
    ):  # fmt: skip
        assert f"{count} {name}" in said
    [costs] = [
        block
        for section in sections(worth)
        for block in section.blocks
        if isinstance(block, Table) and "earn and cost" in block.caption
    ]
    together = [row[-1] for row in costs.rows if isinstance(row[-1], float)]
    assert sum(together) == pytest.approx(worth.earned[evidence.chosen].value)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_right_and_wrong_answers_are_counted_as_the_rows_say(
    told: Told, task: Task, tmp_path: Path
) -> None:
    evidence = told[task]
    rows = evidence.taught.judged
    if task == "multiclass":
        good = evidence.said.argmax(axis=1) == evidence.outcome
    else:
        guess = np.abs(evidence.scores[DUMMY][rows] - evidence.outcome)
        good = np.abs(evidence.said - evidence.outcome) < guess
    count, _ = thousand([float(good.sum()), float((~good).sum())])
    assert f"{count} " in words(evidence, tmp_path)
    paid = money(evidence.problem.value, task, evidence.outcome, evidence.said, None)
    assert Worth(evidence).earned[evidence.chosen].value == pytest.approx(CASES * paid.mean())


@pytest.mark.parametrize("task", TASKS)
def test_a_model_that_earns_less_than_nothing_is_told_first(
    told: Told, task: Task, tmp_path: Path
) -> None:
    evidence = told[task]
    own, dummy = evidence.scores[evidence.chosen], evidence.scores[DUMMY]
    # A model that says the opposite of what it has learned.
    worse = {"binary": 1 - own, "multiclass": own[:, ::-1] if own.ndim > 1 else own,
             "regression": 2 * dummy - own}[task]  # fmt: skip
    poor = with_scores(evidence, evidence.chosen, worse)
    if task == "binary":
        poor = replace(poor, facts=poor.facts | {"threshold": 0.5})
    worth = Worth(poor)
    assert worth.verdict == "does not pay"
    first, *_ = sections(worth)
    assert first.title == "Before you read on"
    said = words(poor, tmp_path)
    assert said.index("does not pay") < said.index("The decision")
    assert said.index(first.sentence) < said.index("The decision")


def test_a_model_that_never_acts_says_so(told: Told, tmp_path: Path) -> None:
    evidence = told["binary"]
    costly = evidence.problem.value.model_copy(update={"false_positive": -1e6})
    framed = evidence.problem.model_copy(update={"value": costly})
    taught = replace(evidence.taught, dataset=replace(evidence.taught.dataset, problem=framed))
    noise = np.random.default_rng(0).random(len(evidence.taught.table))
    idle = replace(with_scores(evidence, evidence.chosen, noise), taught=taught)
    idle = replace(idle, facts=idle.facts | {"threshold": 2.0})
    worth = Worth(idle)
    assert worth.verdict == "does not pay"
    assert "The model never acts" in words(idle, tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_a_model_no_better_than_the_simple_rule_is_told_first(
    told: Told, task: Task, tmp_path: Path
) -> None:
    evidence = told[task]
    own = evidence.scores[evidence.chosen]
    same = with_scores(evidence, RULE, own) if evidence.chosen != RULE else evidence
    worth = Worth(same)
    assert worth.gains[RULE].value == pytest.approx(0)
    assert worth.verdict == "does not pay"
    assert "no more than a simple rule" in sections(worth)[0].sentence
    assert "Before you read on" in words(same, tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_todays_model_is_held_against_where_there_is_one(
    told: Told, task: Task, tmp_path: Path
) -> None:
    evidence = told[task]
    assert "today&#39;s model" not in words(evidence, tmp_path)
    rival = with_scores(evidence, CHAMPION, evidence.scores[RULE])
    assert "today&#39;s model" in words(rival, tmp_path)
    gains = Worth(rival).gains
    assert gains[CHAMPION] == gains[RULE]


def test_a_model_that_earns_what_todays_earns_is_told_first(told: Told, tmp_path: Path) -> None:
    evidence = told["binary"]
    same = with_scores(evidence, CHAMPION, evidence.scores[evidence.chosen])
    assert Worth(same).verdict == "unsure"
    assert "no more than today's model" in sections(Worth(same))[0].sentence


@pytest.mark.parametrize("as_slides", [False, True], ids=["page", "slides"])
@pytest.mark.parametrize("task", TASKS)
def test_assumed_money_is_marked_wherever_it_stands(
    told: Told, task: Task, as_slides: bool, tmp_path: Path
) -> None:
    evidence = told[task]
    framed = evidence.problem.model_copy(update={"assumed": ["value", "decision.action"]})
    taught = replace(evidence.taught, dataset=replace(evidence.taught.dataset, problem=framed))
    guessed = replace(evidence, taught=taught)
    html = write(guessed, tmp_path / "page.html", as_slides=as_slides).read_text("utf-8")
    spoken = [part for part in re.split(r"<[^>]+>", html.split("</style>")[1]) if "EUR" in part]
    assert spoken
    assert all("assumed" in part for part in spoken)
    assert "decision: action" in words(guessed, tmp_path)


def test_groups_are_told_with_what_is_too_little_to_say(here: Path) -> None:
    frame = table("binary")
    frame["word"] = np.where(np.arange(len(frame)) % 40 == 0, "rare", frame["word"].fillna("a"))
    slices = 'slices = [{ column = "word", floor = 0.9 }]'
    framed = problem("binary", slices=slices, metric="roc_auc")
    trained(framed, frame)
    [fairness] = [
        section
        for section in sections(Worth(evidence_of(framed)))
        if section.title.startswith("For whom")
    ]
    said = " ".join(getattr(block, "text", "") for block in fairness.blocks)
    assert "Insufficient data" in said
    assert "word rare (" in said
