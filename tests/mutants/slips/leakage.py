"""Slips in the search for leaks."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "prices in steps of five pass for fees",
        "leakage/relations/fees.py",
        "len(fees) <= SPARSE * (np.ptp(fees) / step + 1)",
        "len(fees) <= MOST",
        "leakage/test_near.py::test_find_honest_near_a_leak_is_clean[fees-in_steps]",
    ),
    Slip(
        "of classes by a sum, those that lie apart give the weights",
        "leakage/relations/planes.py",
        "for pair in pairwise(pd.Series(score).groupby(codes).median().sort_values().index):",
        "for pair in [two]:",
        "leakage/test_relatives.py::test_find_relative_of_a_leak_is_named_with_all_its_columns"
        "[sum_of_three_classes]",
    ),
]
