"""An error has its code, its status and the fields at fault, and shows no more than its sender."""

import json
import math
from typing import Any

import pytest
from starlette.responses import Response

from engine.serving.http.errors import (
    LONGEST_ECHO,
    LONGEST_NAME,
    MOST_ERRORS,
    PROBLEMS,
    ProblemError,
    busy,
    cut,
    echo,
    invalid_fields,
    problem,
    where,
)


def content(response: Response) -> Any:
    return json.loads(bytes(response.body))


def fault(kind: str, *place: str | int, **more: Any) -> dict[str, Any]:
    """An error as pydantic describes it."""
    return {"type": kind, "loc": place, "msg": "Input should be a valid number"} | more


@pytest.mark.parametrize("code", PROBLEMS)
def test_problem_has_the_status_and_title_of_its_code(code: str) -> None:
    error = ProblemError(code, "what happened", headers={"X-More": "1"})
    status, title = PROBLEMS[code]
    assert (error.status, str(error), error.errors) == (status, "what happened", [])
    response = error.response("/v1/predict", {"/v2/": lambda one: {"error": one.code}})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-more"] == "1"
    assert content(response) == {
        "type": f"urn:problem:{code}",
        "title": title,
        "status": status,
        "detail": "what happened",
    }


def test_problem_of_a_protocol_has_its_form() -> None:
    forms = {"/v2/": lambda one: {"error": one.code}, "/v3/": lambda one: {"fault": one.detail}}
    error = ProblemError("busy", "later", headers={"Retry-After": "1"})
    for path, expected in (("/v2/x", {"error": "busy"}), ("/v3/", {"fault": "later"})):
        response = error.response(path, forms)
        assert (response.status_code, content(response)) == (503, expected)
        assert response.headers["content-type"] == "application/json"
        assert response.headers["retry-after"] == "1"
    for path in ("/v2", "/x/v2/", ""):
        assert content(error.response(path, forms))["type"] == "urn:problem:busy"
    assert content(error.response())["type"] == "urn:problem:busy"


def test_problem_lists_its_fields() -> None:
    field = {"field": "é", "expected": "a number", "got": "…"}
    response = ProblemError("invalid", "one", [field]).response()
    assert content(response)["errors"] == [field]
    assert "é".encode() in bytes(response.body)


@pytest.mark.parametrize(
    ("status", "title"), [(404, "Not Found"), (418, "I'm a Teapot"), (599, "Error")]
)
def test_problem_without_a_code_has_the_title_of_its_status(status: int, title: str) -> None:
    response = problem(status, "so", {"X-Reason": "why"})
    expected = {"type": "about:blank", "title": title, "status": status, "detail": "so"}
    assert (response.status_code, content(response)) == (status, expected)
    assert response.headers["x-reason"] == "why"
    assert response.headers["content-type"] == "application/problem+json"


def test_busy_server_names_the_time_to_come_again() -> None:
    error = busy("many wait")
    assert (error.code, error.headers) == ("busy", {"Retry-After": "1"})
    assert error.detail.startswith("many wait; ")


WORDS = {"items": "a whole number", "weight": "a number from 0 to 50"}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (fault("int_type", "items", input="3"), ("items", "a whole number", '"3"')),
        (fault("missing", "weight", input={}), ("weight", WORDS["weight"], "nothing")),
        (fault("float_type", "colour", input=[1]), ("colour", "a valid number", "a list of 1")),
        (fault("dict_type", "rows", 1, input=7), ("rows[1]", "an object", "7")),
        (fault("x", "rows", 0, "items", input=None), ("rows[0].items", "a whole number", "null")),
        (fault("x", input={}), ("body", "a valid number", "an object")),
        (fault("x", 3, "a.b", input=True), ("[3].a.b", "a valid number", "true")),
        (fault("x", ".a", input=1), (".a", "a valid number", "1")),
        (fault("extra_forbidden", "itms", input="secret"),
         ("itms", "no such field; did you mean 'items'?", "a value")),
        (fault("extra_forbidden", "rows", 2, "wait", input=1),
         ("rows[2].wait", "no such field; did you mean 'weight'?", "a value")),
        (fault("extra_forbidden", "zzz", input=1), ("zzz", "no such field", "a value")),
        (fault("extra_forbidden", "items", input=1), ("items", "no such field", "a value")),
    ],
)  # fmt: skip
def test_field_at_fault_is_named_with_what_was_expected(
    one: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    error = invalid_fields([one], WORDS)
    assert (error.code, error.status) == ("invalid", 422)
    field, words, got = expected
    assert error.errors == [{"field": field, "expected": words, "got": got}]
    assert "do not fit: 1; " in error.detail


def test_error_without_words_takes_those_of_the_parser() -> None:
    [one] = invalid_fields([fault("extra_forbidden", "itms", input=1)]).errors
    assert one["expected"] == "no such field"
    [one] = invalid_fields([fault("x", "items", input=1)]).errors
    assert one["expected"] == "a valid number"


@pytest.mark.parametrize(("count", "words"), [(20, "20"), (21, "more than 20")])
def test_many_errors_are_cut(count: int, words: str) -> None:
    error = invalid_fields([fault("x", "rows", n, input=n) for n in range(count)])
    assert [one["field"] for one in error.errors] == [f"rows[{n}]" for n in range(MOST_ERRORS)]
    assert f"do not fit: {words}; " in error.detail


def test_long_names_and_words_are_cut() -> None:
    longest, longer = "n" * LONGEST_NAME, "n" * (LONGEST_NAME + 1)
    words = {longest: "w" * 501, f"{longest[1:]}m": "w" * 500}
    kinds = (
        ("x", longest),
        ("x", longer),
        ("extra_forbidden", longest[1:]),
        ("x", f"{longest[1:]}m"),
    )
    errors = invalid_fields([fault(kind, name, input=1) for kind, name in kinds], words).errors
    assert [one["field"] for one in errors] == [
        longest, f"{longest}…", longest[1:], f"{longest[1:]}m"
    ]  # fmt: skip
    assert errors[0]["expected"] == "w" * 500 + "…"
    assert "did you mean" in errors[2]["expected"]
    assert errors[3]["expected"] == "w" * 500
    # A longer name is not compared with any other.
    [one] = invalid_fields([fault("extra_forbidden", longer, input=1)], words).errors
    assert one["expected"] == "no such field"


@pytest.mark.parametrize(("columns", "hinted"), [(100, 10), (500, 2), (1_000, 1), (1_001, 0)])
def test_names_are_compared_up_to_a_limit(columns: int, hinted: int) -> None:
    """With many columns each comparison is dear, and no error is worth a second."""
    words = {f"column {number:04}": "a number" for number in range(columns)}
    faults = [fault("extra_forbidden", f"colum {number:04}", input=1) for number in range(20)]
    errors = invalid_fields(faults, words).errors
    hints = ["did you mean" in one["expected"] for one in errors]
    assert hints == [True] * hinted + [False] * (20 - hinted)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (0, "0"),
        (-1.5, "-1.5"),
        ("é", '"é"'),
        ('"', '"\\""'),
        ({"a": 1}, "an object"),
        ([1, 2, 3], "a list of 3"),
        ([], "a list of 0"),
        (b"a=1", "a body that is not application/json"),
        (math.nan, "a number that is not finite"),
        (-math.inf, "a number that is not finite"),
        (object(), "another type"),
        (10**LONGEST_ECHO - 1, "9" * LONGEST_ECHO),
        (10**LONGEST_ECHO, "a number of more than 80 digits"),
        (-(10**5_000), "a number of more than 80 digits"),
        ("x" * (LONGEST_ECHO - 2), '"' + "x" * (LONGEST_ECHO - 2) + '"'),
        ("x" * (LONGEST_ECHO - 1), '"' + "x" * (LONGEST_ECHO - 1) + "…"),
        ("x" * 1_000_000, '"' + "x" * (LONGEST_ECHO - 1) + "…"),
    ],
    ids=lambda _: "",  # some are too long for a name
)
def test_value_is_echoed_as_it_was_sent_and_cut(value: Any, expected: str) -> None:
    assert echo(value) == expected


def test_text_is_cut_behind_its_longest() -> None:
    assert (cut("abc", 3), cut("abcd", 3), cut("", 3)) == ("abc", "abc…", "")


def test_trace_has_places_and_no_message() -> None:
    def fails() -> None:
        raise ValueError("of Ada")

    try:
        fails()
    except ValueError as error:
        text = where(error)
    assert "ValueError" in text
    assert "in fails" in text
    assert __file__ in text
    assert len(text.splitlines()) == 3
    assert "Ada" not in text
