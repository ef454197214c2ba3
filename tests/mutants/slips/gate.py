"""Slips in the gate, and in what it reads: the bundle, the leakage of columns."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "a zero is no value that an expectation can raise",
        "gate/checks/behaviour.py",
        "if row[one.column] is not None]",
        "if row[one.column]]",
        "gate/test_expectations.py -k zero",
    ),
    Slip(
        "latency is measured in seconds and compared with milliseconds",
        "gate/checks/budget.py",
        "times.append(1000 * (time",
        "times.append((time",
        "gate/test_budget.py -k milliseconds",
    ),
    Slip(
        "the champion check refuses by the value, not by the interval",
        "gate/checks/worth_it.py",
        "if gain.high < limit:",
        "if gain.value < limit:",
        "gate/test_limits.py -k champion",
    ),
    Slip(
        "an expectation of a direction never breaks row by row",
        "gate/checks/behaviour.py",
        "gain < -smallest)",
        "gain < -np.inf)",
        "gate/test_expectations.py -k direction",
    ),
    Slip(
        "the count of test evaluations in MLflow is ignored",
        "gate/checks/honest.py",
        "max(context.run.test_evaluations or 0, context.training_result.test_evaluations)",
        "context.training_result.test_evaluations",
        "gate/test_split.py -k mlflow",
    ),
    Slip(
        "the committed feature code is not compared with the bundle's",
        "gate/accept.py",
        ', ("code/features.py", FEATURES_FILE)):',
        ",):",
        "gate/test_recorded.py -k otherwise",
    ),
    Slip(
        "a private key is found only where no kind is named",
        "gate/checks/safe_to_own.py",
        "BEGIN [A-Z0-9 ]*PRIVATE",
        "BEGIN PRIVATE",
        "gate/test_secrets.py",
    ),
    Slip(
        "a note in known_in_time silences a column known too late",
        "leakage/outcome.py",
        "return not self.late and all(",
        "return all(",
        "gate/test_limits.py -k note",
    ),
    Slip(
        "a file of a bundle may have any size",
        "bundle/bundle.py",
        "if file.stat().st_size > LARGEST_FILE:",
        "if file.stat().st_size > LARGEST_FILE << 10:",
        "bundle/test_sizes.py",
    ),
    Slip(
        "retraining may give other parameters",
        "gate/checks/reproducible.py",
        '"candidate", "parameters", "calibrated"',
        '"candidate", "calibrated"',
        "gate/test_same_numbers.py",
    ),
    Slip(
        "of many edges of a contract only the first are tried",
        "data/edges.py",
        "tuple(every[number::rows])",
        "tuple(every[number : number + 1])",
        "gate/test_robust.py -k wide",
    ),
]
