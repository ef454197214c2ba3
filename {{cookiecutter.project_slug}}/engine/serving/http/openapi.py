"""The OpenAPI document: the contract's own types, and every refusal."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fastapi import FastAPI

from engine.serving.http.errors import BLANK, KINDS, MEDIA_TYPE
from engine.serving.http.paths import GUARDED, OPERATE
from engine.serving.http.protocols import documents
from engine.serving.http.schema import Schema
from engine.serving.model.predictor import Predictor
from engine.serving.model_holder import ModelHolder

Responses = dict[int | str, dict[str, Any]]

# For what reasons a body may be refused, whatever it holds.
READING = (
    "no-key",
    "wrong-origin",
    "not-json",
    "not-decoded",
    "too-slow",
    "body-too-large",
    "too-many-rows",
    "too-many-values",
    "wrong-encoding",
    "invalid",
    "internal",
)

_FAULT = {
    "type": "object",
    "required": ["field", "expected", "got"],
    "properties": {name: {"type": "string"} for name in ("field", "expected", "got")},
}
_REFUSAL = {
    "title": "Refusal",
    "description": "Problem details, RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [*(f"urn:problem:{kind}" for kind in KINDS), BLANK]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": _FAULT},
    },
}
_STORED = {
    "title": "Stored",
    "type": "object",
    "required": ["stored"],
    "properties": {"stored": {"type": "integer", "description": "Labels stored."}},
}


def takes(*names: str) -> dict[str, Any]:
    """The `openapi_extra` of an operation whose body is one of these components."""
    return {"requestBody": {"required": True, "content": _json(names)}}


def asks_for_reasons() -> dict[str, Any]:
    """The `openapi_extra` of an operation that tells, if asked, why one row has its score."""
    words = (
        "How many reasons to tell of one row: the inputs that move its score most, each against "
        "what is typical of it."
    )
    schema = {"type": "integer", "minimum": 1, "maximum": 99}
    return {
        "parameters": [{"name": "reasons", "in": "query", "description": words, "schema": schema}]
    }


def gives(description: str, *names: str) -> Responses:
    """The `responses` of an operation that answers with one of these components."""
    return {200: {"description": description, **({"content": _json(names)} if names else {})}}


def refuses(*kinds: str) -> Responses:
    """The `responses` of an operation that may refuse for these reasons."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        titles.setdefault(status, []).append(title)
    content = {MEDIA_TYPE: {"schema": _ref("Refusal")}}
    return {
        status: {"description": "; or: ".join(said), "content": content}
        for status, said in titles.items()
    }


def as_fault(refused: Responses) -> Responses:
    """The same in the form of the Open Inference Protocol."""
    return {status: {**told, "content": _json(("InferError",))} for status, told in refused.items()}


def documented(
    app: FastAPI, live: ModelHolder, own: Collection[str], *, with_keys: bool
) -> Callable[[], dict[str, Any]]:
    """What `app.openapi` is to be: FastAPI's own document with the types of what answers now.

    Args:
        app: the API with all of its routes.
        live: what answers.
        own: the paths of the team's own routes, which need keys as well.
        with_keys: whether keys are used.
    """
    made, of = app.openapi, ""
    own_types: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        nonlocal of, own_types
        predictor, schema = live.current.predictor, live.current.schema
        is_another = of != predictor.bundle.id
        if is_another:
            app.openapi_schema, of = None, predictor.bundle.id
        _describe(app, predictor)
        document = made()
        for path in OPERATE if app.state.parted else ():
            document["paths"].pop(path, None)
        components: dict[str, Any] = document.setdefault("components", {})
        if is_another:
            own_types = components.get("schemas", {})
        components["schemas"] = own_types | components_of(schema)
        components["parameters"] = documents.parameters(predictor.bundle.manifest)
        if with_keys:
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for path in document["paths"]:
                if not path.startswith(GUARDED) and path not in own:
                    continue
                for verb in document["paths"][path].values():
                    verb["security"] = [{"key": []}]
        return document

    return openapi


def _describe(app: FastAPI, predictor: Predictor) -> None:
    """What is decided, for whom, and by which bundle."""
    decision = predictor.bundle.problem.decision
    app.title, app.summary = decision.name, decision.question
    app.version = str(predictor.bundle.manifest["version"])
    paragraphs = [
        decision.action,
        f"**For:** {decision.intended_use}",
        f"**Not for:** {decision.not_for}",
        f"Answered by bundle `{predictor.bundle.id}`.",
    ]
    if predictor.rehearsal:
        paragraphs.insert(0, "**A rehearsal: this bundle is not accepted, do not act on it.**")
    app.description = "\n\n".join(paragraphs)


def components_of(schema: Schema) -> dict[str, Any]:
    """The types of the server's own requests and responses, by name."""
    return {**schema.components(), "Stored": _STORED, "Refusal": _REFUSAL, **documents.components()}


def _json(names: tuple[str, ...]) -> Mapping[str, Any]:
    refs = [_ref(name) for name in names]
    return {"application/json": {"schema": refs[0] if len(refs) == 1 else {"oneOf": refs}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
