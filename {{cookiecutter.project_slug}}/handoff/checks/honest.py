"""Is the result what it looks like, or does an input give the answer away?"""

import json

from handoff.checks.finding import Evidence, Finding
from handoff.checks.leaks import leaks

# A score beyond these is rare in honest work; by itself it is only worth a second look.
TOO_GOOD = {"roc_auc": 0.995, "accuracy": 0.99, "balanced_accuracy": 0.99, "r2": 0.995}


def leakage(evidence: Evidence) -> Finding:
    """No input gives the target by a known mechanism; too good a score is a warning."""
    required = "no input, and no few together, that give the target"
    found = leaks(evidence.inputs, evidence.columns, evidence.known)
    if found:
        lines = "\n".join(
            f"{json.dumps(name)} = {json.dumps(leak.mechanism)}"
            for leak in found
            for name in leak.columns
        )
        return Finding(
            "leakage", "honest", "refuse",
            "; ".join(f"{', '.join(leak.columns)}: {leak.mechanism}" for leak in found), required,
            "add to problem/problem.toml under [columns.excluded], then train again:\n" + lines,
        )  # fmt: skip
    metrics = evidence.bundle.evaluation["metrics"]
    good = [
        f"{name} {metrics[name]['value']:.4f}"
        for name, limit in TOO_GOOD.items()
        if name in metrics and metrics[name]["value"] > limit
    ]
    if good:
        return Finding(
            "leakage", "honest", "warn", f"nearly perfect ({', '.join(good)}), no mechanism found",
            required, "ask someone who knows the data when each input becomes known",
        )  # fmt: skip
    return Finding("leakage", "honest", "pass", f"{len(evidence.columns)} inputs, no leak", required)
