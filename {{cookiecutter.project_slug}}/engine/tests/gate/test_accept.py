"""The second of two signatures, in either order, publishes a bundle; nothing else does."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.bundle import read
from engine.bundle.record import RECORDS, TEAMS, VERDICT, refusal
from engine.gate.accept import accept
from engine.gate.checks.check import Check, CheckContext, Result
from engine.gate.gate import validate
from engine.problem.errors import BadInput
from engine.serving.select_bundle import select_bundle
from engine.tests.gate.made import MODEL, QUICK, Workshop
from engine.tests.gate.signing import DATA_SCIENCE, ML_ENGINEERING, NAME, aliased, commit_all, git
from engine.training.record.runs import FEATURES_FILE
from engine.training.record.tracking import mlflow
from handoff.__main__ import main


@pytest.mark.parametrize(
    ("order", "folder"), [(TEAMS, "bundles"), (TEAMS[::-1], "build/another store")]
)
def test_accept_second_signature_publishes(
    passed: Workshop, order: tuple[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = passed.bundle.name
    monkeypatch.setenv("BUNDLES", "" if folder == "bundles" else folder)
    first = accept(passed.bundle, order[0], MODEL, QUICK)
    assert first.published is None
    assert refusal(name) is not None
    assert not Path(folder).exists()
    assert aliased() is None
    commit_all()
    git("config", "user.name", "Grace")
    second = accept(passed.bundle, order[1], MODEL, QUICK)
    assert second.published == Path(folder) / name
    assert refusal(name) is None
    assert read(second.published).id == name
    assert aliased() == read(passed.bundle).manifest["run_id"]
    assert (first.person, second.person) == ("Ada <ada@example.org>", "Grace <ada@example.org>")
    assert "self_review" not in signature(name, order[1])


def signature(name: str, team: str) -> dict[str, Any]:
    return tomllib.loads((RECORDS / name / f"{team}.toml").read_text())


def test_accept_one_person_for_both_teams_is_a_self_review(accepted: Workshop) -> None:
    assert "self_review" not in signature(accepted.bundle.name, DATA_SCIENCE)
    assert signature(accepted.bundle.name, ML_ENGINEERING)["self_review"] is True


def test_accept_released_bundle_is_served(accepted: Workshop) -> None:
    name, release = accepted.bundle.name, Path("deploy/release.toml")
    release.write_text('champion = ""\n')
    with pytest.raises(BadInput, match="nothing is released"):
        select_bundle(None, rehearsal=False)
    release.write_text(f'champion = "{name}"\n')
    assert select_bundle(None, rehearsal=False).id == name
    assert select_bundle(accepted.bundle, rehearsal=False).id == name


def test_accept_one_signature_is_not_served(passed: Workshop) -> None:
    accept(passed.bundle, ML_ENGINEERING, MODEL, QUICK)
    with pytest.raises(BadInput, match="data-science has not signed"):
        select_bundle(passed.bundle, rehearsal=False)


def test_accept_signing_again_changes_only_the_time(accepted: Workshop) -> None:
    accept(accepted.bundle, DATA_SCIENCE, MODEL, QUICK)
    assert refusal(accepted.bundle.name) is None
    assert len(mlflow.MlflowClient().search_model_versions(f"name = '{NAME}'")) == 1


def test_accept_signature_of_another_person_is_refused(passed: Workshop) -> None:
    accept(passed.bundle, DATA_SCIENCE, MODEL, QUICK)
    commit_all()
    git("config", "user.name", "Grace")
    with pytest.raises(BadInput) as refused:
        accept(passed.bundle, DATA_SCIENCE, MODEL, QUICK)
    assert refused.value.code == "already-signed"
    assert signature(passed.bundle.name, DATA_SCIENCE)["person"].startswith("Ada")


def test_accept_unrecorded_warning_is_refused(passed: Workshop) -> None:
    def warn(_: CheckContext) -> Result:
        return Result("warn", "a thing to look at", "nothing")

    warning = Check("documented", "safe to own", warn)
    checks = [warning if check.name == "documented" else check for check in QUICK]
    path = RECORDS / passed.bundle.name / VERDICT
    verdict = json.loads(path.read_text())
    [line] = [one for one in verdict["findings"] if one["check"] == "documented"]
    for word, may in (("pass", False), ("not applicable", False), ("warn", True)):
        line["verdict"] = word
        path.write_text(json.dumps(verdict))
        if may:
            assert accept(passed.bundle, DATA_SCIENCE, MODEL, checks).published is None
            continue
        with pytest.raises(BadInput, match="documented") as refused:
            accept(passed.bundle, DATA_SCIENCE, MODEL, checks)
        assert refused.value.code == "unrecorded-warning"


def test_accept_new_verdict_needs_new_signatures(passed: Workshop) -> None:
    accept(passed.bundle, DATA_SCIENCE, MODEL, QUICK)
    path = RECORDS / passed.bundle.name / VERDICT
    path.write_text(path.read_text().replace('"judged_at": "20', '"judged_at": "19'))
    assert accept(passed.bundle, ML_ENGINEERING, MODEL, QUICK).published is None
    assert "data-science has not signed" in str(refusal(passed.bundle.name))
    assert accept(passed.bundle, DATA_SCIENCE, MODEL, QUICK).published is not None


def test_check_of_a_signed_bundle_names_the_invalidated_signature(
    passed: Workshop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(passed.bundle, DATA_SCIENCE, MODEL, QUICK)
    check_again(passed, monkeypatch)
    assert "signatures of data-science" in capsys.readouterr().out
    assert "data-science has not signed" in str(refusal(passed.bundle.name))


@pytest.mark.parametrize("outcome", ["passed", "refused"])
def test_check_of_an_accepted_bundle_keeps_its_verdict(
    accepted: Workshop, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    """Production runs on it: a check after an edit of the features must not revoke it."""
    if outcome == "refused":
        FEATURES_FILE.write_text(
            FEATURES_FILE.read_text() + "# edited after the bundle was built\n"
        )
    path = RECORDS / accepted.bundle.name / VERDICT
    signed = path.read_bytes()
    assert check_again(accepted, monkeypatch) == (3 if outcome == "refused" else 0)
    assert path.read_bytes() == signed
    assert refusal(accepted.bundle.name) is None


def check_again(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> int:
    """`handoff check` with the quick checks; its exit code."""
    monkeypatch.setattr("poc.model.MODEL", workshop.definition)
    verdict = validate(workshop.bundle, MODEL, QUICK)
    monkeypatch.setattr("engine.gate.gate.validate", lambda *_, **__: verdict)
    return main(["check", str(workshop.bundle)])


def test_accept_copied_signature_is_refused(accepted: Workshop) -> None:
    folder = RECORDS / accepted.bundle.name
    shutil.copy(folder / "data-science.toml", folder / "ml-engineering.toml")
    assert "signs for another team" in str(refusal(accepted.bundle.name))


@pytest.mark.parametrize("line", ["team", "person", "signed_at"])
def test_accept_incomplete_signature_is_refused(accepted: Workshop, line: str) -> None:
    assert refusal(accepted.bundle.name) is None
    path = RECORDS / accepted.bundle.name / "ml-engineering.toml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(one for one in lines if not one.startswith(line)))
    assert refusal(accepted.bundle.name) is not None


def test_accept_malformed_record_is_refused(accepted: Workshop) -> None:
    folder = RECORDS / accepted.bundle.name
    for name in (VERDICT, "data-science.toml", "ml-engineering.toml"):
        content = (folder / name).read_bytes()
        for garbage in (b"", b"[]", b"\xff", b"1", b"[" * 100_000):
            (folder / name).write_bytes(garbage)
            assert refusal(accepted.bundle.name) is not None
        (folder / name).write_bytes(content)
    assert refusal(accepted.bundle.name) is None


def test_accept_damaged_copy_in_the_store_is_refused(passed: Workshop) -> None:
    accept(passed.bundle, DATA_SCIENCE, MODEL, QUICK)
    stored = Path("bundles") / passed.bundle.name
    shutil.copytree(passed.bundle, stored)
    (stored / "golden.jsonl").write_text("")
    commit_all()
    with pytest.raises(BadInput, match=r"golden\.jsonl was changed"):
        accept(passed.bundle, ML_ENGINEERING, MODEL, QUICK)
    assert refusal(passed.bundle.name) is not None
    assert aliased() is None


def test_accept_command_prints_the_next_step(
    passed: Workshop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poc.model.MODEL", passed.definition)
    assert main(["accept", "--as", "data-scientist"]) == 0
    printed = capsys.readouterr().out
    assert "next: git add handoff/records/" in printed
    assert "ml-engineering signs (no handoff/records/" in printed
    assert main(["accept", str(passed.bundle), "--as", "ml-engineer"]) == 0
    assert f'champion = "{passed.bundle.name}"' in capsys.readouterr().out


def test_accept_only_second_signature_repeats_slow_checks(passed: Workshop) -> None:
    slow = Check("reproducible", "runs the same", lambda _: Result("refuse", "", ""), "training")
    assert accept(passed.bundle, DATA_SCIENCE, MODEL, [*QUICK, slow]).published is None
    commit_all()
    with pytest.raises(BadInput) as refused:
        accept(passed.bundle, ML_ENGINEERING, MODEL, [*QUICK, slow])
    assert refused.value.code == "refused-again"
    assert refusal(passed.bundle.name) is not None
    assert aliased() is None
