"""A signature needs a passed verdict of the present checks, and committed work."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.bundle import MANIFEST, Bundle, read
from engine.bundle.record import RECORDS, VERDICT
from engine.gate.checks.check import Check, Outcome
from engine.tests.gate.made import reseal
from engine.tests.gate.signatures import Signing, check
from engine.tests.gate.signing import DATA_SCIENCE, ML_ENGINEERING, commit_all, git


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
    verdict = RECORDS / signing.bundle.id / VERDICT
    verdict.write_text(verdict.read_text().replace('"judged_at": "20', '"judged_at": "19'))
    assert signing.sign(DATA_SCIENCE).person == "Grace <ada@example.org>"


@pytest.mark.parametrize("key", ["user.name", "user.email"])
def test_accept_without_a_name_in_git_is_refused(signing: Signing, key: str) -> None:
    git("config", "--unset", key)
    assert signing.refused() == "no-git-name"
    with Path(".git/config").open("ab") as file:
        file.write(f"[user]\n{key.partition('.')[2]} = Zo\u00eb\n".encode("latin-1"))
    assert signing.refused() == "no-git-name"
