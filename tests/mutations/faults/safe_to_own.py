"""Bundles that nobody should run, or could answer for."""

import json
import os
import pickle
import zipfile

from tests.mutations.catalogue import fault, root_fault
from tests.mutations.work import CONTRACT, FEATURES, Work

# --- complete -------------------------------------------------------------------------------------


@fault("complete", "wine", quick=True)
def a_changed_byte(work: Work) -> None:
    """One byte of the model was changed, and the manifest was not."""
    path = work.bundle / "model/model.skops"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@fault("complete", "diabetes")
def a_file_too_many(work: Work) -> None:
    """The folder holds a file that the manifest does not list."""
    (work.bundle / "notes.txt").write_text("to be deleted", encoding="utf-8")


@fault("complete", "breast_cancer")
def a_file_too_few(work: Work) -> None:
    """The monitor's reference is missing."""
    (work.bundle / "reference.json").unlink()


@fault("complete", "parcels")
def a_link_in_place_of_a_file(work: Work) -> None:
    """The model is a symbolic link to a file elsewhere, which can change at any time."""
    path = work.bundle / "model/model.skops"
    elsewhere = work.path / "build/model.skops"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@fault("complete", "wine")
def a_path_that_leaves_the_bundle(work: Work) -> None:
    """The manifest lists a file outside the folder."""
    path = work.bundle / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["files"]["../../../poc/features.py"] = "0" * 64
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")


@fault("complete", "diabetes")
def a_stranger_in_the_manifest(work: Work) -> None:
    """An unknown file was added, and the manifest lists it."""
    (work.bundle / "setup.sh").write_text("true", encoding="utf-8")
    path = work.bundle / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["files"]["setup.sh"] = ""
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    work.reseal()


# --- safe -----------------------------------------------------------------------------------------


@fault("safe", "wine", quick=True)
def a_pickle_in_the_model(work: Work) -> None:
    """The model's archive holds a pickle, which runs code when it is loaded."""
    with zipfile.ZipFile(work.bundle / "model/model.skops", "a") as archive:
        archive.writestr("extra.pkl", pickle.dumps({"harmless": "this time"}))
    work.reseal()


@root_fault("safe", "diabetes")
def a_password_in_the_features(work: Work) -> None:
    """The feature code holds a password, which every bundle would contain."""
    secret = os.urandom(8).hex()
    work.append(FEATURES, f'\nDATABASE = "postgresql://reader:{secret}@db.internal/orders"\n')


@root_fault("safe", "breast_cancer", also=("parity",))
def features_that_need_the_project(work: Work) -> None:
    """The feature code imports the project, which the server does not have."""
    work.append(FEATURES, "\nimport engine.training.record.tracking  # noqa: E402, F401\n")


@fault("safe", "parcels", also=("contract", "parity", "behaviour", "budget"))
def a_person_in_the_inputs(work: Work) -> None:
    """A personal column is an input of the bundle."""

    def add_customer(document: dict[str, list[dict[str, object]]]) -> None:
        customer = document["inputs"][1] | {"name": "customer_id"}
        document["inputs"].append(customer)

    work.lie_in_json("contract.json", add_customer)


@root_fault("safe", "wine")
def features_that_read_a_file(work: Work) -> None:
    """The feature code opens a file of the machine that it runs on."""
    work.append(FEATURES, '\n\ndef _limits() -> str:\n    return open("/etc/limits").read()\n')


@root_fault("safe", "diabetes")
def features_that_read_the_clock(work: Work) -> None:
    """The feature code computes an age up to today, so it differs every day."""
    work.append(FEATURES, "\n\ndef _today() -> pd.Timestamp:\n    return pd.Timestamp.now()\n")


# --- documented -----------------------------------------------------------------------------------


@root_fault("documented", "diabetes", quick=True)
def a_note_to_oneself_on_the_card(work: Work) -> None:
    """The model card has a placeholder instead of the limits of use."""
    work.set_value("not_for", '"TODO: ask the legal department."')


@root_fault("documented", "wine")
def an_input_that_nobody_explains(work: Work) -> None:
    """The description of an input is a row of question marks."""
    work.edit(CONTRACT, 'description="magnesium, mg/l"', 'description="???"')


# --- monitorable ----------------------------------------------------------------------------------


@root_fault("monitorable", "diabetes", quick=True)
def one_threshold_for_every_sample(work: Work) -> None:
    """One drift threshold for every sample size: on few rows the monitor raises false alarms."""
    work.edit(
        "engine/monitoring/drift.py",
        "return float(max(PRACTICAL_PSI, chance))",
        "return PRACTICAL_PSI",
    )
    work.set_value("minimum_rows", "30")


# --- notebooks ------------------------------------------------------------------------------------


@fault("notebooks", "wine", quick=True)
def a_notebook_with_old_pictures(work: Work) -> None:
    """A notebook was committed with outputs, which show rows and may be outdated."""
    _notebook(work, "1 + 1", outputs=["2"])


@fault("notebooks", "diabetes")
def a_notebook_that_no_longer_runs(work: Work) -> None:
    """A notebook uses a name that only its author's session defined."""
    _notebook(work, "table.describe()", outputs=[])


@fault("notebooks", "breast_cancer")
def a_look_at_a_column_that_is_gone(work: Work) -> None:
    """The marimo notebook uses a column that the table no longer has."""
    work.edit(
        "eda/explore.py",
        'if __name__ == "__main__":',
        '@app.cell\ndef _(seen):\n    seen.learn["smoker"].mean()\n    return\n\n\n'
        'if __name__ == "__main__":',
    )


def _notebook(work: Work, source: str, *, outputs: list[str]) -> None:
    cell: dict[str, object] = {
        "cell_type": "code",
        "id": "one",
        "execution_count": 1 if outputs else None,
        "metadata": {},
        "source": source,
        "outputs": [
            {"output_type": "execute_result", "execution_count": 1, "metadata": {},
             "data": {"text/plain": text}}
            for text in outputs
        ],
    }  # fmt: skip
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    work.write("eda/look.ipynb", json.dumps(book))
