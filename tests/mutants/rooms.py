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
    Room("gate", ("gate/*.py", "gate/checks/*.py"), ("gate",)),
    Room("bundle", ("bundle/*.py",), ("gate", "serving/test_select_bundle.py", "serving/model")),
    Room(
        "split",
        ("data/split.py", "data/split_faults.py"),
        ("data/test_split.py", "data/test_split_faults.py", "gate/test_split.py"),
    ),
    Room(
        "calibration",
        ("training/calibrate.py", "training/money.py"),
        ("training/test_calibrate.py", "training/test_evaluate.py", "training/test_train.py"),
    ),
    Room("http", ("serving/http/*.py", "serving/http/protocols/*.py"), HTTP),
    Room("log", ("serving/log/*.py",), ("serving/log", "monitoring/test_log.py")),
    Room("monitoring", ("monitoring/*.py",), ("monitoring",)),
    Room("metrics", ("problem/metrics.py", "problem/known_metrics.py"), ("problem",)),
)
