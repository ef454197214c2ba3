"""The gate lets sound work pass, and every check refuses its own kind of lie."""

import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandera.pandas as pa
import pytest
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from handoff.bundle import read
from handoff.gate import CHECKS
from problem.spec import Task
from tests.handoff.conftest import Make
from tests.handoff.made import ORDERS, Workshop, reseal

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
PROBLEM, FEATURES = "problem/problem.toml", "poc/features.py"


@pytest.mark.parametrize("task", TASKS)
def test_sound_work_passes_every_check(workshop: Make, task: Task) -> None:
    judgement = workshop(task).judge()
    verdicts = {one.check: (one.verdict, one.measured) for one in judgement.findings}
    assert [*verdicts] == [check.name for check in CHECKS]
    assert {name: one for name, one in verdicts.items() if one[0] != "pass"} == {}
    json.dumps(judgement.to_json())


def test_every_refusal_says_what_to_do(workshop: Make) -> None:
    made = workshop("regression")
    made.edit_json("evaluation.json", lambda said: said["candidate"].update(value=0.01))
    [refusal] = made.judge().refusals
    assert refusal.measured.startswith("evaluation.json candidate value is 0.01, found ")
    assert refusal.required
    assert refusal.next


# --- worth it ------------------------------------------------------------------------------------

# Both in the project and in the bundle: the work itself is not worth it, and nobody lies.
NOT_WORTH_IT = {
    "framed": ('action = "Call the customer."', 'action = "Not yet said: what is done."'),
    "beats the baseline": ("minimum = 1.0", "minimum = 0.001"),
    "slices": ("floor = 1.2", "floor = 0.001"),
}


@pytest.mark.parametrize("check", NOT_WORTH_IT)
def test_work_that_is_not_worth_it_is_refused(workshop: Make, check: str) -> None:
    made = workshop("regression")
    made.edit("problem.toml", *NOT_WORTH_IT[check], also=PROBLEM)
    assert check in made.refused_by()


def test_a_gain_that_is_not_sure_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    gain = read(made.bundle).evaluation["baselines"][0]["difference"]
    between = (gain["low"] + gain["value"]) / 2
    made.edit("problem.toml", "margin = 0.1", f"margin = {between}", also=PROBLEM)
    assert "beats the baseline" in made.refused_by()


def test_assumed_answers_are_a_warning(workshop: Make) -> None:
    made = workshop("regression")
    made.edit("problem.toml", "assumed = []", 'assumed = ["value"]', also=PROBLEM)
    [framed] = [one for one in made.judge().warnings if one.check == "framed"]
    assert "value" in framed.next


# --- honest --------------------------------------------------------------------------------------


def _to(value: Any, *keys: Any) -> Callable[[Any], None]:
    """Set the value that stands under these keys."""

    def change(document: Any) -> None:
        *above, last = keys
        for key in above:
            document = document[key]
        document[last] = value

    return change


LIES_ABOUT_ITSELF: dict[str, tuple[str, Callable[[Any], None]]] = {
    "a better measure": ("evaluation.json", _to(0.1, "candidate", "value")),
    "a narrower interval": ("evaluation.json", _to(0.7, "candidate", "high")),
    "a worse baseline": ("evaluation.json", _to(9.0, "baselines", 0, "value")),
    "a surer gain": ("evaluation.json", _to(9.0, "baselines", 0, "difference", "low")),
    "no baseline": ("evaluation.json", _to([], "baselines")),
    "another direction": ("evaluation.json", _to(True, "higher_is_better")),
    "a group better off": ("evaluation.json", _to(0.1, "slices", 0, "metric")),
    "a group less": ("evaluation.json", lambda said: said["slices"].pop()),
    "more money": ("evaluation.json", _to(10**6, "value", "per_1000_rows")),
    "a word more": ("evaluation.json", _to("certified", "award")),
    "counts of another day": ("reference.json", _to(999, "score", "counts", 0)),
    "bins that see nothing": ("reference.json", _to([], "features", 0, "edges")),
    "a better reference": ("reference.json", _to(0.1, "performance", "value")),
}


@pytest.mark.parametrize("lie", LIES_ABOUT_ITSELF)
def test_a_bundle_that_praises_itself_is_refused(workshop: Make, lie: str) -> None:
    made = workshop("regression")
    made.edit_json(*LIES_ABOUT_ITSELF[lie])
    assert made.ask("evaluation").verdict == "refuse"


def test_an_edited_card_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    made.edit("model_card.md", "Rating customers.", "Nothing.")
    assert made.refused_by() == {"evaluation"}


def test_a_threshold_that_earns_less_cannot_hide(workshop: Make) -> None:
    made = workshop("binary")
    made.edit_json("evaluation.json", _to(0.99, "threshold"))
    assert made.refused_by() == {"evaluation", "parity"}


def test_a_column_known_after_the_outcome_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    for line in ('arrived_at = "known only after the outcome"\n', 'speed = "another outcome"\n'):
        made.edit("problem.toml", line, "", also=PROBLEM)
    [leak] = [one for one in made.judge().refusals if one.check == "leakage"]
    assert "ordered_at" in leak.measured
    assert '"arrived_at" = ' in leak.next


# --- runs the same -------------------------------------------------------------------------------

ELSEWHERE: dict[str, Callable[[Workshop], None]] = {
    "easier problem": lambda made: made.edit("problem.toml", "minimum = 1.0", "minimum = 5.0"),
    "other feature code": lambda made: made.edit("code/features.py", "1e30", "1e29"),
    "newer problem": lambda made: _edit(made.root / PROBLEM, "floor = 1.2", "floor = 1.1"),
    "newer feature code": lambda made: _edit(made.root / FEATURES, "1e30", "1e29"),
    "other rows": lambda made: made.edit_json("manifest.json", _to("0" * 64, "data_digest")),
    "luckier split": lambda made: made.edit_json("manifest.json", _to(7, "seed")),
    "older packages": lambda made: made.edit_json("manifest.json", _to([], "requirements")),
    "other module": lambda made: made.edit_json("manifest.json", _to("os", "features_module")),
    "other model": lambda made: made.edit_json("manifest.json", _to("champion", "name")),
}


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("what", ELSEWHERE)
def test_what_was_made_of_something_else_is_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    ELSEWHERE[what](made)
    assert made.refused_by() == {"current"}


def test_line_ends_are_no_difference(workshop: Make) -> None:
    made = workshop("regression")
    for name in (PROBLEM, FEATURES):
        path = made.root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert made.refused_by() == set()


def column(name: str, **facts: Any) -> Callable[[Any], None]:
    """Change what contract.json says of a column."""
    return lambda said: next(one for one in said["inputs"] if one["name"] == name).update(facts)


OTHER_CONTRACTS: dict[str, Callable[[Any], Any]] = {
    "no upper end": column("weight", maximum=None),
    "a wider range": column("items", maximum=100),
    "a narrower range": column("items", maximum=3),
    "may be missing": column("items", nullable=True),
    "may not be missing": column("weight", nullable=False),
    "open": column("shop", closed=False),
    "one shop less": column("shop", categories=["north"]),
    "another type": column("fragile", type="category"),
    "an input less": lambda said: said["inputs"].pop(),
    "in another order": lambda said: said["inputs"].reverse(),
    "another meaning": column("weight", meaning="length"),
    "another task": _to("binary", "task"),
    "other outputs": _to([], "outputs"),
}


@pytest.mark.parametrize("what", OTHER_CONTRACTS)
def test_another_contract_than_that_of_the_data_is_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    made.edit_json("contract.json", OTHER_CONTRACTS[what])
    assert made.ask("contract").verdict == "refuse"


def test_a_contract_that_changed_since_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    wider = ORDERS.update_column("weight", checks=[pa.Check.in_range(0, 4000)])
    assert Workshop(made.root, wider, made.bundle).ask("contract").verdict == "refuse"


def test_a_rule_that_only_warns_in_training_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    warns = pa.Check.in_range(0, 40, raise_warning=True)
    loose = Workshop(made.root, ORDERS.update_column("weight", checks=[warns]), made.bundle)
    assert "weight above its range (training)" in loose.ask("contract").measured


def test_a_number_without_a_range_is_a_warning(workshop: Make) -> None:
    made = workshop("regression")
    bare = Workshop(made.root, ORDERS.update_column("weight", checks=[]), made.bundle)
    made.edit_json("contract.json", column("weight", minimum=None, maximum=None))
    result = bare.ask("contract")
    assert result.verdict == "warn"
    assert "no range: weight" in result.measured


def _golden(made: Workshop, change: Callable[[list[dict[str, Any]]], object]) -> None:
    path = made.bundle / "golden.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    reseal(made.bundle)


def _without_edges(rows: list[dict[str, Any]]) -> None:
    rows[:] = [row for row in rows if row["kind"] == "typical"]


OTHER_ANSWERS: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "an answer changed": _to(123.0, 3, "answer", "score"),
    "a row changed": _to(19, 3, "row", "items"),
    "a row less": lambda rows: rows.pop(),
    "no edges": _without_edges,
    "no rows": lambda rows: rows.clear(),
    "edges called typical": _to("typical", -1, "kind"),
}


@pytest.mark.parametrize("what", OTHER_ANSWERS)
def test_other_golden_rows_are_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    _golden(made, OTHER_ANSWERS[what])
    assert made.refused_by() == {"parity"}


def test_feature_code_that_behaves_differently_when_served_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    twist = "LARGEST = 1e30 if __name__.startswith('poc') else 3.0"
    made.edit("code/features.py", "LARGEST = 1e30", twist, also=FEATURES)
    [refusal] = made.judge().refusals
    assert refusal.check == "parity"
    assert "golden row" in refusal.measured


def test_another_model_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    model = skops.io.load(path := made.bundle / "model/model.skops", trusted=_types(path))
    predictor = model[-1]
    if hasattr(predictor, "coef_"):
        predictor.coef_ = predictor.coef_ * 1.01
    else:
        predictor._baseline_prediction = predictor._baseline_prediction + 0.01
    skops.io.dump(model, path)
    reseal(made.bundle)
    assert made.refused_by() == {"evaluation", "parity"}


# --- safe to own ---------------------------------------------------------------------------------


def _types(path: Path) -> list[str]:
    return list(skops.io.get_untrusted_types(file=path))


def test_a_file_that_is_none_of_a_bundles_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    (made.bundle / "model/weights.pkl").write_bytes(b"\x80\x04N.")
    reseal(made.bundle)
    assert made.refused_by() == {"complete"}


@pytest.mark.parametrize("field", ["run_id", "code", "trained_at", "version"])
def test_a_manifest_that_leaves_something_out_is_refused(workshop: Make, field: str) -> None:
    made = workshop("regression")
    made.edit_json("manifest.json", lambda said: said.pop(field))
    assert made.refused_by() == {"complete"}


def _pack(made: Workshop, name: str, content: bytes) -> None:
    with zipfile.ZipFile(made.bundle / "model/model.skops", "a") as archive:
        archive.writestr(name, content)
    reseal(made.bundle)


def _untrusted(made: Workshop) -> None:
    path = made.bundle / "model/model.skops"
    model = skops.io.load(path, trusted=_types(path))
    steps = [("shell", FunctionTransformer(subprocess.getoutput)), *model.steps]
    skops.io.dump(Pipeline(steps), path)
    reseal(made.bundle)


def _write(name: str, content: bytes) -> Callable[[Workshop], None]:
    def lie(made: Workshop) -> None:
        (made.bundle / name).write_bytes(content)
        reseal(made.bundle)

    return lie


def _import(line: str) -> Callable[[Workshop], None]:
    return lambda made: made.edit(
        "code/features.py", "import numpy as np\n", f"import numpy as np\n{line}\n", also=FEATURES
    )


KEY = "AKIA" + "ABCDEFGHIJKLMNOP"  # in two parts, or this file would hold a secret itself
UNSAFE: dict[str, tuple[Callable[[Workshop], None], str]] = {
    "a pickle for a card": (_write("model_card.md", b"\x80\x04N."), "model_card.md is a pickle"),
    "a pickle for a model": (_write("model/model.skops", b"\x80\x05N."), "model.skops is a pickle"),
    "a pickle in the model": (
        lambda made: _pack(made, "extra.pkl", b"N."),
        "extra.pkl is a pickle",
    ),
    "a pickle by another name": (
        lambda made: _pack(made, "extra.npy", b"\x80\x04N."),
        "extra.npy is a pickle",
    ),
    "a secret in the card": (
        lambda made: made.edit("model_card.md", "Rating customers.", KEY),
        "model_card.md holds an AWS key",
    ),
    "a secret in the model": (
        lambda made: _pack(made, "notes.txt", f"key: {KEY}".encode()),
        "notes.txt holds an AWS key",
    ),
    "a password in the source": (
        _import('SOURCE = "postgresql://me:hunter22@db/orders"'),
        "features.py holds a password in a URL",
    ),
    "a type that runs commands": (_untrusted, "subprocess.getoutput"),
    "feature code that needs the project": (
        _import("from problem.errors import BadInput"),
        "features.py imports problem",
    ),
    "feature code that needs more packages": (
        _import("import mlflow"),
        "features.py imports mlflow",
    ),
    "feature code from next door": (_import("from . import model"), "features.py imports ."),
    "a personal input": (
        lambda made: made.edit_json(
            "contract.json", lambda said: said["inputs"][2].update(name="customer")
        ),
        "personal column 'customer' is in the model's inputs",
    ),
    "a personal golden row": (
        lambda made: _golden(made, _to("c17", 0, "row", "customer")),
        "personal column 'customer' is in the golden rows",
    ),
}


@pytest.mark.parametrize("what", UNSAFE)
def test_what_nobody_should_own_is_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    plant, words = UNSAFE[what]
    plant(made)
    result = made.ask("safe")
    assert result.verdict == "refuse"
    assert words in result.measured


def test_a_model_that_may_not_be_loaded_is_measured_by_no_check(workshop: Make) -> None:
    made = workshop("regression")
    _untrusted(made)
    assert made.refused_by() == {
        *("beats the baseline", "slices", "evaluation", "leakage", "parity", "safe")
    }
