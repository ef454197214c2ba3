"""A selection of small faults in the engine: its tests notice each."""

import os
from pathlib import Path

import pytest

from tests.mutants.slips import SLIPS
from tests.mutants.slips.slip import Slip, attempt

# Every other one takes two minutes; `make slips` plants all.
PLANTED = SLIPS if os.environ.get("SLIPS") == "all" else SLIPS[::2]


@pytest.mark.parametrize("slip", PLANTED, ids=lambda slip: slip.about.replace(" ", "-"))
def test_slip_is_noticed(slip: Slip, project_env: Path, tmp_path: Path) -> None:
    """The named test fails where the fault is planted (and passes without: test_day_one)."""
    assert attempt(slip, project_env / "bin/python", tmp_path) == ""
