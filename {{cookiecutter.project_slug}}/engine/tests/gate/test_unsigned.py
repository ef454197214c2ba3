"""What is unsound is not signed for, by either team."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import skops.io

from engine.bundle.build import write
from engine.bundle.bundle import read
from engine.bundle.record import RECORDS, VERDICT
from engine.bundle.run import fetch, load_model
from engine.gate.accept import accept
from engine.gate.gate import record, validate
from engine.gate.standard import STANDARD_CHECKS
from engine.problem.errors import BadInput
from engine.tests.gate.made import MODEL, QUICK, Workshop, reseal
from engine.tests.gate.signing import ML_ENGINEERING, aliased, commit_all, git


def judged_anew(made: Workshop) -> Workshop:
    """The bundle under the id that it has now, with the verdict that it gets."""
    bundle = made.bundle.rename(made.bundle.parent / reseal(made.bundle))
    judgement = validate(bundle, made.definition, QUICK)
    record(judgement)
    commit_all()
    return replace(made, bundle=bundle)


def waved_through(made: Workshop, record_of: Path | None = None) -> Workshop:
    """The bundle under its new id, with a verdict that every check has passed it."""
    bundle = made.bundle.rename(made.bundle.parent / reseal(made.bundle))
    verdict = json.loads(((record_of or RECORDS / made.bundle.name) / VERDICT).read_text())
    folder = RECORDS / bundle.name
    folder.mkdir()
    (folder / VERDICT).write_text(json.dumps(verdict | {"bundle": bundle.name}))
    return replace(made, bundle=bundle)


def _assumed(made: Workshop) -> Workshop:
    made.edit("problem.toml", "assumed = []", 'assumed = ["value"]', also="problem/problem.toml")
    return waved_through(made)


def _refused(made: Workshop) -> Workshop:
    made.edit_json("evaluation.json", lambda said: said["candidate"].update(value=0.01))
    return judged_anew(made)


def _praised(made: Workshop) -> Workshop:
    """A bundle that lies of itself, under a verdict that every check has passed it."""
    made.edit_json("evaluation.json", lambda said: said["candidate"].update(value=0.01))
    return waved_through(made)


def _verdict(change: Callable[[dict[str, Any]], Any]) -> Callable[[Workshop], Workshop]:
    def lie(made: Workshop) -> Workshop:
        made = _refused(made)
        path = RECORDS / made.bundle.name / VERDICT
        verdict = json.loads(path.read_text()) | {"verdict": "passed"}
        change(verdict)
        path.write_text(json.dumps(verdict))
        return made

    return lie


def _never_judged(made: Workshop) -> Workshop:
    shutil.rmtree(RECORDS / made.bundle.name)
    return made


def _garbled(write: Callable[[Path], object]) -> Callable[[Workshop], Workshop]:
    def garble(made: Workshop) -> Workshop:
        path = RECORDS / made.bundle.name / VERDICT
        path.unlink()
        write(path)
        return made

    return garble


def _changed(made: Workshop) -> Workshop:
    with (made.bundle / "model_card.md").open("a") as card:
        card.write("!")
    return made


def _untidy(name: str) -> Callable[[Workshop], Workshop]:
    def leave(made: Workshop) -> Workshop:
        (made.root / name).write_text("# not committed\n")
        return made

    return leave


def _manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Workshop], Workshop]:
    def lie(made: Workshop) -> Workshop:
        made.edit_json("manifest.json", change)
        return waved_through(made)

    return lie


def _nameless(key: str) -> Callable[[Workshop], Workshop]:
    def forget(made: Workshop) -> Workshop:
        git("config", "--unset", key)
        return made

    return forget


def _other_model(made: Workshop) -> Workshop:
    """A bundle that is true of its model in every word, but of a model that no run trained."""
    run = fetch(read(made.bundle).manifest["run_id"])
    model = load_model(made.bundle / "model/model.skops")
    weights = model[-1].coef_ if hasattr(model[-1], "coef_") else model[-1]._baseline_prediction
    weights *= 1.001
    file = made.root / "build/other.skops"
    skops.io.dump(model, file)
    other = write(replace(run, model=model, model_file=file), MODEL, Path("build/bundles"), print)
    return waved_through(replace(made, bundle=other.path), RECORDS / made.bundle.name)


UNSIGNED: dict[str, tuple[Callable[[Workshop], Workshop], str]] = {
    "assumed answers": (_assumed, "still assumed: value"),
    "a refusal": (_refused, "did not pass"),
    "a verdict turned round": (_verdict(lambda verdict: None), "did not pass"),
    "a verdict turned round in every line": (
        _praised,
        "the gate refuses bundle",
    ),
    "a verdict that asks less": (
        _verdict(lambda verdict: verdict["findings"].clear()),
        "did not pass",
    ),
    "a verdict on another bundle": (
        _verdict(lambda verdict: verdict.update(bundle="0" * 64, findings=[])),
        "did not pass",
    ),
    "no verdict": (_never_judged, "has not judged"),
    "a verdict without an end": (_garbled(lambda path: path.write_text("[" * 100_000)), "did not"),
    "a folder for a verdict": (_garbled(Path.mkdir), "did not pass"),
    "a changed bundle": (_changed, "model_card.md was changed"),
    "a tree with changes": (_untidy("requirements/serving.txt"), "not committed"),
    "a file beside": (_untidy("notes.md"), "not committed"),
    "a training on changes": (
        _manifest(lambda said: said["code"].update(dirty=True)),
        "trained on work that is not committed",
    ),
    "a training before the first commit": (
        _manifest(lambda said: said["code"].update(commit=None)),
        "trained on work that is not committed",
    ),
    "a commit that nobody knows": (
        _manifest(lambda said: said["code"].update(commit="0" * 40)),
        "names commit 000000000000, and git knows no problem/problem.toml in it",
    ),
    "another moment of training": (
        _manifest(lambda said: said.update(trained_at="2020-01-01T00:00:00+00:00")),
        "not what MLflow recorded",
    ),
    "another run": (_manifest(lambda said: said.update(run_id="0" * 32)), "finished training run"),
    "a model that no run trained": (_other_model, "not what MLflow recorded of run"),
    "nobody's name": (_nameless("user.name"), "git knows no user.name"),
    "nobody's address": (_nameless("user.email"), "git knows no user.email"),
}


@pytest.mark.parametrize("what", UNSIGNED)
def test_nobody_signs_for(passed: Workshop, what: str) -> None:
    prepare, words = UNSIGNED[what]
    made = prepare(passed)
    with pytest.raises(BadInput) as refused:
        accept(made.bundle, ML_ENGINEERING, made.definition, STANDARD_CHECKS)
    assert words in str(refused.value)
    assert list(RECORDS.rglob("*.toml")) == []
    assert not Path("bundles").exists()
    assert aliased() is None
