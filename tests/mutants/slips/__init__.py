"""Small faults that people make, planted in the engine by hand; a test must notice each.

One module for some rooms of the engine. Each entry of its `SLIPS` changes one place. The test that
must fail is named, so that a slip takes seconds; `make mutants` draws changes at random beside.
"""

import pkgutil
from importlib import import_module

from tests.mutants.slips.slip import Slip

SLIPS: list[Slip] = [
    slip
    for module in pkgutil.iter_modules(__path__)
    for slip in getattr(import_module(f"{__name__}.{module.name}"), "SLIPS", ())
]
