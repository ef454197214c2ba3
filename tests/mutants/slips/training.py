"""Slips in training, and in what it stands on: the contract, metrics and intervals."""

from tests.mutants.slips.slip import Slip

SLIPS = [
    Slip(
        "features of fewer rows than a fold has are predicted",
        "training/folds.py",
        "if features.shape[0] != len(validation):",
        "if features.shape[0] > len(validation):",
        "training/test_train.py -k latest_rows_only",
    ),
    Slip(
        "a model that earns no more than acting on every row is no warning",
        "training/record/write.py",
        'value["per_1000_rows"] <= amount',
        'value["per_1000_rows"] <= value["do_nothing"]',
        "training/test_tables.py -k acts_on_every",
    ),
    Slip(
        "test rows that repeat training rows are compared by their time too",
        "data/split.py",
        "problem.kept_out | {problem.rows.time}",
        "problem.kept_out",
        "data/test_split.py -k repeat_training",
    ),
    Slip(
        "the decision threshold is set on scores before calibration",
        "training/calibrate.py",
        "threshold_of(data, final.scores, data",
        "threshold_of(data, trial.scores, data",
        "training/test_calibrate.py -k fit_final_threshold",
    ),
    Slip(
        "a calibration curve is fitted on the rows it is evaluated on",
        "training/calibrate.py",
        "rows, fitted = data.calibration_rows(number), trial",
        "rows, fitted = validation, trial",
        "training/test_calibrate.py -k never_reach",
    ),
    Slip(
        "a calibration is kept for a gain within chance",
        "training/calibrate.py",
        "if gain.low > 0 else None",
        "if gain.value > 0 else None",
        "training/test_calibrate.py -k beyond_chance",
    ),
    Slip(
        "a contract without strict refuses unknown columns",
        "data/load.py",
        "if unknown and schema.strict is True:",
        "if unknown:",
        "data/test_load.py -k strict",
    ),
    Slip(
        "an interval holds 90 % and is called one of 95 %",
        "problem/metrics.py",
        "[0.025, 0.975]",
        "[0.05, 0.95]",
        "training/test_limits.py -k interval_ends",
    ),
    Slip(
        "a feature of two inputs is taken for one input's own",
        "training/shuffle.py",
        "if (changed & ~self._of_one).any():",
        "if False:",
        "training/test_shuffle.py -k full",
    ),
]
