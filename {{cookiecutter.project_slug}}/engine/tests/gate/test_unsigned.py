"""Neither team can sign for an unsound bundle."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import skops.io

from engine.bundle.build import fetch, load_model, write
from engine.bundle.bundle import read
from engine.bundle.record import RECORDS, VERDICT
from engine.gate.accept import accept
from engine.gate.gate import STANDARD_CHECKS, record, validate
from engine.problem.errors import BadInput
from engine.tests.gate.made import MODEL, QUICK, Workshop, reseal
from engine.tests.gate.signing import ML_ENGINEERING, aliased, commit_all, git


def validated_again(made: Workshop) -> Workshop:
    """The bundle under its new id, with the gate's verdict on it."""
    bundle = made.bundle.rename(made.bundle.parent / reseal(made.bundle))
    verdict = validate(bundle, made.definition, QUICK)
    record(verdict)
    commit_all()
    return replace(made, bundle=bundle)


def with_passed_verdict(made: Workshop, record_of: Path | None = None) -> Workshop:
    """The bundle under its new id, with the passed verdict of the unchanged bundle."""
    bundle = made.bundle.rename(made.bundle.parent / reseal(made.bundle))
    verdict = json.loads(((record_of or RECORDS / made.bundle.name) / VERDICT).read_text())
    folder = RECORDS / bundle.name
    folder.mkdir()
    (folder / VERDICT).write_text(json.dumps(verdict | {"bundle": bundle.name}))
    return replace(made, bundle=bundle)


def _assumed(made: Workshop) -> Workshop:
    made.edit("problem.toml", "assumed = []", 'assumed = ["value"]', also="problem/problem.toml")
    return with_passed_verdict(made)


def _refused(made: Workshop) -> Workshop:
    made.edit_json("evaluation.json", lambda value: value["candidate"].update(value=0.01))
    return validated_again(made)


def _praised(made: Workshop) -> Workshop:
    """A bundle with a changed figure, and a passed verdict."""
    made.edit_json("evaluation.json", lambda value: value["candidate"].update(value=0.01))
    return with_passed_verdict(made)


def _verdict(change: Callable[[dict[str, Any]], Any]) -> Callable[[Workshop], Workshop]:
    def lie(made: Workshop) -> Workshop:
        made = _refused(made)
        path = RECORDS / made.bundle.name / VERDICT
        verdict = json.loads(path.read_text()) | {"verdict": "passed"}
        change(verdict)
        path.write_text(json.dumps(verdict))
        return made

    return lie


def _verdict_of_another(made: Workshop) -> Workshop:
    """The passed verdict with all its findings, which names another bundle."""
    path = RECORDS / made.bundle.name / VERDICT
    path.write_text(path.read_text().replace(made.bundle.name, "0" * 64))
    return made


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
    def write(made: Workshop) -> Workshop:
        (made.root / name).write_text("# not committed\n")
        return made

    return write


def _manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Workshop], Workshop]:
    def lie(made: Workshop) -> Workshop:
        made.edit_json("manifest.json", change)
        return with_passed_verdict(made)

    return lie


def _nameless(key: str) -> Callable[[Workshop], Workshop]:
    def forget(made: Workshop) -> Workshop:
        git("config", "--unset", key)
        return made

    return forget


def _other_model(made: Workshop) -> Workshop:
    """A consistent bundle of a model that no run trained."""
    run = fetch(read(made.bundle).manifest["run_id"])
    model = load_model(made.bundle / "model/model.skops")
    weights = model[-1].coef_ if hasattr(model[-1], "coef_") else model[-1]._baseline_prediction
    weights *= 1.001
    file = made.root / "build/other.skops"
    skops.io.dump(model, file)
    other = write(replace(run, model=model, model_file=file), MODEL, Path("build/bundles"), print)
    return with_passed_verdict(replace(made, bundle=other.path), RECORDS / made.bundle.name)


UNSIGNED: dict[str, tuple[Callable[[Workshop], Workshop], str]] = {
    "assumed answers": (_assumed, "assumed-answers"),
    "a refusal": (_refused, "not-passed"),
    "a verdict turned round": (_verdict(lambda verdict: None), "not-passed"),
    "a verdict turned round in every line": (
        _praised,
        "refused-again",
    ),
    "a verdict with fewer checks": (
        _verdict(lambda verdict: verdict["findings"].clear()),
        "other-checks",
    ),
    "a verdict on another bundle": (_verdict_of_another, "not-passed"),
    "no verdict": (_never_judged, "no-verdict"),
    "a verdict without an end": (
        _garbled(lambda path: path.write_text("[" * 100_000)),
        "not-passed",
    ),
    "a folder for a verdict": (_garbled(Path.mkdir), "not-passed"),
    "a changed bundle": (_changed, ""),
    "a tree with changes": (_untidy("requirements/serving.txt"), "uncommitted-changes"),
    "a file beside": (_untidy("notes.md"), "uncommitted-changes"),
    "a training on changes": (
        _manifest(lambda value: value["code"].update(dirty=True)),
        "uncommitted-training",
    ),
    "a training before the first commit": (
        _manifest(lambda value: value["code"].update(commit=None)),
        "uncommitted-training",
    ),
    "a commit that nobody knows": (
        _manifest(lambda value: value["code"].update(commit="0" * 40)),
        "unknown-commit",
    ),
    "another moment of training": (
        _manifest(lambda value: value.update(trained_at="2020-01-01T00:00:00+00:00")),
        "other-run",
    ),
    "another run": (
        _manifest(lambda value: value.update(run_id="0" * 32)),
        "",
    ),
    "a model that no run trained": (_other_model, "other-run"),
    "nobody's name": (_nameless("user.name"), "no-git-name"),
    "nobody's address": (_nameless("user.email"), "no-git-name"),
}


@pytest.mark.parametrize("what", UNSIGNED)
def test_accept_unsound_bundle_is_refused(passed: Workshop, what: str) -> None:
    prepare, code = UNSIGNED[what]
    made = prepare(passed)
    with pytest.raises(BadInput) as refused:
        accept(made.bundle, ML_ENGINEERING, made.definition, STANDARD_CHECKS)
    if code:  # other rooms raise the others
        assert refused.value.code == code
    assert list(RECORDS.rglob("*.toml")) == []
    assert not Path("bundles").exists()
    assert aliased() is None
