"""Slips in the monitoring of live predictions."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "a record that was delivered twice counts twice",
        "monitoring/log.py",
        "connection.execute(ONCE if records > predictions else EACH)",
        "connection.execute(EACH)",
        "monitoring/test_log.py::test_a_record_that_was_delivered_several_times_counts_once",
    ),
    Slip(
        "performance alarms by the value, not by the interval",
        "monitoring/performance.py",
        "best, limit = (live.high, usual.low) if higher else (live.low, usual.high)",
        "best, limit = live.value, usual.value",
        "monitoring/test_performance.py::test_performance_is_degraded_only_if_the_intervals_part",
    ),
    Slip(
        "a day gone by counts what was predicted after it",
        "monitoring/log.py",
        "AND answered_at <= getvariable('until')",
        "",
        "monitoring/test_log.py::test_window_ends_at_now",
    ),
    Slip(
        "the name of a log is a pattern that finds its neighbours too",
        "monitoring/log.py",
        "[glob.escape(str(path)) for path in paths]",
        "[str(path) for path in paths]",
        "monitoring/test_log.py::test_log_of_any_name_is_read_without_its_neighbours",
    ),
    Slip(
        "a segment that may not be read is called invalid",
        "monitoring/log.py",
        "if not os.access(path, os.R_OK):",
        "if not os.access(path, os.F_OK) and False:",
        "monitoring/test_rights.py",
    ),
]
