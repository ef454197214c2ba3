"""A project's folder in which bundles are accepted and one is released."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from engine.tests.serving.made import FEATURES, ROW, accept, write_manifest

PATIENCE_SECONDS = 30

# Code of the same module and class as `FEATURES` with other results. Each loaded copy holds much
# memory, as long as its module or a model of its classes is alive.
HELD_MB = 48
OTHER = FEATURES.replace("* FACTOR", "// 10") + f'\nHELD = b"x" * {HELD_MB * 2**20}\n'


class Released:
    """The store, the records and the release file of a project in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.store, self.records = folder / "bundles", folder / "handoff/records"
        self.file = folder / "deploy/release.toml"
        self.file.parent.mkdir()

    def add(self, bundle: Path, bundle_id: str, *, accepted: bool = True) -> Path:
        """Copy a bundle into the store; returns its path there."""
        shutil.copytree(bundle, self.store / bundle_id)
        if accepted:
            accept(bundle_id, self.records)
        return self.store / bundle_id

    def add_changed(self, bundle: Path, name: str, content: bytes) -> str:
        """Add an accepted bundle that differs from `bundle` in one file; returns its id."""
        draft = self.store.parent / "draft"
        shutil.copytree(bundle, draft)
        (draft / name).write_bytes(content)
        bundle_id = write_manifest(draft)
        self.add(draft, bundle_id)
        shutil.rmtree(draft)
        return bundle_id

    def name(self, bundle_id: str) -> None:
        """Release a bundle as git does: a new file replaces the old one."""
        self.write(f'champion = "{bundle_id}"\n')

    def write(self, text: str) -> None:
        """Write any text to the release file."""
        fresh = self.file.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self.file)


class Following:
    """An application that follows the release file in the working directory."""

    def __init__(self, client: TestClient, released: Released, first: str, folder: Path) -> None:
        self.client, self.released, self.first, self.folder = client, released, first, folder

    def ready(self) -> dict[str, Any]:
        answer = self.client.get("/readyz")
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        return body

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The body of /readyz as soon as the condition holds."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds(self.ready()):
            assert time.monotonic() < end, f"the condition did not become true: {self.ready()}"
            time.sleep(0.01)
        return self.ready()

    def swaps_to(self, bundle: str) -> None:
        """Release a bundle and wait until it serves."""
        self.released.name(bundle)
        self.until(lambda body: body == {"status": "ready", "bundle": bundle})

    def refuses(self) -> str:
        """The reason of the rejection, once there is one; the first bundle must serve on."""
        body = self.until(lambda body: "refused" in body)
        assert body["bundle"] == self.answer()["bundle"] == self.first
        return str(body["refused"]["why"])

    def answer(self) -> dict[str, Any]:
        answer = self.client.post("/v1/predict", json=ROW)
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        return body

    def swaps(self, outcome: str) -> float:
        text = self.client.get("/metrics").text
        [count] = re.findall(rf'serving_swaps_total{{outcome="{outcome}"}} (\S+)', text)
        return float(count)
