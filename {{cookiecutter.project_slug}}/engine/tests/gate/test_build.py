"""A bundle is written whole or not at all, and the same run always gives the same one."""

import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from engine.bundle.build import build, fetch, write
from engine.bundle.bundle import read
from engine.bundle.evaluation import card
from engine.bundle.golden import MOST_EDGES
from engine.bundle.record import BUILT, latest
from engine.data.edges import UNSEEN
from engine.problem.errors import BadInput
from engine.problem.spec import read as read_problem
from engine.tests.gate.conftest import Make
from engine.tests.gate.made import MODEL, Workshop
from engine.training.record.tracking import mlflow
from engine.version import identity
from poc.train import train


def quiet(_: str) -> None:
    """Say nothing."""


def test_the_same_run_gives_the_same_bundle(workshop: Make) -> None:
    made = workshop("regression")
    assert build(MODEL, _run(made), progress=quiet).id == made.bundle.name


def _run(made: Workshop) -> str:
    return str(read(made.bundle).manifest["run_id"])


def test_a_damaged_bundle_is_mended_by_building_it_again(workshop: Make) -> None:
    made = workshop("regression")
    run = _run(made)
    (made.bundle / "golden.jsonl").write_text("")
    built = build(MODEL, run, progress=quiet)
    assert read(made.bundle).id == built.id


def test_the_latest_bundle_is_the_one_built_last_even_if_it_was_there_before(
    workshop: Make,
) -> None:
    made = workshop("regression")
    (BUILT / "newer").mkdir()
    build(MODEL, _run(made), progress=quiet)
    assert latest().name == made.bundle.name


def test_a_failure_half_way_leaves_nothing(workshop: Make, tmp_path: Path) -> None:
    run = fetch(_run(workshop("regression")))
    broken = replace(run, model_file=Path("nowhere"))
    with pytest.raises(FileNotFoundError):
        write(broken, MODEL, tmp_path / "out", quiet)
    assert list((tmp_path / "out").glob("*")) == []


def test_looks_at_the_test_are_counted_by_model(workshop: Make) -> None:
    first = workshop("regression")
    before = read(first.bundle).evaluation["test_evaluations"]
    # Other tests of the session may have looked at the same rows since the first was built.
    second, third = (
        build(MODEL, train(read_problem(), MODEL, quiet).run_id, progress=quiet).evaluation
        for _ in range(2)
    )
    assert second["test_evaluations"] > before
    assert third["test_evaluations"] == second["test_evaluations"] + 1
    again = build(MODEL, _run(first), progress=quiet)
    assert again.evaluation["test_evaluations"] == before


def test_data_that_changed_since_are_refused(workshop: Make) -> None:
    made = workshop("regression")
    path = made.root / "data/raw/orders.parquet"
    pd.read_parquet(path).head(800).to_parquet(path)
    with pytest.raises(BadInput, match="has changed since run"):
        build(MODEL, _run(made), progress=quiet)


@pytest.mark.parametrize("name", ["problem/problem.toml", "poc/features.py"])
def test_files_that_changed_since_are_refused(workshop: Make, name: str) -> None:
    made = workshop("regression")
    (made.root / name).write_text((made.root / name).read_text() + "# another line\n")
    with pytest.raises(BadInput, match=f"{name} has changed since the run was trained"):
        build(MODEL, _run(made), progress=quiet)


def test_a_run_that_is_not_there_is_refused(workshop: Make) -> None:
    workshop("regression")
    with pytest.raises(BadInput, match="finished training run nonsense"):
        build(MODEL, "nonsense", progress=quiet)


def test_a_run_that_failed_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    experiment = mlflow.MlflowClient().get_run(_run(made)).info.experiment_id
    with (
        pytest.raises(ZeroDivisionError),
        mlflow.start_run(experiment_id=experiment) as run,
    ):
        raise ZeroDivisionError
    with pytest.raises(BadInput, match="finished training run"):
        build(MODEL, run.info.run_id, progress=quiet)


def test_no_bundle_built_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="handoff build"):
        latest(tmp_path)


def test_golden_rows_cover_every_edge_of_the_contract(built: Make) -> None:
    golden = read(built("binary").bundle).golden()
    kinds = {one["kind"] for one in golden}
    assert kinds == {"typical", "near_threshold", "missing", "unseen", "extreme"}
    by_kind = {kind: [one["row"] for one in golden if one["kind"] == kind] for kind in kinds}
    assert len(by_kind["typical"]) == 20
    assert len(by_kind["near_threshold"]) == 10
    assert {name for row in by_kind["missing"] for name in row if row[name] is None} >= {
        *("carrier", "weight", "insured")
    }
    assert [row["carrier"] for row in by_kind["unseen"]] == [UNSEEN]
    assert {row["weight"] for row in by_kind["extreme"]} >= {0, 40}
    assert {row["items"] for row in by_kind["extreme"]} >= {1, 20}
    assert len(golden) <= 30 + MOST_EDGES


def test_the_rows_nearest_to_the_threshold_are_golden(built: Make) -> None:
    bundle = read(built("binary").bundle)
    assert bundle.threshold is not None
    near = [one for one in bundle.golden() if one["kind"] == "near_threshold"]
    assert all(abs(one["answer"]["score"] - bundle.threshold) < 0.1 for one in near)
    assert {one["answer"]["decision"] for one in near} == {True, False}


def test_the_card_says_what_it_is_for_and_for_whom(built: Make) -> None:
    card = built("binary").bundle.joinpath("model_card.md").read_text()
    for words in (
        "Call the customer.",
        "**Not for:** Rating customers.",
        "shop = north",
        "`customer`: names a person",
        "It acts from a score of",
        f"Engine {identity()['version']}, code `{identity()['sha256'][:12]}`",
    ):
        assert words in card


def test_the_manifest_records_the_engine(built: Make) -> None:
    """From the files that are there, so a wheel of them gives the same."""
    assert read(built("binary").bundle).manifest["engine"] == identity()


@pytest.mark.parametrize("name", ["value", "value.currency"])
def test_amounts_that_a_tool_guessed_are_marked_on_the_card(built: Make, name: str) -> None:
    bundle = read(built("binary").bundle)
    value = bundle.problem.model_copy(update={"assumed": [name]})
    written = card(value, bundle.manifest, bundle.evaluation, "at random")
    plain = card(bundle.problem, bundle.manifest, bundle.evaluation, "at random")
    assert "> **Assumed:** a tool guessed" in written
    assert "**Assumed" not in plain


def test_a_server_of_runs_that_is_away_is_said_so_and_soon(
    workshop: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it takes MLflow more than four minutes, and a traceback, to say it."""
    workshop("regression")
    before = mlflow.get_tracking_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    began = time.monotonic()
    try:
        with pytest.raises(BadInput) as refused:
            fetch(None)
    finally:
        mlflow.set_tracking_uri(before)
    assert refused.value.code == "store-unreachable"
    assert time.monotonic() - began < 60


def test_build_again_leaves_the_files_that_another_process_may_read(workshop: Make) -> None:
    made = workshop("regression")
    before = (made.bundle / "golden.jsonl").stat().st_ino
    assert build(MODEL, _run(made), progress=quiet).id == made.bundle.name
    assert (made.bundle / "golden.jsonl").stat().st_ino == before
