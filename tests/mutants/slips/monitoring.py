"""Slips in the monitoring of live predictions."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "a record that was delivered twice counts twice",
        "monitoring/log.py",
        "connection.execute(ONCE if records > predictions else EACH)",
        "connection.execute(EACH)",
        "monitoring/test_log.py",
    ),
    Slip(
        "performance alarms by the value, not by the interval",
        "monitoring/performance.py",
        "best, limit = (live.high, usual.low) if higher else (live.low, usual.high)",
        "best, limit = live.value, usual.value",
        "monitoring/test_performance.py",
    ),
    Slip(
        "a day gone by counts what was predicted after it",
        "monitoring/log.py",
        "AND answered_at <= getvariable('until')",
        "",
        "monitoring/test_log.py",
    ),
]
