"""Every field that production reads has its type, or the bundle is refused as it is read."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.bundle import MANIFEST, read
from engine.bundle.documents import CLASSES, check_documents
from engine.contract.format import ColumnFormat
from engine.problem.errors import BadInput
from engine.tests.edges.test_documents import FIELDS, _put, _seal
from engine.tests.monitoring.made import bundle_of, frozen, write_bundle

Documents = dict[str, dict[str, Any]]


def documents() -> Documents:
    """Four documents that agree, with everything that the monitor reads."""
    bundle = bundle_of(frozen())
    manifest = {"format": 1, "name": "a", "version": "1", "features_module": "m", "files": {}}
    texts = (manifest, bundle.contract.to_json(), {"threshold": 0.5}, bundle.reference)
    names = (MANIFEST, "contract.json", "evaluation.json", "reference.json")
    return {name: json.loads(json.dumps(text)) for name, text in zip(names, texts, strict=True)}


# A value that is an object of Python would have another name in each run.
NAMES = [f"{name} {where}" for name, where, _ in FIELDS]


@pytest.mark.parametrize(("name", "where", "values"), FIELDS, ids=NAMES)
def test_read_field_of_another_type_is_refused(
    name: str, where: str, values: tuple[Any, ...], tmp_path: Path
) -> None:
    read_all = []
    for value in values:
        write_bundle(tmp_path, bundle_of(frozen()))
        document = json.loads((tmp_path / name).read_text())
        _put(document, where, value)
        (tmp_path / name).write_text("1e999".join(json.dumps(document).split("Infinity")))
        if name != MANIFEST:
            _seal(tmp_path)
        try:
            read(tmp_path)
        except BadInput:
            continue
        read_all.append(value)
    assert read_all == []


def test_check_documents_that_agree_pass() -> None:
    check_documents(documents())


@pytest.mark.parametrize(
    ("task", "number", "fits"),
    [
        *(("binary", number, number == 2) for number in (0, 1, 2, 3)),
        *(("multiclass", number, number >= 2) for number in (0, 1, 2, 3, 50)),
        *(("regression", number, number == 0) for number in (0, 1, 2)),
    ],
)
def test_check_documents_classes_are_those_of_the_task(task: str, number: int, fits: bool) -> None:
    given = documents()
    given["contract.json"] |= {"task": task, "classes": [f"c{i}" for i in range(number)]}
    if fits:
        check_documents(given)
    else:
        with pytest.raises(ValueError, match=f"{number} classes of a {task}"):
            check_documents(given)
    assert CLASSES["multiclass"][1] == 100_000


def test_check_documents_two_inputs_of_one_name_are_refused() -> None:
    given = documents()
    inputs = given["contract.json"]["inputs"]
    inputs[1]["name"] = inputs[0]["name"]
    with pytest.raises(ValueError, match="two inputs"):
        check_documents(given)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("number", "edges"), ("integer", "edges"), ("category", "categories"),
        ("boolean", "categories"),
    ],
)  # fmt: skip
def test_check_documents_each_input_has_its_bins_and_counts(kind: str, key: str) -> None:
    for missing in (key, "counts"):
        given = documents()
        [one, *_] = [f for f in given["reference.json"]["features"] if f["type"] == kind]
        del one[missing]
        with pytest.raises(ValueError, match="no bins or no counts"):
            check_documents(given)
    given = documents()
    [date] = [f for f in given["reference.json"]["features"] if f["type"] == "date"]
    assert not {"edges", "categories"} & set(date)
    del date["counts"]
    with pytest.raises(ValueError, match="no bins or no counts"):
        check_documents(given)


OPTIONAL = [
    ("contract.json", "layout"),
    ("evaluation.json", "threshold"),
    ("reference.json", "features"),
    ("reference.json", "rows"),
    ("reference.json", "score.counts"),
]


@pytest.mark.parametrize(("name", "where"), OPTIONAL)
def test_check_documents_of_earlier_engines_pass(name: str, where: str) -> None:
    given = documents()
    *above, last = where.split(".")
    document = given[name]
    for key in above:
        document = document[key]
    del document[last]
    check_documents(given)


def test_check_documents_columns_of_earlier_engines_have_no_format() -> None:
    given = documents()
    for column in given["contract.json"]["inputs"]:
        del column["format"]
    check_documents(given)
    given = documents()
    for column in given["contract.json"]["inputs"]:
        for key in ("marks", "guarded", "pivot"):
            column["format"].pop(key, None)
    check_documents(given)
    fields = {*ColumnFormat.__dataclass_fields__} - {"marks", "guarded", "pivot"}
    for key in fields:
        given = documents()
        del given["contract.json"]["inputs"][0]["format"][key]
        with pytest.raises(ValueError, match=key):
            check_documents(given)


@pytest.mark.parametrize(("key", "text"), [("decimal", ""), ("decimal", ".."), ("thousands", "  ")])
def test_check_documents_signs_are_single_characters(key: str, text: str) -> None:
    given = documents()
    given["contract.json"]["inputs"][0]["format"][key] = text
    with pytest.raises(ValueError, match=key):
        check_documents(given)
