"""The report is made of the latest run of this problem and these rows, or of none."""

from pathlib import Path

import pytest

from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.tests.training.made import problem
from engine.tests.training.test_report import evidence_of
from engine.tests.training.training import schema, table, trained
from engine.training.record.tracking import mlflow
from poc import __main__ as command


def test_the_command_writes_the_page_and_the_slides(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("data.contract.ROW", schema(bool))
    trained(problem("binary"), table("binary"))
    assert command.main(["report", "--out", "deep/page.html"]) == 0
    assert command.main(["report", "--slides"]) == 0
    assert "slides: build/slides.html" in capsys.readouterr().out
    page, deck = (Path(name).read_text("utf-8") for name in ("deep/page.html", "build/slides.html"))
    assert "<script" not in page
    assert page.count('role="img"') == deck.count('role="img"')


def test_without_a_run_there_is_nothing_to_report(here: Path) -> None:
    framed = problem("binary")
    other = framed.decision.model_copy(update={"name": "never-trained"})
    with pytest.raises(BadInput, match="found none; train one with `python -m poc train`"):
        evidence_of(framed.model_copy(update={"decision": other}))


def test_a_run_of_another_problem_or_other_rows_is_refused(here: Path) -> None:
    framed, frame = problem("binary"), table("binary")
    trained(framed, frame)
    frame.assign(number=0.0).to_parquet("data.parquet", index=False)
    with pytest.raises(BadInput, match=r"the data of data\.parquet has changed"):
        evidence_of(framed)
    frame.to_parquet("data.parquet", index=False)
    assert evidence_of(framed)
    PROBLEM_FILE.write_text(PROBLEM_FILE.read_text() + "\n")
    with pytest.raises(BadInput, match="has changed since the latest run"):
        evidence_of(framed)


def test_a_run_that_kept_no_scores_is_refused(here: Path) -> None:
    trained(problem("binary"), table("binary"))
    run = mlflow.search_runs(search_all_experiments=True, output_format="list")[0]
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    (folder / "scores.parquet").unlink()
    with pytest.raises(BadInput, match=r"has kept no scores\.parquet"):
        evidence_of(problem("binary"))
