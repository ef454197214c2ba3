"""A bundle is accepted only with a passed verdict on it, and with both teams' signatures."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.bundle import record
from engine.bundle.record import (
    MOUNTED,
    RECORDS,
    TEAMS,
    bundle_path,
    champion,
    champion_if_any,
    folder,
    latest,
    refusal,
    signed,
    signer,
    unsigned,
    verdict_digest,
)
from engine.problem.errors import BadInput
from engine.problem.files import toml

BUNDLE, OTHER = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and no folder of bundles."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUNDLES", raising=False)


def verdict(value: object = None, place: str = BUNDLE) -> Path:
    """Write a verdict: a passed one on the bundle, unless another value is given."""
    path = RECORDS / place / "verdict.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    passed = {"bundle": BUNDLE, "verdict": "passed"}
    path.write_text(json.dumps(passed if value is None else value))
    return path


def signature(team: str, place: str = BUNDLE, /, **changes: str | None) -> Path:
    """Write a team's signature of the verdict that is there; None takes a field away."""
    digest = hashlib.sha256((RECORDS / place / "verdict.json").read_bytes()).hexdigest()
    values: dict[str, str | None] = {"team": team, "person": f"Ada of {team}", "bundle": BUNDLE}
    values |= {"signed_at": "2026-01-01", "verdict": digest} | changes
    path = RECORDS / place / f"{team}.toml"
    path.write_text("".join(f"{key} = {toml(v)}\n" for key, v in values.items() if v is not None))
    return path


def accepted() -> None:
    verdict()
    for team in TEAMS:
        signature(team)


def test_refusal_of_an_accepted_bundle_is_none() -> None:
    accepted()
    assert refusal(BUNDLE) is None
    assert signed(BUNDLE) == TEAMS
    assert [signer(BUNDLE, team) for team in TEAMS] == [f"Ada of {team}" for team in TEAMS]
    assert refusal(OTHER) is not None
    assert signed(OTHER) == ()


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ({"bundle": OTHER, "verdict": "passed"}, "another bundle"),
        ({"verdict": "passed"}, "another bundle"),
        ({"bundle": BUNDLE, "verdict": "refused"}, "refused it"),
        ({"bundle": BUNDLE}, "refused it"),
        ([], "cannot be read"),
    ],
)
def test_refusal_of_a_verdict_that_is_not_passed_on_the_bundle(value: object, fact: str) -> None:
    accepted()
    path = verdict(value)
    for team in TEAMS:
        signature(team)
    reason = refusal(BUNDLE)
    assert reason is not None
    assert fact in reason
    assert str(path) in reason


def test_refusal_without_a_verdict_names_the_next_step() -> None:
    reason = refusal(BUNDLE)
    assert reason is not None
    assert "handoff check" in reason
    assert signed(BUNDLE) == ()
    with pytest.raises(BadInput) as refused:
        verdict_digest(BUNDLE)
    assert refused.value.code == "missing-file"


@pytest.mark.parametrize("team", TEAMS)
@pytest.mark.parametrize(
    "change",
    [
        {"team": "somebody"},
        {"team": None},
        {"bundle": OTHER},
        {"bundle": None},
        {"verdict": "0" * 64},
        {"verdict": None},
        {"person": None},
        {"person": ""},
        {"signed_at": None},
        {"signed_at": ""},
    ],
)
def test_refusal_of_a_signature_for_anything_else(team: str, change: dict[str, str | None]) -> None:
    accepted()
    path = signature(team, **change)
    reason, of_all = unsigned(BUNDLE, team), refusal(BUNDLE)
    assert reason is not None
    assert str(path) in reason
    assert of_all == f"{team} has not signed: {reason}"
    assert signed(BUNDLE) == tuple(one for one in TEAMS if one != team)


@pytest.mark.parametrize("team", TEAMS)
def test_refusal_of_a_signature_that_is_absent_or_unreadable(team: str) -> None:
    accepted()
    path = RECORDS / BUNDLE / f"{team}.toml"
    path.write_text("= nothing")
    assert "cannot be read" in str(refusal(BUNDLE))
    with pytest.raises(BadInput) as refused:
        signer(BUNDLE, team)
    assert refused.value.code == "not-toml"
    path.unlink()
    assert f"no {path}" in str(refusal(BUNDLE))
    assert signed(BUNDLE) == tuple(one for one in TEAMS if one != team)


def test_signature_of_an_earlier_verdict_counts_no_more() -> None:
    accepted()
    before = verdict_digest(BUNDLE)
    path = verdict({"bundle": BUNDLE, "verdict": "passed", "judged_at": "later"})
    assert verdict_digest(BUNDLE) == hashlib.sha256(path.read_bytes()).hexdigest() != before
    assert signed(BUNDLE) == ()


def test_mounted_record_is_used_for_its_bundle_alone() -> None:
    verdict(place=MOUNTED)
    for team in TEAMS:
        signature(team, MOUNTED)
    assert folder(BUNDLE) == RECORDS / MOUNTED
    assert folder(OTHER) == RECORDS / OTHER
    assert refusal(BUNDLE) is None
    (RECORDS / MOUNTED / "verdict.json").write_text("[")
    assert folder(BUNDLE) == RECORDS / BUNDLE


@pytest.mark.parametrize("text", ["", 'champion = ""\n', 'challenger = "c"\n'])
def test_champion_of_a_release_that_names_none(text: str) -> None:
    release = Path("release.toml")
    release.write_text(text)
    assert champion_if_any(release) is None
    with pytest.raises(BadInput) as refused:
        champion(release)
    assert refused.value.code == "no-champion"


@pytest.mark.parametrize(
    "value", ["1", "true", '"latest"', f'"{"a" * 63}"', f'"{"a" * 65}"', f'"{"G" * 64}"', "[]"]
)
def test_champion_that_is_no_id_is_refused(value: str) -> None:
    release = Path("release.toml")
    release.write_text(f"champion = {value}\n")
    for read in (champion, champion_if_any):
        with pytest.raises(BadInput, match=r"release\.toml") as refused:
            read(release)
        assert refused.value.code == "invalid-champion"


def test_champion_is_the_id_in_the_release_file() -> None:
    record.RELEASE_FILE.parent.mkdir()
    record.RELEASE_FILE.write_text(f'champion = "{BUNDLE}"\n')
    assert champion() == champion_if_any() == BUNDLE
    record.RELEASE_FILE.unlink()
    with pytest.raises(BadInput) as refused:
        champion_if_any()
    assert refused.value.code == "missing-file"


def test_bundle_path_is_in_bundles_or_where_the_variable_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert bundle_path(BUNDLE) == Path("bundles") / BUNDLE
    monkeypatch.setenv("BUNDLES", "elsewhere")
    assert bundle_path(BUNDLE) == Path("elsewhere") / BUNDLE


def aged(seconds: int) -> Callable[[Path], Path]:
    """Make a folder that was last changed so many seconds after another time."""

    def make(path: Path) -> Path:
        path.mkdir(parents=True)
        os.utime(path, (10_000 + seconds, 10_000 + seconds))
        return path

    return make


def test_latest_is_the_folder_that_was_written_last() -> None:
    built = Path("build/bundles")
    aged(30)(built / ".draft-7")
    (built / "notes.txt").write_text("no bundle")
    with pytest.raises(BadInput) as refused:
        latest()
    assert refused.value.code == "no-bundle-built"
    newest = aged(20)(built / "a")
    aged(10)(built / "b")
    assert latest() == latest(built) == newest
    os.utime(built / "b", (20_000, 20_000))
    assert latest() == built / "b"
