"""Slips in the search for leaks."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "prices in steps of five pass for fees",
        "leakage/relations/arithmetic.py",
        "usual = usual_step(outcome)",
        "usual = step",
        "'leakage/test_near.py::test_find_honest_near_a_leak_is_clean[fees-in steps]'",
    ),
]
