"""The OpenAPI document: the contract's own types, and every problem that a route responds with."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from engine.serving.http.errors import MEDIA_TYPE, PROBLEMS
from engine.serving.model.predictor import Predictor
from engine.serving.model_holder import ModelHolder

Responses = dict[int | str, dict[str, Any]]

# Paths that need a key, where keys are used. Probes, metrics and documentation hold no row.
GUARDED = ("/v1/", "/v2/models/", "/invocations")
# Paths that may be served on a port of their own, which is not public.
OPERATE = frozenset({"/livez", "/readyz", "/health", "/metrics"})
BODY_PROBLEMS = (  # every body may have them
    *("no-key", "wrong-origin", "not-json", "not-decoded", "too-slow", "body-too-large"),
    *("too-many-rows", "too-many-values", "wrong-encoding", "invalid", "internal"),
)

_PROBLEM_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def ref(name: str, kind: str = "schemas") -> dict[str, Any]:
    """A reference to a component of the document."""
    return {"$ref": f"#/components/{kind}/{name}"}


def inline(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type without references; for a type that is not recursive."""
    schema = TypeAdapter(kind).json_schema()
    definitions = schema.pop("$defs", {})

    def resolve(one: dict[str, Any]) -> dict[str, Any]:
        return inlined(definitions[one["$ref"].rpartition("/")[2]]) if "$ref" in one else one

    def inlined(value: Any) -> Any:
        return json.loads(json.dumps(value), object_hook=resolve)

    return dict(inlined(schema))


def request_body(*schemas: dict[str, Any]) -> dict[str, Any]:
    """The `openapi_extra` of an operation whose body has one of these schemas."""
    return {"requestBody": {"required": True, "content": json_content(*schemas)}}


def response(description: str, *schemas: dict[str, Any]) -> Responses:
    """The `responses` of an operation that succeeds with one of these schemas."""
    return {200: {"description": description, "content": json_content(*schemas)}}


def problems(*codes: str, content: Mapping[str, Any] = _PROBLEM_CONTENT) -> Responses:
    """The `responses` of an operation that may have these problems, in this form."""
    titles: dict[int, list[str]] = {}
    for status, title in map(PROBLEMS.__getitem__, codes):
        titles.setdefault(status, []).append(title)
    return {
        status: {"description": "; or: ".join(several), "content": content}
        for status, several in titles.items()
    }


def documented(
    app: FastAPI, model: ModelHolder, own: Collection[str], *, with_keys: bool
) -> Callable[[], dict[str, Any]]:
    """A replacement of `app.openapi`, with the types of the current model and, with keys, locks."""
    generate, bundle_id = app.openapi, ""

    def openapi() -> dict[str, Any]:
        nonlocal bundle_id
        predictor, schema = model.current.predictor, model.current.schema
        if bundle_id != predictor.bundle.id:
            bundle_id, app.openapi_schema = predictor.bundle.id, None
            _describe(app, predictor)
        document = generate()  # or the last one, until the model changes
        for path in OPERATE if app.state.admin_split else ():
            document["paths"].pop(path, None)
        components: dict[str, Any] = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(schema.components())
        components["parameters"] = {
            name: {"name": name, "in": "path", "required": True, "schema": {"enum": [str(value)]}}
            for name, value in predictor.bundle.manifest.items()
            if name in ("name", "version")  # what a path may name of the bundle
        }
        if with_keys:
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for path, operations in document["paths"].items():
                if path.startswith(GUARDED) or path in own:
                    for operation in operations.values():
                        operation["security"] = [{"key": []}]
        return document

    return openapi


def _describe(app: FastAPI, predictor: Predictor) -> None:
    """The title and description of the document: the decision, its use, and the bundle."""
    decision = predictor.bundle.problem.decision
    app.title, app.summary = decision.name, decision.question
    app.version = str(predictor.bundle.manifest["version"])
    use = f"**For:** {decision.intended_use}\n\n**Not for:** {decision.not_for}"
    app.description = f"{decision.action}\n\n{use}\n\nBundle: `{predictor.bundle.id}`."
    if predictor.rehearsal:
        warning = "**Rehearsal: this bundle is not accepted. Do not act on it.**"
        app.description = f"{warning}\n\n{app.description}"


def json_content(*schemas: dict[str, Any]) -> dict[str, Any]:
    """The `content` of a body of JSON that has one of these schemas."""
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": list(schemas)}
    return {"application/json": {"schema": schema}}
