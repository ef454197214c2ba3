"""How the server says no: RFC 9457 problem details, in words, without a stack trace."""

import difflib
import json
import math
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"
# The type of a problem that means no more than its HTTP status (RFC 9457, section 4.2.1).
BLANK = "about:blank"
# Under this the Open Inference Protocol has a form of its own.
OPEN_INFERENCE = "/v2/"
MOST_ERRORS = 20
LONGEST_ECHO = 80
# Longer names are cut in an error, and nothing is looked for that resembles them.
LONGEST_NAME = 200
NO_SUCH_FIELD = "no such field"
# The words for a column may list a thousand categories; /docs has them all.
_LONGEST_WORDS = 500
# A hint compares a name with each known one, at some 15 microseconds each.
_MOST_COMPARISONS = 1_000
# Python refuses to write larger ones, and nobody reads them.
_LARGEST_ECHO = 10**LONGEST_ECHO

KINDS: Mapping[str, tuple[int, str]] = {
    "not-http": (400, "This is no HTTP request"),
    "not-json": (400, "The body is not JSON"),
    "not-decoded": (400, "The body is not encoded as its Content-Encoding says"),
    "no-key": (401, "A valid API key is needed"),
    "wrong-origin": (403, "Web pages of that origin may not write here"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "This address does not answer that method"),
    "too-slow": (408, "The request took too long to arrive"),
    "body-too-large": (413, "The body is too large"),
    "too-many-rows": (413, "There are too many rows in one request"),
    "too-many-values": (413, "There are too many values in one request"),
    "wrong-encoding": (415, "The Content-Encoding of the body is not supported"),
    "wrong-type": (415, "The body is of a type that is not read"),
    "invalid": (422, "The request does not fit the contract"),
    "head-too-large": (431, "What comes before the body is too large"),
    "internal": (500, "The server failed to answer"),
    "busy": (503, "Too many rows wait for an answer"),
    "not-ready": (503, "The server takes no requests now"),
    "not-stored": (503, "The labels could not be stored"),
}


class ProblemError(Exception):  # it is an answer, not a defect
    """A request that gets problem details for an answer; `kind` is one of `KINDS`."""

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.errors = kind, detail, list(errors)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind][0]

    def response(self, path: str = "") -> Response:
        """The answer to who asked `path`: `type` for programs, `detail` and `errors` for people."""
        status, title = KINDS[self.kind]
        if path.startswith(OPEN_INFERENCE):
            told = [
                f"{one['field']}: expected {one['expected']}, got {one['got']}"
                for one in self.errors
            ]
            error = {"error": "; ".join([self.detail, *told])}
            return JSONResponse(error, status, self.headers)
        more = {"errors": self.errors} if self.errors else {}
        return _document(
            {
                "type": f"urn:problem:{self.kind}",
                "title": title,
                "status": status,
                "detail": self.detail,
                **more,
            },
            self.headers,
        )


def problem(status: int, detail: object, headers: Mapping[str, str]) -> Response:
    """Problem details for a status that an own route chose; `detail` is for people."""
    phrases = {one.value: one.phrase for one in HTTPStatus}
    title = phrases.get(status, "Error")
    body = {"type": BLANK, "title": title, "status": status, "detail": str(detail)}
    return _document(body, headers)


def _document(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False),
        status_code=body["status"],
        headers=dict(headers),
        media_type=MEDIA_TYPE,
    )


def too_slow(seconds: float) -> ProblemError:
    """What did not arrive in time."""
    return ProblemError(
        "too-slow",
        f"expected the whole request within {seconds:g} s; send it faster, or its rows in several",
        headers={"Connection": "close"},
    )


def invalid(error: ValidationError, words: Mapping[str, str]) -> ProblemError:
    """The error for a value that does not fit its type, field by field; see `misfit`."""
    return misfit(details_of(error), words)


def details_of(error: ValidationError) -> list[ErrorDetails]:
    """What pydantic found, without what it adds for people."""
    return error.errors(include_url=False, include_context=False)


def misfit(details: Sequence[ErrorDetails], words: Mapping[str, str]) -> ProblemError:
    """The error for a request that does not fit the contract, with `words` for each field.

    Only the first errors are listed: one correction fixes a thousand bad rows. So whoever validates
    may stop once there are more than `MOST_ERRORS`.
    """
    hints = _MOST_COMPARISONS // max(len(words), 1)
    errors = [
        _told(detail, words, hint=number < hints)
        for number, detail in enumerate(details[:MOST_ERRORS])
    ]
    if len(details) > MOST_ERRORS:
        count = f"more than {MOST_ERRORS} fields do not fit the contract, these are the first"
    else:
        count = (
            f"{len(details)} field{'s do' if len(details) > 1 else ' does'} not fit the contract"
        )
    return ProblemError("invalid", f"{count}; /docs shows every field", errors)


def unfit(details: Sequence[Mapping[str, Any]]) -> ProblemError:
    """The error for a request that does not fit the types of an own route, as FastAPI found it."""
    if details[0]["type"] == "json_invalid":
        return ProblemError(
            "not-json", f"expected JSON, got something else: {details[0]['ctx']['error']}"
        )
    errors = [
        {
            "field": cut("".join(_path(detail["loc"])), LONGEST_NAME),
            "expected": cut(str(detail["msg"]).removeprefix("Input should be "), _LONGEST_WORDS),
            "got": "nothing" if detail["type"] == "missing" else _echo_any(detail["input"]),
        }
        for detail in details[:MOST_ERRORS]
    ]
    return ProblemError(
        "invalid", "the request does not fit this route; /docs shows its types", errors
    )


def _echo_any(value: object) -> str:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return echo(value)
    return "a body that is not application/json" if isinstance(value, bytes) else "another type"


def _told(detail: ErrorDetails, words: Mapping[str, str], *, hint: bool) -> dict[str, str]:
    """One mistake; what pydantic says is for programmers, so the contract's words stand in."""
    field, kind = "".join(_path(detail["loc"])), detail["type"]
    name = str(detail["loc"][-1]) if field else ""
    field = cut(field, LONGEST_NAME)
    got = "nothing" if kind == "missing" else echo(detail["input"])
    if kind == "extra_forbidden":
        # The name is wrong, not the value, and that may be personal: it goes no further.
        got = "a value"
        near = _nearest(name, words) if hint else None
        return {
            "field": field,
            "expected": NO_SUCH_FIELD + (f"; did you mean '{near}'?" if near else ""),
            "got": got,
        }
    whole = "an object with the fields of the contract"
    return {
        "field": field or "body",
        "expected": cut(words.get(name, whole), _LONGEST_WORDS),
        "got": got,
    }


def _nearest(name: str, words: Iterable[str]) -> str | None:
    """The known name that resembles this one most, if one does."""
    if len(name) > LONGEST_NAME:
        return None
    # The name itself may belong to another level of the body: no help to be told it again.
    near = difflib.get_close_matches(name, [word for word in words if word != name], n=1)
    return near[0] if near else None


def _path(parts: Sequence[int | str]) -> Iterator[str]:
    for number, part in enumerate(parts):
        if isinstance(part, int):
            yield f"[{part}]"
        else:
            yield f".{part}" if number else part


def echo(value: Any) -> str:
    """A value as the sender wrote it, cut short; only ever told to the sender."""
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that is not finite"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) >= _LARGEST_ECHO:
        return f"a number of more than {LONGEST_ECHO} digits"
    if isinstance(value, str):
        value = value[: LONGEST_ECHO + 1]  # the rest is cut below
    return cut(json.dumps(value, ensure_ascii=False), LONGEST_ECHO)


def cut(text: str, longest: int) -> str:
    """The beginning of a text, marked where it goes on."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def where(error: BaseException) -> str:
    """Which exception was raised, and where. Its message stays out: it may quote a row."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([f"a request failed with {type(error).__qualname__}", *places])
