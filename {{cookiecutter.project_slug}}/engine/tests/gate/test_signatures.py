"""A signature needs a passed verdict of the present checks, and committed work."""

import json
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.bundle.bundle import MANIFEST, Bundle, read
from engine.bundle.record import RECORDS, VERDICT, refusal, verdict_digest
from engine.gate import accept as room
from engine.gate.accept import Signature, accept, after_signature
from engine.gate.checks.check import Check, Outcome, Result
from engine.gate.gate import record, validate
from engine.problem.errors import BadInput
from engine.tests.gate.made import MODEL, reseal
from engine.tests.gate.signing import DATA_SCIENCE, ML_ENGINEERING, commit_all, git
from engine.tests.gate.test_recorded import bundle_at, committed, run_behind
from engine.training.record.runs import ACCEPTED


def check(name: str = "own", outcome: Outcome = "pass", slow: str = "") -> Check:
    return Check(name, "honest", lambda _: Result(outcome, f"m {name}", "r", "n"), slow)


class Signing:
    """A committed project with a bundle, a run behind it and a verdict of these checks."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BUNDLES", raising=False)
        self.bundle = bundle_at(committed(folder))
        self.checks: Sequence[Check] = [check(), check("slow", slow="a process")]
        self.aliases: list[tuple[str, str]] = []
        self.fetched: list[object] = []
        run = run_behind(self.bundle)
        monkeypatch.setattr(room, "fetch", lambda name: self.fetched.append(name) or run)
        monkeypatch.setattr(
            room, "_set_alias", lambda bundle, run: self.aliases.append((bundle.id, run.id))
        )
        self.record()

    def record(self, *checks: Check) -> None:
        record(validate(self.bundle.path, MODEL, checks or self.checks))

    def sign(self, team: str = DATA_SCIENCE, checks: Sequence[Check] | None = None) -> Signature:
        given = self.checks if checks is None else checks
        return accept(self.bundle.path, team, MODEL, given)

    def refused(self, team: str = DATA_SCIENCE, checks: Sequence[Check] | None = None) -> str:
        """The code of the refusal; nothing is signed, published or registered."""
        before = sorted(RECORDS.rglob("*.toml"))
        with pytest.raises(BadInput) as refused:
            self.sign(team, checks)
        assert sorted(RECORDS.rglob("*.toml")) == before
        assert not Path("bundles").exists()
        assert self.aliases == []
        return str(refused.value.code)

    def signature(self, team: str) -> dict[str, Any]:
        return tomllib.loads((RECORDS / self.bundle.id / f"{team}.toml").read_text())


@pytest.fixture
def signing(empty: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    return Signing(empty, monkeypatch)


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
        return replace(one, run=lambda _: ran.append(one.name) or Result("pass", "", ""))

    checks = [noted(one) for one in signing.checks]
    signing.sign(DATA_SCIENCE, checks)
    assert ran == ["own"]
    signing.sign(DATA_SCIENCE, checks)
    assert ran == ["own", "own"]
    signing.sign(ML_ENGINEERING, checks)
    assert ran == ["own", "own", "own", "slow"]


@pytest.mark.parametrize("name", ["own", "slow"])
def test_accept_check_that_refuses_now_is_refused(signing: Signing, name: str) -> None:
    """Whatever the verdict states; a slow one is repeated by the second signature alone."""
    checks = [
        check(one.name, "refuse" if one.name == name else "pass", one.slow_note)
        for one in signing.checks
    ]
    if name == "slow":
        signing.sign(DATA_SCIENCE, checks)
        assert signing.refused(ML_ENGINEERING, checks) == "refused-again"
    else:
        assert signing.refused(DATA_SCIENCE, checks) == "refused-again"


@pytest.mark.parametrize("recorded", ["pass", "warn", "not applicable"])
def test_accept_warning_needs_to_be_in_the_verdict(signing: Signing, recorded: Outcome) -> None:
    signing.record(check(outcome=recorded), check("slow", slow="a process"))
    warns = [check(outcome="warn"), check("slow", slow="a process")]
    if recorded == "warn":
        signing.sign(DATA_SCIENCE, warns)
    else:
        assert signing.refused(DATA_SCIENCE, warns) == "unrecorded-warning"


def test_accept_warning_of_a_slow_check_is_of_the_machine(signing: Signing) -> None:
    busy = [check(), check("slow", "warn", "a process")]
    signing.sign(DATA_SCIENCE, busy)
    assert signing.sign(ML_ENGINEERING, busy).published


@pytest.mark.parametrize(
    "checks",
    [
        [check(), check("slow", slow="p"), check("later")],
        [replace(check(), dropped="we have none"), check("slow", slow="p")],
    ],
)
def test_accept_list_of_checks_that_changed_since_is_refused(
    signing: Signing, checks: list[Check]
) -> None:
    assert signing.refused(DATA_SCIENCE, checks) == "other-checks"


def test_accept_dropped_check_is_dropped_in_the_verdict_for_the_same_reason(
    signing: Signing,
) -> None:
    dropped = [replace(check(), dropped="we have none")]
    signing.record(*dropped)
    assert signing.refused(DATA_SCIENCE, [check()]) == "other-checks"
    other = [replace(check(), dropped="another reason")]
    assert signing.refused(DATA_SCIENCE, other) == "other-checks"
    signing.sign(DATA_SCIENCE, dropped)


VERDICTS: dict[str, tuple[Any, str]] = {
    "another bundle": ({"bundle": "0" * 64}, "not-passed"),
    "refused": ({"verdict": "refused"}, "not-passed"),
    "a refusal in a line": (
        {"findings": [{"check": "own", "verdict": "refuse"}, {"check": "slow", "verdict": "pass"}]},
        "not-passed",
    ),
    "a line less": ({"findings": [{"check": "own", "verdict": "pass"}]}, "other-checks"),
    "no lines": ({"findings": None}, "not-passed"),
    "lines without a check": ({"findings": [{}]}, "not-passed"),
    "a text": ({"findings": "own"}, "not-passed"),
}


@pytest.mark.parametrize("what", VERDICTS)
def test_accept_verdict_that_is_not_passed_is_refused(signing: Signing, what: str) -> None:
    changes, code = VERDICTS[what]
    path = RECORDS / signing.bundle.id / VERDICT
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert signing.refused() == code


def test_accept_without_a_readable_verdict_is_refused(signing: Signing) -> None:
    path = RECORDS / signing.bundle.id / VERDICT
    for text in ("", "[]", "{"):
        path.write_text(text)
        assert signing.refused() == "not-passed"
    path.unlink()
    assert signing.refused() == "no-verdict"


def test_accept_uncommitted_files_are_refused(signing: Signing) -> None:
    """But a signature itself need not be committed before the next."""
    Path("notes.md").write_text("new")
    assert signing.refused() == "uncommitted-changes"
    Path("notes.md").unlink()
    signing.sign()
    signing.sign(ML_ENGINEERING)


def bundle_with(signing: Signing, **changes: Any) -> Bundle:
    """The bundle with another manifest under its new id, and a passed verdict on it."""
    folder = signing.bundle.path
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    bundle = read(folder.rename(folder.parent / reseal(folder)))
    signing.bundle = bundle
    signing.record()
    return bundle


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ({"dirty": True}, "uncommitted-training"),
        ({"commit": None}, "uncommitted-training"),
        ({"commit": "0" * 40}, "unknown-commit"),
    ],
)
def test_accept_training_that_no_commit_holds_is_refused(
    signing: Signing, code: dict[str, Any], refused: str
) -> None:
    bundle_with(signing, code=signing.bundle.manifest["code"] | code)
    assert signing.refused() == refused


def test_accept_assumed_answers_are_refused(signing: Signing) -> None:
    for path in (Path("problem/problem.toml"), signing.bundle.path / "problem.toml"):
        path.write_text(path.read_text().replace("assumed = []", 'assumed = ["value"]'))
    commit_all()
    bundle_with(signing, code={"commit": git("rev-parse", "HEAD").strip(), "dirty": False})
    assert signing.refused() == "assumed-answers"


def test_accept_signature_of_another_person_stays(signing: Signing) -> None:
    signing.sign()
    before = signing.signature(DATA_SCIENCE)
    git("config", "user.name", "Grace")
    assert signing.refused(DATA_SCIENCE) == "already-signed"
    assert signing.signature(DATA_SCIENCE) == before
    # Once a new verdict invalidates it, anyone of the team can sign again.
    signing.record()
    assert signing.sign(DATA_SCIENCE).person == "Grace <ada@example.org>"


@pytest.mark.parametrize("key", ["user.name", "user.email"])
def test_accept_without_a_name_in_git_is_refused(signing: Signing, key: str) -> None:
    git("config", "--unset", key)
    assert signing.refused() == "no-git-name"


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


@pytest.mark.parametrize("known", ["version", "model", "nothing"])
def test_set_alias_registers_what_is_new(
    empty: Path, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    bundle = bundle_at(committed(empty))
    run = run_behind(bundle)
    version = type("Version", (), {"version": "3"})
    registry = Registry([version] * (known == "version"), [1] * (known != "nothing"))
    monkeypatch.setattr(room.mlflow, "MlflowClient", lambda: registry)
    room._set_alias(bundle, run)
    source = f"models:/{run.model_id}"
    added = ("version", "late-parcels", source, "1", {"bundle": bundle.id}, {"model_id": "1"})
    assert registry.calls == [
        *([("model", "late-parcels")] if known == "nothing" else []),
        *([added] if known != "version" else []),
        ("alias", "late-parcels", ACCEPTED, "3" if known == "version" else "7"),
    ]
