"""Slips in the reading of tables: their structure, and how a delivery is written."""

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
    Slip(
        "a spreadsheet's day 1 is the first of January 1970",
        "contract/dates.py",
        "/ 1000) * 1000 + first",
        "/ 1000) * 1000",
        "data/test_times.py -k spreadsheet",
    ),
    Slip(
        "a header that comes again is a row",
        "data/sources.py",
        "if len(named) > 1 and len(rows):",
        "if len(named) > len(first) and len(rows):",
        "data/test_structure.py -k repeated",
    ),
    Slip(
        "a delivery without its leading zeros fits",
        "data/check.py",
        "return not (self.mistakes or self.violations or self.rewritten)",
        "return not (self.mistakes or self.violations)",
        "data/test_written.py -k otherwise",
    ),
    Slip(
        "a decimal sign that groups thousands in a delivery is not named",
        "data/written.py",
        "if are_grouped and not were_grouped and not are_whole:",
        "if False:",
        "data/test_written.py -k swapped_signs",
    ),
]
