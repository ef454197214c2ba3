"""Slips in how tables are read."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "24:00 is the beginning of its own day",
        "contract/dates.py",
        "midnight + timedelta(days=1)",
        "midnight",
        "contract/test_conformance.py",
    ),
    Slip(
        "a minus sign beside a plus sign means missing",
        "adopt/texts.py",
        'values = {"-", "--"}',
        "values = set()",
        "data/test_missing_words.py",
    ),
]
