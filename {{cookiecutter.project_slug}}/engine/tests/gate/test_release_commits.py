"""The printed commits keep records and release apart: each can be reverted without the other."""

import re
import subprocess
from pathlib import Path

import pytest

from engine.bundle.record import RECORDS, RELEASE_FILE, refusal
from engine.gate.accept import Signature, after_signature
from engine.problem.errors import BadInput
from engine.serving.select_bundle import select_bundle
from engine.tests.gate.signatures import Signing, commit
from engine.tests.gate.signing import ML_ENGINEERING, git


def run_commits(text: str) -> None:
    """Run every commit that a message has, as a shell does."""
    commands = re.findall(r"git add .*$", text, re.M)
    assert commands
    for command in commands:
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)


def champion_is(bundle_id: str) -> None:
    RELEASE_FILE.write_text(f'champion = "{bundle_id}"\n')


@pytest.fixture
def released(signing: Signing) -> str:
    """Both signatures and the release are committed as printed; the id of the bundle."""
    RELEASE_FILE.parent.mkdir(exist_ok=True)
    champion_is("")
    commit()
    run_commits(after_signature(signing.sign()))
    second: Signature = signing.sign(ML_ENGINEERING)
    accepting, release = re.split(r"^release: ", after_signature(second), flags=re.M)
    run_commits(accepting)
    champion_is(signing.bundle.id)
    run_commits(release)
    return signing.bundle.id


def served() -> str:
    """The id of the bundle that a server would serve, or the code of its refusal."""
    try:
        return select_bundle(None, rehearsal=False).id
    except BadInput as error:
        return error.code


def test_printed_commits_hold_records_or_the_release(released: str) -> None:
    assert git("status", "--porcelain", "--", "handoff", "deploy") == ""
    files = [git("show", "--format=", "--name-only", name).split() for name in ("HEAD", "HEAD~")]
    assert files[0] == [RELEASE_FILE.as_posix()]
    records = f"{RECORDS.as_posix()}/{released}/"
    assert files[1]
    assert all(name.startswith(records) for name in files[1])
    assert served() == released


def test_revert_of_the_release_keeps_the_records(released: str) -> None:
    """The rollback; its own revert releases the bundle again."""
    git("revert", "--no-edit", "HEAD")
    assert served() == "no-champion"
    assert refusal(released) is None
    git("revert", "--no-edit", "HEAD")
    assert served() == released


@pytest.mark.parametrize(("commit_name", "team"), [("HEAD~", "ml-engineering"),
                                                   ("HEAD~2", "data-science")])  # fmt: skip
def test_revert_of_a_signature_is_refused_with_the_team(
    released: str, commit_name: str, team: str
) -> None:
    """What is served is signed by both; the release stays as it is."""
    git("revert", "--no-edit", commit_name)
    assert Path(RELEASE_FILE).read_text() == f'champion = "{released}"\n'
    assert served() == "not-accepted"
    assert team in str(refusal(released)) or "verdict" in str(refusal(released))
    git("revert", "--no-edit", "HEAD")
    assert served() == released
