"""Validates the JSON documents of a bundle: the keys that production reads."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, NotRequired, get_type_hints

from pydantic import AfterValidator, Field, TypeAdapter

# pydantic reads no `TypedDict` of `typing` before Python 3.12.
from typing_extensions import TypedDict

from engine.contract.column import Column, ColumnType
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.problem.known_metrics import Task

Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Day = Annotated[str, AfterValidator(date.fromisoformat)]
Character = Annotated[str, Field(min_length=1, max_length=1)]

# The least and the greatest number of classes by task.
CLASSES = {"binary": (2, 2), "multiclass": (2, 100_000), "regression": (0, 0)}


class _Code(TypedDict):
    commit: str | None
    dirty: bool


class _Engine(TypedDict):
    version: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Manifest(TypedDict):
    format: int
    name: str
    version: str | int
    features_module: str
    files: dict[str, str]
    run_id: NotRequired[str]
    code: NotRequired[_Code]
    # Bundles of engine 1 have none and are served all the same; the gate accepts none without.
    engine: NotRequired[_Engine]
    data_digest: NotRequired[str]
    trained_at: NotRequired[str]


def _fields(kind: type, **stricter: Any) -> Any:
    """The fields of a dataclass in JSON, where tuples are lists; `stricter` replaces types."""
    hints = get_type_hints(kind)
    types = {key: list[str] if one == tuple[str, ...] else one for key, one in hints.items()}
    return TypedDict(kind.__name__, types | stricter)  # type: ignore[operator]


# Bundles of earlier engines have none of the last three.
_FORMAT = _fields(
    ColumnFormat,
    decimal=Character,
    thousands=Annotated[str, Field(max_length=1)],
    marks=NotRequired[list[str]],
    guarded=NotRequired[bool],
    pivot=NotRequired[int],
)
# Bundles of engine 1 have neither formats nor a layout.
_COLUMN = _fields(Column, minimum=Number | None, maximum=Number | None, format=NotRequired[_FORMAT])
_LAYOUT = _fields(Layout, separator=Character)


class _Contract(TypedDict):
    task: Task
    classes: list[str | bool | int | Number]
    inputs: Annotated[list[_COLUMN], Field(min_length=1)]  # type: ignore[valid-type]
    outputs: list[dict[str, Any]]
    layout: NotRequired[_LAYOUT]  # type: ignore[valid-type]
    # Bundles of engine 3.1 and before have none.
    dropped: NotRequired[dict[str, Day]]


class _Named(TypedDict):
    name: str


class _Evaluation(TypedDict):
    threshold: NotRequired[Number | None]  # of a binary problem alone
    candidate: NotRequired[_Named]


class _Bins(TypedDict):
    """The distribution of a score or an input: numbers have edges, the others categories."""

    edges: NotRequired[list[Number]]
    categories: NotRequired[list[str]]
    counts: NotRequired[list[Count]]
    missing: NotRequired[Count]
    minimum: NotRequired[Number | None]
    maximum: NotRequired[Number | None]


class _Feature(_Bins, _Named):
    type: ColumnType


class _Score(_Bins):
    edges: list[Number]  # type: ignore[misc]  # required here


class _Performance(TypedDict):
    value: Number
    low: Number
    high: Number


class _Reference(TypedDict):
    score: _Score
    rows: NotRequired[Count]
    features: NotRequired[list[_Feature]]
    performance: NotRequired[_Performance]


_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "manifest.json": TypeAdapter(_Manifest),
    "contract.json": TypeAdapter(_Contract),
    "evaluation.json": TypeAdapter(_Evaluation),
    "reference.json": TypeAdapter(_Reference),
}


def check_documents(documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Validate documents by file name; ValueError if a field is wrong or two do not agree."""
    for name, document in documents.items():
        _ADAPTERS[name].validate_python(document, strict=True)
    contract = documents["contract.json"]
    least, most = CLASSES[contract["task"]]
    if not least <= len(contract["classes"]) <= most:
        raise ValueError(f"{len(contract['classes'])} classes of a {contract['task']} problem")
    names = [column["name"] for column in contract["inputs"]]
    if len(set(names)) < len(names):
        raise ValueError("two inputs of one name")
    if both := set(names) & contract.get("dropped", {}).keys():
        raise ValueError(f"{sorted(both)[0]!r} is an input and dropped")
    for feature in documents["reference.json"].get("features", ()):
        required = {"number": "edges", "integer": "edges", "date": "name"}
        if required.get(feature["type"], "categories") not in feature or "counts" not in feature:
            raise ValueError(f"the reference of {feature['name']!r} has no bins or no counts")
