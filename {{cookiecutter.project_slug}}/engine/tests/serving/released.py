"""A project's folder in which bundles are accepted and one is released."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from engine.tests.serving.made import FEATURES, ROW, accept

PATIENCE_SECONDS = 30

# Code of the same module and class as `FEATURES` that makes other numbers. Each loaded copy holds
# memory that nobody can overlook: of its module, and of any model whose classes lead there.
HELD_MB = 48
OTHER = FEATURES.replace("* FACTOR", "// 10") + f'\nHELD = b"x" * {HELD_MB * 2**20}\n'


class Released:
    """The store, the records and the release file in `folder`, where a server is to run."""

    def __init__(self, folder: Path) -> None:
        self.store, self.records = folder / "bundles", folder / "handoff/records"
        self.file = folder / "deploy/release.toml"
        self.file.parent.mkdir()

    def add(self, bundle: Path, bundle_id: str, *, accepted: bool = True) -> Path:
        """Copy a bundle into the store; where it lies there."""
        shutil.copytree(bundle, self.store / bundle_id)
        if accepted:
            accept(bundle_id, self.records)
        return self.store / bundle_id

    def name(self, bundle_id: str) -> None:
        """Release it, as git does: with another file in the place of the one before."""
        self.write(f'champion = "{bundle_id}"\n')

    def write(self, text: str) -> None:
        """Put any text there."""
        fresh = self.file.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self.file)


class Following:
    """An application that follows what is released in the working directory."""

    def __init__(self, client: TestClient, released: Released, first: str, folder: Path) -> None:
        self.client, self.released, self.first, self.folder = client, released, first, folder

    def ready(self) -> dict[str, Any]:
        answer = self.client.get("/readyz")
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        return body

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What /readyz says once it holds."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds(self.ready()):
            assert time.monotonic() < end, f"what was waited for did not come: {self.ready()}"
            time.sleep(0.01)
        return self.ready()

    def swaps_to(self, bundle: str) -> None:
        """Release it, and wait for it."""
        self.released.name(bundle)
        self.until(lambda body: body == {"status": "ready", "bundle": bundle})

    def refuses(self) -> str:
        """Why what is released is refused, once it is; the first goes on answering."""
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
