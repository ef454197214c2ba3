"""Only the released, accepted and untouched bundle is served; a rehearsal is the exception."""

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


def test_the_champion_is_served(project: Project) -> None:
    bundle = project()
    assert select_bundle(None, rehearsal=False).id == bundle


def test_the_store_may_be_elsewhere(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = project()
    Path("bundles").rename("elsewhere")
    monkeypatch.setenv("BUNDLES", "elsewhere")
    assert select_bundle(None, rehearsal=False).id == bundle


def test_an_accepted_bundle_may_be_named(project: Project) -> None:
    bundle = project()
    assert select_bundle(Path("bundles") / bundle, rehearsal=False).id == bundle


@pytest.mark.parametrize(
    ("champion", "said"),
    [
        ("", "nothing is released"),
        ("latest", "64 hexadecimal digits"),
        ("../" * 3, "64 hexadecimal digits"),
        ("0" * 64, "expected a bundle in bundles/000"),
    ],
)
def test_what_is_not_released_is_refused(project: Project, champion: str, said: str) -> None:
    project(champion=champion)
    with pytest.raises(BadInput, match=said):
        select_bundle(None, rehearsal=False)


def test_a_bundle_that_is_not_the_one_released_is_refused(project: Project) -> None:
    bundle = project(champion="0" * 64)
    (Path("bundles") / bundle).rename(Path("bundles") / ("0" * 64))
    with pytest.raises(BadInput, match="names bundle 000"):
        select_bundle(None, rehearsal=False)


def test_an_unaccepted_bundle_is_served_in_a_rehearsal_only(project: Project) -> None:
    bundle = project(accepted=False)
    for path in (None, Path("bundles") / bundle):
        with pytest.raises(BadInput, match="is not accepted"):
            select_bundle(path, rehearsal=False)
    assert select_bundle(Path("bundles") / bundle, rehearsal=True).id == bundle


def test_a_record_may_be_mounted_where_no_folder_bears_an_id(project: Project) -> None:
    bundle, records = project(accepted=False), Path("handoff/records")
    accept("0" * 64, records)
    (records / ("0" * 64)).rename(records / "mounted")
    with pytest.raises(BadInput, match="is not accepted"):  # it speaks of another
        select_bundle(None, rehearsal=False)
    accept(bundle, Path("elsewhere"))
    (records / "mounted").rename("aside")
    (Path("elsewhere") / bundle).rename(records / "mounted")
    assert select_bundle(None, rehearsal=False).id == bundle
    (records / "mounted/ml-engineering.toml").unlink()
    with pytest.raises(BadInput, match="ml-engineering has not signed"):
        select_bundle(None, rehearsal=False)


def test_what_is_mounted_of_one_bundle_hides_no_other_record(project: Project) -> None:
    bundle, records = project(), Path("handoff/records")
    accept("0" * 64, records)
    (records / ("0" * 64)).rename(records / "mounted")
    assert select_bundle(None, rehearsal=False).id == bundle


def test_a_rehearsal_takes_the_bundle_of_the_last_journey(project: Project) -> None:
    bundle = project(accepted=False)
    with pytest.raises(BadInput, match=r"build/journey/bundle.*make journey"):
        select_bundle(None, rehearsal=True)
    Path("build/journey").mkdir(parents=True)
    (Path("bundles") / bundle).rename("build/journey/bundle")
    assert select_bundle(None, rehearsal=True).id == bundle


@pytest.mark.parametrize("rehearsal", [False, True])
def test_a_bundle_that_was_tampered_with_is_never_served(project: Project, rehearsal: bool) -> None:
    path = Path("bundles") / project()
    with (path / "model/model.skops").open("ab") as file:
        file.write(b" ")
    with pytest.raises(BadInput, match=r"model/model\.skops was changed"):
        select_bundle(path, rehearsal=rehearsal)


def test_a_release_file_that_is_none_is_refused(project: Project) -> None:
    project()
    Path("deploy/release.toml").write_text("champion =")
    with pytest.raises(BadInput, match=r"deploy/release\.toml"):
        select_bundle(None, rehearsal=False)
