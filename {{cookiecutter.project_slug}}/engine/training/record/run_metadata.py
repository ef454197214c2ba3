"""What is known of a training run, as it stands in training.json."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.data.load import digest, take
from engine.training.calibrate import Calibration
from engine.training.dataset import SEED
from engine.training.evaluate import among
from engine.training.fit_final import FinalModel, bootstrap, value
from engine.training.folds import CrossValidationData, Trial
from engine.training.insight import rule
from engine.training.insight.frontier import frontier
from engine.training.insight.importance import Importance
from engine.training.insight.latency import one_row_ms
from engine.training.insight.learning_curve import Curve
from engine.training.parallel import at_once
from engine.training.record.provenance import provenance

Facts = dict[str, Any]


def run_metadata(
    taught: CrossValidationData,
    trials: tuple[Trial, ...],
    finished: FinalModel,
    weighed: Calibration | None,
    curve: Curve | None,
    importances: Sequence[Importance],
    *,
    search: Facts | None = None,
    champion: Facts | None = None,
) -> Facts:
    """All that is known of the run, as JSON values; money, intervals and latency are measured here.

    Args:
        trials: the chosen candidate's as it is handed on; the first is the baseline's.
        weighed: the comparison with and without calibration, if there was one.
        search: the facts of the search for parameters, if there was one.
        champion: where the accepted champion comes from, if it was compared.
    """
    dataset, chosen = taught.dataset, finished.trial.candidate
    earned = value(taught, finished, trials[0])
    with at_once(lambda trial: _trial(taught, trial), trials) as done:
        tried = list(done)
    higher = taught.metric.higher_is_better
    return {
        "candidate": chosen.name,
        "parameters": chosen.parameters,
        "calibrated": finished.calibrated or False,
        "calibration": weighed.to_json() if weighed else None,
        "classes": dataset.known.classes,
        "threshold": finished.threshold,
        "value": earned,
        "warnings": _warnings(earned),
        "metric": taught.metric.name,
        "higher_is_better": higher,
        "split": dataset.parts.how,
        "seed": SEED,
        "rows": len(taught.table),
        "folds": len(taught.folds),
        "data_digest": dataset.digest,
        # Their outcomes alone: new columns do not make them rows that nobody has looked at.
        "test_digest": digest(
            take(dataset.frame[[dataset.problem.target.column]], dataset.parts.test)
        ),
        "code": provenance().to_json(),
        "rule": _rule(taught, trials),
        "trials": tried,
        "frontier": frontier(tried, higher_is_better=higher),
        "importance": [asdict(one) for one in importances],
        "learning_curve": asdict(curve) if curve else None,
        "search": search,
        "champion": champion,
    }


def _trial(taught: CrossValidationData, trial: Trial) -> Facts:
    rows = taught.judged
    whole = bootstrap(
        taught.metric.compute,
        taught.dataset.known.values[rows],
        trial.scores[rows],
        is_value=taught.dataset.problem.target.task == "regression",
        units=among(taught.dataset.known.units, rows),
    )
    return {
        "name": trial.candidate.name,
        "mean": trial.mean,
        "error": trial.standard_error,
        "folds": trial.folds,
        # Over all rows that a fold judged at once, with the bootstrap interval.
        **whole.to_json(),
        "fit_seconds": trial.fit_seconds,
        "latency_ms": one_row_ms(taught, trial),
        "parameters": trial.candidate.parameters,
    }


def _rule(taught: CrossValidationData, trials: tuple[Trial, ...]) -> str | None:
    found = next((trial.last for trial in trials if trial.candidate.name == "rule"), None)
    dataset = taught.dataset
    return rule.in_words(found, dataset.columns, dataset.problem) if found else None


def _warnings(earned: Facts) -> list[str]:
    """What a person must hear before going on with this model."""
    if earned["per_1000_rows"] > earned["do_nothing"]:
        return []
    return [
        f"the model earns {earned['per_1000_rows']:,.2f} {earned['currency']} for 1,000 rows, "
        f"doing nothing {earned['do_nothing']:,.2f}; look at the costs in problem.toml, or for "
        "inputs that tell more"
    ]
