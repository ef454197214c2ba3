"""The JSON documents of a bundle as types: what their readers expect in them.

What only training, the gate or a person reads in them is not described here.
"""

from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field

# pydantic reads no `TypedDict` of `typing` before Python 3.12.
from typing_extensions import TypedDict

from engine.contract.column import ColumnType
from engine.problem.known_metrics import Task

STRICT = ConfigDict(strict=True)
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class Code(TypedDict):
    """The code that a bundle was made with."""

    commit: str | None
    dirty: bool


class Engine(TypedDict):
    """The engine that a bundle was built with: `sha256` is that of the code that runs."""

    version: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(TypedDict):
    """manifest.json."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    format: int
    name: str
    version: str | int
    features_module: str
    files: dict[str, str]
    run_id: NotRequired[str]
    code: NotRequired[Code]
    # Bundles of engine 1 have none and are served all the same; the gate accepts none without.
    engine: NotRequired[Engine]
    data_digest: NotRequired[str]
    trained_at: NotRequired[str]


class Input(TypedDict):
    """A column in contract.json."""

    name: str
    type: ColumnType
    nullable: bool
    minimum: Number | None
    maximum: Number | None
    categories: list[str]
    closed: bool
    meaning: str
    example: Any
    # Bundles of engine 1 have neither this nor a layout.
    format: NotRequired["CellFormat"]


class CellFormat(TypedDict):
    """How the cells of a column are written in texts."""

    missing: list[str]
    decimal: Annotated[str, Field(min_length=1, max_length=1)]
    thousands: Annotated[str, Field(max_length=1)]
    unit: str
    negative: list[str]
    infinite: bool
    true: list[str]
    false: list[str]
    dates: list[str]


class TextLayout(TypedDict):
    """How the text file that the model was trained on is laid out."""

    encoding: str
    separator: Annotated[str, Field(min_length=1, max_length=1)]
    header: bool


class ContractFile(TypedDict):
    """contract.json."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    task: Task
    classes: list[str | bool | int | Number]
    inputs: Annotated[list[Input], Field(min_length=1)]
    outputs: list[dict[str, Any]]
    layout: NotRequired[TextLayout]


class Candidate(TypedDict):
    """The candidate that training chose."""

    name: str


class Evaluation(TypedDict):
    """evaluation.json; `threshold` of a binary problem alone."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    threshold: NotRequired[Number | None]
    candidate: NotRequired[Candidate]


class Bins(TypedDict):
    """How a score or an input was distributed: numbers have edges, the others categories."""

    edges: NotRequired[list[Number]]
    categories: NotRequired[list[str]]
    counts: NotRequired[list[Count]]
    missing: NotRequired[Count]
    minimum: NotRequired[Number | None]
    maximum: NotRequired[Number | None]


class Feature(Bins):
    """An input in reference.json."""

    name: str
    type: ColumnType


class Score(Bins):
    """The score in reference.json."""

    edges: list[Number]  # type: ignore[misc]  # required here


class Performance(TypedDict):
    """The success metric on the test rows, with its interval."""

    value: Number
    low: Number
    high: Number


class Reference(TypedDict):
    """reference.json."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    score: Score
    rows: NotRequired[Count]
    features: NotRequired[list[Feature]]
    performance: NotRequired[Performance]
