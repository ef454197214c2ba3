"""Holds the JSON documents of a bundle against their types, once, where a bundle is read."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from engine.bundle.documents.shapes import ContractFile, Evaluation, Manifest, Reference

# How many classes each task has at least and at most.
CLASSES = {"binary": (2, 2), "multiclass": (2, 100_000), "regression": (0, 0)}

ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "manifest.json": TypeAdapter(Manifest),
    "contract.json": TypeAdapter(ContractFile),
    "evaluation.json": TypeAdapter(Evaluation),
    "reference.json": TypeAdapter(Reference),
}


def check_documents(documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Hold documents, by the names of their files, against what their readers expect.

    Raises:
        ValueError: one has a field that is missing or of another type, or its fields do not agree.
    """
    for name, document in documents.items():
        ADAPTERS[name].validate_python(document)
    contract = documents["contract.json"]
    least, most = CLASSES[contract["task"]]
    if not least <= len(contract["classes"]) <= most:
        raise ValueError(f"{len(contract['classes'])} classes of a {contract['task']} problem")
    names = [column["name"] for column in contract["inputs"]]
    if len(set(names)) < len(names):
        raise ValueError("two inputs of one name")
    for feature in documents["reference.json"].get("features", ()):
        needed = {"number": "edges", "integer": "edges", "date": "name"}
        if needed.get(feature["type"], "categories") not in feature or "counts" not in feature:
            raise ValueError(f"the reference of {feature['name']!r} has no bins or no counts")
