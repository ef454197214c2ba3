"""The report shows the latest run of this problem and these rows, or is refused."""

from pathlib import Path

import pytest

from engine.problem.spec import PROBLEM_FILE
from engine.tests.training.made import problem, refused
from engine.tests.training.test_report import latest_run_of
from engine.tests.training.training import definition, schema, table, train_here, write_project
from engine.training.record.tracking import mlflow
from poc import __main__ as command


def test_report_command_writes_page_and_slides(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("data.contract.ROW", schema(bool))
    train_here(problem("binary"), table("binary"))
    assert command.main(["report", "--out", "deep/page.html"]) == 0
    assert command.main(["report", "--slides"]) == 0
    assert "slides: build/slides.html" in capsys.readouterr().out
    page, deck = (Path(name).read_text("utf-8") for name in ("deep/page.html", "build/slides.html"))
    assert "<script" not in page
    assert page.count('role="img"') == deck.count('role="img"')


def test_train_command_writes_the_page_and_attaches_it_to_the_run(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(problem("binary"), table("binary"))
    monkeypatch.setattr("poc.model.MODEL", definition(bool))
    assert command.main(["train"]) == 0
    run = mlflow.search_runs(search_all_experiments=True, output_format="list")[0]
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    assert (folder / "training.html").read_bytes() == Path("build/training.html").read_bytes()


def test_report_without_a_run_is_refused(here: Path) -> None:
    spec = problem("binary")
    other = spec.decision.model_copy(update={"name": "never-trained"})
    with refused("no-such-run", "never-trained"):
        latest_run_of(spec.model_copy(update={"decision": other}))


def test_report_of_another_problem_or_other_rows_is_refused(here: Path) -> None:
    spec, frame = problem("binary"), table("binary")
    train_here(spec, frame)
    frame.assign(number=0.0).to_parquet("data.parquet", index=False)
    with refused("data-changed", "data.parquet"):
        latest_run_of(spec)
    frame.to_parquet("data.parquet", index=False)
    assert latest_run_of(spec)
    PROBLEM_FILE.write_text(PROBLEM_FILE.read_text() + "\n")
    with refused("problem-changed"):
        latest_run_of(spec)


def test_report_of_a_run_without_scores_is_refused(here: Path) -> None:
    train_here(problem("binary"), table("binary"))
    run = mlflow.search_runs(search_all_experiments=True, output_format="list")[0]
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    (folder / "scores.parquet").unlink()
    with refused("incomplete-metadata", "scores.parquet"):
        latest_run_of(problem("binary"))
