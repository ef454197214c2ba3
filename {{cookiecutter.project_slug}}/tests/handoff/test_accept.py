"""Two signatures open the door; nothing else does, and nothing unsound is signed."""

import json
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import skops.io

from handoff.__main__ import main
from handoff.accept import ALIAS, accept
from handoff.build import write
from handoff.bundle import read
from handoff.gate import judge, record
from handoff.record import RECORDS, TEAMS, VERDICT, refusal
from handoff.run import fetch, load_model
from poc.tracking import mlflow
from problem.errors import BadInput
from serving.choose import choose
from tests.handoff.made import ORDERS, Workshop, copied, make_project, reseal, train_and_build

DATA_SCIENCE, ML_ENGINEERING = TEAMS
NAME = "regression-for-tests"


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


def commit_all() -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", "more")


@pytest.fixture(scope="session")
def committed(store: str, plain_git: None, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A project in git, trained and built from a clean tree, passed by the gate."""
    root = tmp_path_factory.mktemp("committed")
    make_project(root, "regression")
    (root / ".gitignore").write_text("build/\nbundles/\nmlartifacts/\n")
    with chdir(root):
        git("init", "--quiet")
        git("config", "user.name", "Ada")
        git("config", "user.email", "ada@example.org")
        commit_all()
        bundle = train_and_build()
        record(judge(bundle.path, ORDERS))
        commit_all()
    return Workshop(root, ORDERS, root / bundle.path)


@pytest.fixture
def passed(committed: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A copy of it to sign for; the working directory, with a registry that has no alias yet."""
    monkeypatch.delenv("BUNDLES", raising=False)
    made = copied(committed, tmp_path / "project")
    monkeypatch.chdir(made.root)
    if aliased():
        mlflow.MlflowClient().delete_registered_model_alias(NAME, ALIAS)
    return made


def aliased() -> str | None:
    """The run that the registry calls accepted."""
    try:
        return str(mlflow.MlflowClient().get_model_version_by_alias(NAME, ALIAS).run_id)
    except mlflow.exceptions.MlflowException:
        return None


def judged_anew(made: Workshop) -> Workshop:
    """The bundle under the id that it has now, with the verdict that it gets."""
    bundle = made.bundle.rename(made.bundle.parent / reseal(made.bundle))
    judgement = judge(bundle, made.schema)
    record(judgement)
    commit_all()
    return replace(made, bundle=bundle)


# --- two signatures ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [TEAMS, TEAMS[::-1]])
def test_the_second_signature_publishes_whoever_gives_it(
    passed: Workshop, order: tuple[str, str]
) -> None:
    name = passed.bundle.name
    first = accept(passed.bundle, order[0])
    assert first.published is None
    assert refusal(name) is not None
    assert not Path("bundles").exists()
    assert aliased() is None
    commit_all()
    git("config", "user.name", "Grace")
    second = accept(passed.bundle, order[1])
    assert second.published == Path("bundles") / name
    assert refusal(name) is None
    assert read(second.published).id == name
    assert aliased() == read(passed.bundle).manifest["run_id"]
    assert (first.person, second.person) == ("Ada <ada@example.org>", "Grace <ada@example.org>")
    assert "self_review" not in signature(name, order[1])


def signature(name: str, team: str) -> dict[str, Any]:
    return tomllib.loads((RECORDS / name / f"{team}.toml").read_text())


def test_signatures_need_not_be_committed_one_by_one(passed: Workshop) -> None:
    accept(passed.bundle, DATA_SCIENCE)
    accept(passed.bundle, ML_ENGINEERING)
    assert refusal(passed.bundle.name) is None


def test_one_person_for_both_teams_is_a_self_review(passed: Workshop) -> None:
    for team in TEAMS:
        accept(passed.bundle, team)
    assert "self_review" not in signature(passed.bundle.name, DATA_SCIENCE)
    assert signature(passed.bundle.name, ML_ENGINEERING)["self_review"] is True


def test_an_accepted_bundle_is_served_once_it_is_released(passed: Workshop) -> None:
    release = Path("deploy/release.toml")
    release.parent.mkdir()
    release.write_text(f'champion = "{passed.bundle.name}"\n')
    commit_all()
    with pytest.raises(BadInput):
        choose(None, rehearsal=False)
    for team in TEAMS:
        accept(passed.bundle, team)
    assert choose(None, rehearsal=False).id == passed.bundle.name
    assert choose(passed.bundle, rehearsal=False).id == passed.bundle.name


def test_bundles_go_to_the_store_that_is_named(
    passed: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLES", str(tmp_path / "store"))
    for team in TEAMS:
        accept(passed.bundle, team)
    assert [path.name for path in (tmp_path / "store").iterdir()] == [passed.bundle.name]


def test_signing_again_changes_nothing_but_the_moment(passed: Workshop) -> None:
    for team in (*TEAMS, *TEAMS):
        accept(passed.bundle, team)
    assert refusal(passed.bundle.name) is None
    assert len(mlflow.MlflowClient().search_model_versions(f"name = '{NAME}'")) == 1


def test_a_verdict_given_again_needs_new_signatures(passed: Workshop) -> None:
    accept(passed.bundle, DATA_SCIENCE)
    path = RECORDS / passed.bundle.name / VERDICT
    path.write_text(path.read_text().replace('"judged_at": "20', '"judged_at": "19'))
    assert accept(passed.bundle, ML_ENGINEERING).published is None
    assert "data-science has not signed" in str(refusal(passed.bundle.name))
    assert accept(passed.bundle, DATA_SCIENCE).published is not None


def test_the_signature_of_one_team_is_none_of_the_other(passed: Workshop) -> None:
    accept(passed.bundle, DATA_SCIENCE)
    folder = RECORDS / passed.bundle.name
    shutil.copy(folder / "data-science.toml", folder / "ml-engineering.toml")
    assert "signature of another team" in str(refusal(passed.bundle.name))


def test_garbage_for_a_record_is_no_acceptance(passed: Workshop) -> None:
    for team in TEAMS:
        accept(passed.bundle, team)
    folder = RECORDS / passed.bundle.name
    for name in (VERDICT, "data-science.toml", "ml-engineering.toml"):
        kept = (folder / name).read_bytes()
        for garbage in (b"", b"[]", b"\xff", b"1", b"[" * 100_000):
            (folder / name).write_bytes(garbage)
            assert refusal(passed.bundle.name) is not None
        (folder / name).write_bytes(kept)
    assert refusal(passed.bundle.name) is None


# --- what nobody signs ---------------------------------------------------------------------------


def _assumed(made: Workshop) -> Workshop:
    made.edit("problem.toml", "assumed = []", 'assumed = ["value"]', also="problem/problem.toml")
    return judged_anew(made)


def _refused(made: Workshop) -> Workshop:
    made.edit_json("evaluation.json", lambda said: said["candidate"].update(value=0.01))
    return judged_anew(made)


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
        return judged_anew(made)

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
    other = write(replace(run, model=model, model_file=file), ORDERS, Path("build/bundles"), print)
    return judged_anew(replace(made, bundle=other.path))


UNSIGNED: dict[str, tuple[Callable[[Workshop], Workshop], str]] = {
    "assumed answers": (_assumed, "still assumed: value"),
    "a refusal": (_refused, "did not pass"),
    "a verdict turned round": (_verdict(lambda verdict: None), "did not pass"),
    "a verdict that asks less": (
        _verdict(lambda verdict: verdict["findings"].clear()),
        "did not pass",
    ),
    "a verdict on another bundle": (
        _verdict(lambda verdict: verdict.update(bundle="0" * 64, findings=[])),
        "did not pass",
    ),
    "no verdict": (_never_judged, "has not judged"),
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
        "names commit 000000000000",
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
    for team in TEAMS:
        with pytest.raises(BadInput) as refused:
            accept(made.bundle, team)
        assert words in str(refused.value)
    assert list(RECORDS.rglob("*.toml")) == []
    assert not Path("bundles").exists()
    assert aliased() is None


def test_a_damaged_copy_in_the_store_is_not_signed_for(passed: Workshop) -> None:
    accept(passed.bundle, DATA_SCIENCE)
    stored = Path("bundles") / passed.bundle.name
    shutil.copytree(passed.bundle, stored)
    (stored / "golden.jsonl").write_text("")
    commit_all()
    with pytest.raises(BadInput, match=r"golden\.jsonl was changed"):
        accept(passed.bundle, ML_ENGINEERING)
    assert refusal(passed.bundle.name) is not None
    assert aliased() is None


# --- the command ---------------------------------------------------------------------------------


def test_the_command_says_what_comes_next(
    passed: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accept", "--as", "data-scientist"]) == 0
    assert "commit the signature" in capsys.readouterr().out
    assert main(["accept", str(passed.bundle), "--as", "ml-engineer"]) == 0
    assert f'champion = "{passed.bundle.name}"' in capsys.readouterr().out
