"""Only an accepted, unchanged bundle is selected; in a rehearsal it may be unaccepted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.bundle import bundle as bundles
from engine.problem.errors import BadInput
from engine.serving.select_bundle import select_bundle
from engine.tests.serving.made import accept

Project = Callable[..., str]


@pytest.fixture
def project(
    tmp_path: Path, bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """`project(champion=…, accepted=…)` is a project's folder, and the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUNDLES", raising=False)
    bundle = bundles.read(bundle_path).id

    def lay_out(*, champion: str | None = None, accepted: bool = True) -> str:
        shutil.copytree(bundle_path, tmp_path / "bundles" / bundle)
        (tmp_path / "deploy").mkdir()
        (tmp_path / "deploy/release.toml").write_text(
            f'champion = "{bundle if champion is None else champion}"\n'
        )
        if accepted:
            accept(bundle, tmp_path / "handoff/records")
        return bundle

    return lay_out


def test_select_bundle_returns_the_champion(project: Project) -> None:
    bundle = project()
    assert select_bundle(None, rehearsal=False).id == bundle


def test_store_of_the_bundles_variable_is_used(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = project()
    Path("bundles").rename("elsewhere")
    monkeypatch.setenv("BUNDLES", "elsewhere")
    assert select_bundle(None, rehearsal=False).id == bundle


def test_named_accepted_bundle_is_selected(project: Project) -> None:
    bundle = project()
    assert select_bundle(Path("bundles") / bundle, rehearsal=False).id == bundle


@pytest.mark.parametrize(
    ("champion", "fact"),
    [
        ("", "deploy/release.toml"),
        ("latest", "'latest'"),
        ("../" * 3, "'../../../'"),
        ("0" * 64, "bundles/000"),
    ],
)
def test_invalid_champion_is_refused(project: Project, champion: str, fact: str) -> None:
    project(champion=champion)
    with pytest.raises(BadInput, match=fact):
        select_bundle(None, rehearsal=False)


def test_wrong_bundle_in_the_store_is_refused(project: Project) -> None:
    bundle = project(champion="0" * 64)
    (Path("bundles") / bundle).rename(Path("bundles") / ("0" * 64))
    with pytest.raises(BadInput, match=bundle) as raised:
        select_bundle(None, rehearsal=False)
    assert raised.value.code == "wrong-bundle-in-store"


def test_unaccepted_bundle_is_selected_only_in_a_rehearsal(project: Project) -> None:
    bundle = project(accepted=False)
    for path in (None, Path("bundles") / bundle):
        with pytest.raises(BadInput, match=bundle[:12]) as raised:
            select_bundle(path, rehearsal=False)
        assert raised.value.code == "not-accepted"
    assert select_bundle(Path("bundles") / bundle, rehearsal=True).id == bundle


def test_mounted_record_accepts_its_own_bundle(project: Project) -> None:
    bundle, records = project(accepted=False), Path("handoff/records")
    accept("0" * 64, records)
    (records / ("0" * 64)).rename(records / "mounted")
    with pytest.raises(BadInput) as raised:  # the record is about another bundle
        select_bundle(None, rehearsal=False)
    assert raised.value.code == "not-accepted"
    accept(bundle, Path("elsewhere"))
    (records / "mounted").rename("aside")
    (Path("elsewhere") / bundle).rename(records / "mounted")
    assert select_bundle(None, rehearsal=False).id == bundle
    (records / "mounted/ml-engineering.toml").unlink()
    with pytest.raises(BadInput, match="ml-engineering"):
        select_bundle(None, rehearsal=False)


def test_mounted_record_of_another_bundle_hides_no_record(project: Project) -> None:
    bundle, records = project(), Path("handoff/records")
    accept("0" * 64, records)
    (records / ("0" * 64)).rename(records / "mounted")
    assert select_bundle(None, rehearsal=False).id == bundle


def test_rehearsal_selects_the_bundle_of_the_last_journey(project: Project) -> None:
    bundle = project(accepted=False)
    with pytest.raises(BadInput, match="build/journey/bundle") as raised:
        select_bundle(None, rehearsal=True)
    assert raised.value.code == "no-journey-bundle"
    Path("build/journey").mkdir(parents=True)
    (Path("bundles") / bundle).rename("build/journey/bundle")
    assert select_bundle(None, rehearsal=True).id == bundle


@pytest.mark.parametrize("rehearsal", [False, True])
def test_changed_bundle_is_refused(project: Project, rehearsal: bool) -> None:
    path = Path("bundles") / project()
    with (path / "model/model.skops").open("ab") as file:
        file.write(b" ")
    with pytest.raises(BadInput, match=r"model/model\.skops"):
        select_bundle(path, rehearsal=rehearsal)


def test_invalid_release_file_is_refused(project: Project) -> None:
    project()
    Path("deploy/release.toml").write_text("champion =")
    with pytest.raises(BadInput, match=r"deploy/release\.toml"):
        select_bundle(None, rehearsal=False)
