"""What the tests of the image share: a released project, its image, a store to serve from."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Project, Render, run
from tests.ship.container import Container, Image, container
from tests.ship.manifests import COMPOSE, KUBERNETES, Start, of_compose, of_kubernetes

# Neither needs a service, a file system with layers, or more rights than root has in a container.
BUILDAH = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
BASE_IMAGE_MAKER = ROOT.parent / "shared" / "tools" / "python-base-image"


STARTS = {"compose": of_compose(COMPOSE), "kubernetes": of_kubernetes(KUBERNETES)}

# A container for the length of a with block: of which manifest, with which store.
Launch = Callable[..., AbstractContextManager[Container]]


@dataclass(frozen=True)
class Released:
    """A project whose journey's bundle both teams have signed and `release.toml` names."""

    project: Project
    champion: str

    @property
    def store(self) -> Path:
        """Where accepted bundles are."""
        return self.project.path / "bundles"

    @property
    def golden(self) -> list[dict[str, Any]]:
        """The champion's golden rows."""
        text = (self.store / self.champion / "golden.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]


def buildah(*words: str) -> str:
    """Run buildah; return what it printed."""
    done = run("buildah", *words, cwd=ROOT, env=BUILDAH)
    assert done.returncode == 0, f"buildah {' '.join(words)}\n{done.stdout[-4000:]}{done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="session")
def builder() -> None:
    """Skip where no image can be built and run; fail there if BUILDER_REQUIRED is set."""
    wanted = ("buildah", "nsenter", "unshare")
    missing = [tool for tool in wanted if shutil.which(tool) is None]
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        missing.append("root on Linux")
    if missing:
        refuse = pytest.fail if os.environ.get("BUILDER_REQUIRED") else pytest.skip
        refuse(f"an image needs {', '.join(missing)}; .ci/run installs what can be installed")


@pytest.fixture(scope="session")
def released(builder: None, render: Render, project_env: Path) -> Released:
    """Live a journey, sign its bundle for both teams and release it, as people would."""
    project = render()
    python = str(project_env / "bin" / "python")

    def do(*words: str) -> None:
        done = project.run(*words)
        assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"

    def commit(reason: str) -> None:
        do("git", "add", "--all")
        do("git", "commit", "--quiet", "--message", reason)

    do("git", "init", "--quiet")
    do("git", "config", "user.name", "Test")
    do("git", "config", "user.email", "test@example.org")
    commit("Start")
    do("make", "journey", f"VENV={project_env}")
    bundle = "build/journey/bundle"
    do(python, "-m", "handoff", "check", bundle)
    commit("The gate has judged")
    for role in ("data-scientist", "ml-engineer"):
        do(python, "-m", "handoff", "accept", bundle, "--as", role)
        commit(f"Signed by the {role}")
    [champion] = os.listdir(project.path / "bundles")
    release = project.path / "deploy" / "release.toml"
    text = release.read_text("utf-8").replace('champion = ""', f'champion = "{champion}"')
    release.write_text(text, "utf-8")
    commit("Release")
    return Released(project, champion)


@pytest.fixture(scope="session")
def image(released: Released) -> Iterator[Image]:
    """Build the project's image, and open it as a folder."""
    tag = f"localhost/model-server:{os.getpid()}"
    base = os.environ.get("PYTHON_IMAGE")
    if base is None and BASE_IMAGE_MAKER.exists():
        made = run(str(BASE_IMAGE_MAKER), cwd=ROOT)
        assert made.returncode == 0, made.stderr
        base = made.stdout.split()[-1]
    base_image = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
    # Docker's format, because the other one knows no health check.
    build = ["bud", "--format", "docker", "--network", "host", *base_image, "--tag", tag]
    buildah(*build, str(released.project.path))
    config = json.loads(buildah("inspect", "--type", "image", tag))["Docker"]["config"]
    opened = buildah("from", tag)
    yield Image(Path(buildah("mount", opened)), config)
    buildah("rm", opened)
    buildah("rmi", tag)


@pytest.fixture
def launch(image: Image, released: Released, tmp_path: Path) -> Launch:
    """Start the image as a manifest says, with the released store and fresh logs; see `Launch`."""

    def started(
        start: Start = STARTS["compose"], store: Path = released.store
    ) -> AbstractContextManager[Container]:
        sources = places(image, released, tmp_path) | {"/bundles": store}
        return container(image, start, sources, tmp_path / "errors")

    return started


def places(image: Image, released: Released, folder: Path) -> dict[str, Path]:
    """Return what the image mounts: the store, and in `folder` what may change meanwhile.

    That is logs which belong to its user, what is released, and the records: as folders of the
    project, and as a ConfigMap has them, without any.
    """
    logs, deploy, records = (folder / name for name in ("logs", "deploy", "records"))
    logs.mkdir()
    os.chown(logs, *image.user)
    shutil.copytree(released.project.path / "deploy", deploy)
    shutil.copytree(released.project.path / "handoff" / "records", records)
    shutil.copytree(records / released.champion, folder / "mounted")
    return {
        "/bundles": released.store,
        "/logs": logs,
        "/app/deploy": deploy,
        "/app/handoff/records": records,
        "/app/handoff/records/mounted": folder / "mounted",
    }


@pytest.fixture
def unsigned(released: Released, tmp_path: Path) -> Path:
    """A store with a bundle that is as whole as the champion, and that nobody has signed."""
    bundle = tmp_path / "store" / "unsigned"
    shutil.copytree(released.store / released.champion, bundle)
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    manifest["version"] += "-unsigned"
    (bundle / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return bundle.parent


@pytest.fixture(params=STARTS)
def start(request: pytest.FixtureRequest) -> Start:
    """Return how each manifest starts the image."""
    return STARTS[request.param]
