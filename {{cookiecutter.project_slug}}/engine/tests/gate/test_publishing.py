"""The second signature repeats all checks, publishes the bundle and sets the alias."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.bundle.bundle import read
from engine.bundle.record import RECORDS, refusal, verdict_digest
from engine.gate import accept as room
from engine.gate.accept import after_signature
from engine.gate.checks.check import Check, CheckContext, Result
from engine.problem.errors import BadInput
from engine.tests.gate.made import reseal
from engine.tests.gate.signatures import Signing, bundle_at, committed, run_behind
from engine.tests.gate.signing import DATA_SCIENCE, ML_ENGINEERING, commit_all, git
from engine.training.record.runs import ACCEPTED


def test_accept_signature_names_team_person_bundle_and_verdict(signing: Signing) -> None:
    result = signing.sign()
    signature = signing.signature(DATA_SCIENCE)
    at = datetime.fromisoformat(signature.pop("signed_at"))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=10)
    assert at.microsecond == 0
    assert signature == {
        "team": DATA_SCIENCE,
        "person": "Ada <ada@example.org>",
        "bundle": signing.bundle.id,
        "verdict": verdict_digest(signing.bundle.id),
    }
    assert (result.team, result.person) == (DATA_SCIENCE, "Ada <ada@example.org>")
    assert result.file == RECORDS / signing.bundle.id / f"{DATA_SCIENCE}.toml"
    assert result.published is None
    assert signing.fetched == ["1"]
    assert signing.aliases == []
    assert not Path("bundles").exists()


@pytest.mark.parametrize("self_review", [True, False])
def test_accept_second_signature_publishes_and_sets_the_alias(
    signing: Signing, self_review: bool
) -> None:
    signing.sign()
    if not self_review:
        git("config", "user.email", "grace@example.org")
    result = signing.sign(ML_ENGINEERING)
    assert result.published == Path("bundles") / signing.bundle.id
    assert read(result.published).id == signing.bundle.id
    assert [path.name for path in Path("bundles").iterdir()] == [signing.bundle.id]
    assert signing.aliases == [(signing.bundle.id, "1")]
    assert refusal(signing.bundle.id) is None
    assert signing.signature(ML_ENGINEERING).get("self_review") == (True if self_review else None)
    assert "self_review" not in signing.signature(DATA_SCIENCE)
    text = after_signature(result)
    assert f"signed for {ML_ENGINEERING} by {result.person}: {result.file}" in text
    assert f"published to {result.published}" in text
    assert f'champion = "{signing.bundle.id}"' in text


def test_after_signature_of_the_first_names_the_other_team(signing: Signing) -> None:
    for team, other in ((DATA_SCIENCE, ML_ENGINEERING),):
        text = after_signature(signing.sign(team))
        assert f"then {other} signs (no " in text
        assert "published" not in text


def test_accept_first_signature_repeats_quick_checks_and_the_second_all(signing: Signing) -> None:
    ran: list[str] = []

    def noted(one: Check) -> Check:
        def run(_: CheckContext) -> Result:
            ran.append(one.name)
            return Result("pass", "", "")

        return replace(one, run=run)

    checks = [noted(one) for one in signing.checks]
    signing.sign(DATA_SCIENCE, checks)
    assert ran == ["own"]
    signing.sign(DATA_SCIENCE, checks)
    assert ran == ["own", "own"]
    signing.sign(ML_ENGINEERING, checks)
    assert ran == ["own", "own", "own", "slow"]


def test_accept_store_that_is_new_is_made(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLES", "deep/er/store")
    signing.sign()
    result = signing.sign(ML_ENGINEERING)
    assert result.published == Path("deep/er/store") / signing.bundle.id
    assert refusal(signing.bundle.id) is None


def test_accept_copy_in_the_store_is_verified(signing: Signing) -> None:
    signing.sign()
    stored = Path("bundles") / signing.bundle.id
    shutil.copytree(signing.bundle.path, stored)
    (stored / "model_card.md").write_text("another")
    commit_all()
    with pytest.raises(BadInput) as refused:
        signing.sign(ML_ENGINEERING)
    assert refused.value.code == "changed-bundle"
    assert signing.aliases == []
    assert refusal(signing.bundle.id) is not None


def test_accept_bundle_that_changes_while_it_is_copied_is_refused(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.sign()

    def copy(source: Path, target: Path) -> None:
        shutil.copytree(source, target)
        (target / "model_card.md").write_text("another")
        reseal(target)

    changing = SimpleNamespace(copytree=copy, rmtree=shutil.rmtree)
    monkeypatch.setattr(room, "shutil", changing)
    with pytest.raises(BadInput) as refused:
        signing.sign(ML_ENGINEERING)
    assert refused.value.code == "changed-bundle"
    assert [*Path("bundles").iterdir()] == []


class Registry:
    """The registry's client: what it holds, and what is written to it."""

    def __init__(self, versions: list[Any], models: list[Any]) -> None:
        self.versions, self.models, self.calls = versions, models, list[Any]()

    def search_model_versions(self, query: str) -> list[Any]:
        assert query == "name = 'late-parcels' and run_id = '1'"
        return self.versions

    def search_registered_models(self, query: str) -> list[Any]:
        assert query == "name = 'late-parcels'"
        return self.models

    def create_registered_model(self, name: str) -> None:
        self.calls.append(("model", name))

    def create_model_version(self, *given: Any, **more: Any) -> Any:
        self.calls.append(("version", *given, more))
        return type("Version", (), {"version": "7"})

    def set_registered_model_alias(self, *given: Any) -> None:
        self.calls.append(("alias", *given))


@pytest.mark.parametrize("registered", ["version", "model", "nothing"])
def test_set_alias_registers_what_is_new(
    empty: Path, monkeypatch: pytest.MonkeyPatch, registered: str
) -> None:
    bundle = bundle_at(committed(empty))
    run = run_behind(bundle)
    version = type("Version", (), {"version": "3"})
    registry = Registry([version] * (registered == "version"), [1] * (registered != "nothing"))
    monkeypatch.setattr("mlflow.MlflowClient", lambda: registry)
    room._set_alias(bundle, run)
    source = f"models:/{run.model_id}"
    added = ("version", "late-parcels", source, "1", {"bundle": bundle.id}, {"model_id": "1"})
    assert registry.calls == [
        *([("model", "late-parcels")] if registered == "nothing" else []),
        *([added] if registered != "version" else []),
        ("alias", "late-parcels", ACCEPTED, "3" if registered == "version" else "7"),
    ]
