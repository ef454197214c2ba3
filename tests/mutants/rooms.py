"""Which modules of the engine are changed, and which of its tests must notice."""

from dataclasses import dataclass

TESTS = "engine/tests/"


@dataclass(frozen=True)
class Room:
    """Modules (patterns below `engine/`) and the tests that are run on each change of them."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


# Those that need no server of their own: uvicorn takes a gateway that mutmut wraps for a factory.
# Nor those that count calls, because mutmut adds some to each.
HTTP = tuple(
    f"serving/http/test_{name}.py"
    for name in (
        *("errors", "parse", "request_parsing", "types", "tensors", "csv", "scope", "document"),
        *("responses", "reasons", "own_routes", "own_route_checks", "exact_bodies", "offload"),
        *("keys", "metrics", "labels", "app", "openapi", "origins", "without_protocols"),
        *("encodings", "gateway", "invocations", "protocols"),
    )
)

ROOMS = (
    Room(
        "gate",
        ("gate/*.py", "gate/checks/*.py"),
        tuple(
            f"gate/test_{name}.py"
            for name in (
                # A committed project, all of whose checks pass, takes a minute: its tests are
                # test_accept, test_champion, test_own_checks_signed, test_reproducible and
                # test_unsigned. These hold the same promises on smaller bundles.
                *("behaviour", "budget", "built", "calibration", "calibration_error", "complete"),
                *("contract_rows", "directions", "documented", "expectations", "expected", "gate"),
                *("halves", "honest", "honest_parts", "limits", "monitorable", "notebooks"),
                *("own_checks", "page", "placeholders", "publishing", "recorded", "retraining"),
                *("robust", "runs_the_same", "safe", "safe_parts", "same_numbers", "secrets"),
                *("shared", "signatures", "split", "strongest", "validate", "verdict_pages"),
                "worth_it",
            )
        ),
    ),
    Room(
        "bundle",
        ("bundle/*.py",),
        (
            "bundle",
            "gate/test_build.py",
            "gate/test_feature_code.py",
            "monitoring/test_counting.py",
            "monitoring/test_reference.py",
        ),
    ),
    Room(
        "split",
        ("data/split.py", "data/equal_parts.py"),
        (
            "data/test_split.py",
            "data/test_split_faults.py",
            "data/test_split_limits.py",
            "data/test_split_promises.py",
        ),
    ),
    Room(
        "calibration",
        ("training/calibrate.py", "training/money.py"),
        (
            "training/test_calibrate.py",
            "training/test_calibrators.py",
            "training/test_evaluate.py",
            "training/test_money.py",
        ),
    ),
    Room("http", ("serving/http/*.py", "serving/http/protocols/*.py"), HTTP),
    Room("log", ("serving/log/*.py",), ("serving/log", "monitoring/test_log.py")),
    Room("monitoring", ("monitoring/*.py",), ("monitoring",)),
    Room(
        "metrics",
        ("problem/metrics.py", "problem/known_metrics.py"),
        ("problem/test_metrics.py", "problem/test_intervals.py"),
    ),
)
