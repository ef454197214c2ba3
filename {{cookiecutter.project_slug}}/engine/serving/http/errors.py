"""Errors as problem details (RFC 9457): a stable code, plain words, no stack trace."""

import difflib
import http.client
import json
import math
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from engine.serving.log.refused import OTHER

MEDIA_TYPE = "application/problem+json"
BLANK = "about:blank"  # the problem means no more than its HTTP status (RFC 9457, section 4.2.1)
MOST_ERRORS, LONGEST_ECHO = 20, 80
LONGEST_NAME = 200  # an error cuts longer names, and suggests no similar one
Texts = Mapping[str, str]
NO_TEXTS: Texts = {}
# The JSON of an error in the form of a protocol, by the beginning of the protocol's paths.
ErrorForms = Mapping[str, Callable[["ProblemError"], Mapping[str, Any]]]
_LONGEST_WORDS = 500  # a column may list a thousand categories; /docs has them all
_MOST_COMPARISONS = 1_000  # of a wrong name with each column name, at some 15 microseconds each
_LARGEST_ECHO = 10**LONGEST_ECHO  # Python does not write larger ones, and nobody reads them

# The HTTP status and the title of each code.
PROBLEMS: Mapping[str, tuple[int, str]] = {
    "not-http": (400, "The request is not valid HTTP"),
    "not-json": (400, "The body is not JSON"),
    "not-decoded": (400, "The body is not encoded as its Content-Encoding says"),
    "no-key": (401, "A valid API key is required"),
    "wrong-origin": (403, "Web pages of that origin may not write here"),
    "not-found": (404, "Nothing is served at this address"),
    "method-not-allowed": (405, "This address does not support that method"),
    "too-slow": (408, "The request took too long to arrive"),
    "body-too-large": (413, "The body is too large"),
    "too-many-rows": (413, "The request has too many rows"),
    "too-many-values": (413, "The request has too many values"),
    "wrong-encoding": (415, "The Content-Encoding of the body is not supported"),
    "wrong-type": (415, "The media type of the body is not supported"),
    "invalid": (422, "The request does not fit the contract"),
    "head-too-large": (431, "The request line and headers are too large"),
    "internal": (500, "The server failed"),
    "busy": (503, "Too many rows wait for a prediction"),
    "not-ready": (503, "The server takes no requests now"),
    "not-stored": (503, "The labels could not be stored"),
}

_TEXT = {"type": "string"}
_FIELDS = dict.fromkeys(("field", "expected", "got"), _TEXT)
_FIELD_ERROR = {"type": "object", "required": [*_FIELDS], "properties": _FIELDS}
# The JSON Schema of problem details.
PROBLEM = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [*(f"urn:problem:{code}" for code in PROBLEMS), BLANK]},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {"type": "array", "items": _FIELD_ERROR},
    },
}


class ProblemError(Exception):  # a response, not a defect
    """A request that gets problem details as its response; `code` is one of `PROBLEMS`.

    `fields` are for metrics: names of the contract, or `OTHER`, and nothing that a client invents.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        errors: Sequence[Texts] = (),
        headers: Texts = NO_TEXTS,
        fields: Collection[str] = (),
    ) -> None:
        super().__init__(detail)
        self.fields = frozenset(fields)
        self.code, self.detail, self.errors = code, detail, list(errors)
        self.status, self.title = PROBLEMS[code]
        self.headers = dict(headers)

    def response(self, path: str = "", forms: ErrorForms | None = None) -> Response:
        """The response to a request for `path`; `forms` has the protocols with another form."""
        for beginning, form in (forms or {}).items():
            if path.startswith(beginning):
                return JSONResponse(form(self), self.status, self.headers)
        more: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        kind = f"urn:problem:{self.code}"
        return problem(self.status, self.detail, self.headers, type=kind, title=self.title, **more)


def problem(status: int, detail: str, headers: Texts, **more: Any) -> Response:
    """Problem details: `type` for programs, all else for people."""
    title = http.client.responses.get(status, "Error")
    body = {"type": BLANK, "title": title, "status": status, "detail": detail, **more}
    return Response(json.dumps(body, ensure_ascii=False), status, headers, MEDIA_TYPE)


def is_refusal(status: int) -> bool:
    """Whether a status means that the request itself is at fault."""
    return 400 <= status < 500


def busy(detail: str) -> ProblemError:
    """The error for a request that has to come again a little later."""
    return ProblemError("busy", f"{detail}; send this one again", headers={"Retry-After": "1"})


def invalid_fields(details: Sequence[Mapping[str, Any]], words: Texts = NO_TEXTS) -> ProblemError:
    """The error for these errors of pydantic; `words` has what is expected of each field."""
    hints = _MOST_COMPARISONS // max(len(words), 1)
    errors, fields = [], set[str]()
    for number, one in enumerate(details[:MOST_ERRORS]):
        name = str(one["loc"][-1]) if one["loc"] else ""
        fields.add(name if name in words else OTHER)
        if one["type"] == "extra_forbidden":
            # The same name may belong to another level of the body: that is no help.
            is_hinted = number < hints and len(name) <= LONGEST_NAME
            others = [word for word in words if word != name] if is_hinted else []
            near = difflib.get_close_matches(name, others, n=1) if others else []
            expected = "no such field" + (f"; did you mean '{near[0]}'?" if near else "")
            value = "a value"  # the name is wrong; the value may be personal
        else:
            message = "an object" if one["type"] == "dict_type" else str(one["msg"])
            expected = words.get(name) or message.removeprefix("Input should be ")
            value = "nothing" if one["type"] == "missing" else echo(one["input"])
        names = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in one["loc"]]
        field = cut("".join(names).removeprefix("."), LONGEST_NAME) or "body"
        errors.append({"field": field, "expected": cut(expected, _LONGEST_WORDS), "got": value})
    count = str(len(details)) if len(details) <= MOST_ERRORS else f"more than {MOST_ERRORS}"
    detail = f"fields that do not fit: {count}; /docs describes every field"
    return ProblemError("invalid", detail, errors, fields=fields)


def echo(value: Any) -> str:
    """A value as the sender wrote it, cut short; only the sender may read it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    if isinstance(value, bytes):
        return "a body that is not application/json"
    if value is not None and not isinstance(value, int | float | str):
        return "another type"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that is not finite"
    if isinstance(value, int) and abs(value) >= _LARGEST_ECHO:
        return f"a number of more than {LONGEST_ECHO} digits"
    if isinstance(value, str):
        value = value[: LONGEST_ECHO + 1]  # the rest is cut below
    return cut(json.dumps(value, ensure_ascii=False), LONGEST_ECHO)


def cut(text: str, longest: int) -> str:
    """The beginning of a text, with a mark where the rest is cut."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def where(error: BaseException) -> str:
    """The type of an exception and its frames, without its message, which may quote a row."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return f"a request failed with {type(error).__qualname__}{''.join(lines)}"
