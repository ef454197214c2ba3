"""A journey stops where a gate closes, and keeps no incomplete result."""

import json
from pathlib import Path

import pytest

from engine.journey import rehearse
from engine.journey.stage import Rehearsal, Stage, StageResult
from engine.pages.page import Note
from engine.problem.errors import BadInput
from engine.problem.spec import Problem, parse
from engine.tests.project import STAGES
from engine.training.record.tracking import connect, mlflow
from journey import programs

PROBLEM = STAGES / "problem" / "problem.toml"


@pytest.fixture
def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    """The project's own problem, in a folder where a journey may write."""
    text = PROBLEM.read_text("utf-8")
    (tmp_path / "problem").mkdir()
    (tmp_path / "problem/problem.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return parse(text, "problem.toml")


def stages(monkeypatch: pytest.MonkeyPatch, *results: StageResult | BaseException) -> None:
    """Let the journey have these results, one a stage."""

    def stage(number: int, result: StageResult | BaseException) -> Stage:
        def run(_: Rehearsal) -> StageResult:
            if isinstance(result, BaseException):
                raise result
            return result

        return Stage(f"stage{number}", "both", run)

    monkeypatch.setattr(rehearse, "STAGES", tuple(map(stage, range(len(results)), results)))


def test_rehearse_stops_where_a_gate_closes(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages(monkeypatch, StageResult("fine"), StageResult("no", closed=True), StageResult("never"))
    journey = rehearse.rehearse(programs(), lambda _: None)
    assert [step.status for step in journey.steps] == ["passed", "stopped", "not run"]
    assert journey.steps[2].result.headline != "never"
    assert (journey.verdict, journey.stopped_at) == ("stopped", "stage1")


def test_rehearse_warning_does_not_stop(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    stages(monkeypatch, StageResult("look", warned=True), StageResult("fine"))
    journey = rehearse.rehearse(programs(), lambda _: None)
    assert [step.status for step in journey.steps] == ["warned", "passed"]
    assert (journey.verdict, journey.stopped_at) == ("passed", None)


def test_write_summary_and_page_agree(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    result = StageResult("<script>alert(1)</script>", (Note("a note"),), values={"answered": 3})
    stages(monkeypatch, result, StageResult("no", closed=True))
    journey = rehearse.rehearse(programs(), lambda _: None)
    page = rehearse.write(journey, problem).read_text("utf-8")
    summary = json.loads(Path("build/journey/summary.json").read_text("utf-8"))
    assert summary["verdict"] == "stopped"
    assert summary["stopped_at"] == "stage1"
    assert [one["status"] for one in summary["stages"]] == ["passed", "stopped"]
    assert summary["stages"][0]["answered"] == 3
    assert "a note" in page
    assert "<script>" not in page


def test_rehearse_bad_input_is_raised(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    stages(monkeypatch, StageResult("fine"), BadInput("the rows break the contract"))
    with pytest.raises(BadInput, match="break the contract"):
        rehearse.rehearse(programs(), lambda _: None)
    assert not Path("build/journey/summary.json").exists()


def test_write_replaces_the_last_journey(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    stages(monkeypatch, StageResult("fine"))
    Path("build/journey/bundle").mkdir(parents=True)
    Path("build/journey/bundle/old").write_text("old", "utf-8")
    rehearse.write(rehearse.rehearse(programs(), lambda _: None), problem)
    assert not Path("build/journey/bundle").exists()
    assert [path.name for path in Path("build").iterdir()] == ["journey"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BadInput("broken rows"), OSError()])
def test_rehearse_interrupted_keeps_the_last_journey(
    problem: Problem, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    stages(monkeypatch, StageResult("fine"), error)
    Path("build/journey/bundle").mkdir(parents=True)
    Path("build/journey/bundle/old").write_text("old", "utf-8")
    with pytest.raises(type(error)):
        rehearse.rehearse(programs(), lambda _: None)
    assert Path("build/journey/bundle/old").read_text("utf-8") == "old"
    assert [path.name for path in Path("build").iterdir()] == ["journey"]


def test_rehearse_records_runs_in_an_experiment_of_its_own(
    problem: Problem, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    name, ids = problem.decision.name, list[str]()

    def run(_: Rehearsal) -> StageResult:
        ids.append(connect(name))
        return StageResult("fine")

    monkeypatch.setattr(rehearse, "STAGES", (Stage("poc", "both", run),))
    rehearse.rehearse(programs(), lambda _: None)
    assert ids != [connect(name)]
    assert mlflow.MlflowClient().get_experiment(ids[0]).name.startswith(name)
