"""A project's folder in which bundles are accepted and one is released."""

import shutil
from pathlib import Path

from tests.serving.made import FEATURES, accept

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
