"""A body is bounded before it is parsed, whatever its texts hold, and no key comes twice."""

import json
import random
from typing import Any

import pytest

from engine.serving.http import parse as parsing
from engine.serving.http.errors import ProblemError
from engine.serving.http.parse import Bound, _outside_strings, parse, refuse_repeated

BOUND = Bound(rows=10, fields=4)
MARKS = ["a", ",", "[", "{", '"', "\\", "]", "}", ":", "é", " ", "\n", "\u2028"]


def code_of(body: bytes, bound: Bound = BOUND) -> str:
    """The code of the error for a body; empty if it is parsed."""
    try:
        parse(body, bound)
    except ProblemError as error:
        return error.code
    return ""


def made(dice: random.Random, depth: int = 3) -> Any:
    """A value whose texts and keys hold what JSON uses itself."""
    text = "".join(dice.choices(MARKS, k=dice.randrange(6)))
    if depth == 0 or dice.random() < 0.3:
        return dice.choice([None, True, 1, -2.5e3, text])
    inner = [made(dice, depth - 1) for _ in range(dice.randrange(4))]
    if dice.random() < 0.5:
        return inner
    return {f"{number}{text}": one for number, one in enumerate(inner)}


def marks_of(value: Any) -> str:
    """The commas and opening brackets of a value's JSON, outside of its texts."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        start = "{" if isinstance(value, dict) else "["
        return start + ",".join(map(marks_of, inner))
    return ""


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("chunk", [1, 2, 7, 65_536])
def test_marks_within_texts_are_not_values(
    monkeypatch: pytest.MonkeyPatch, seed: int, chunk: int
) -> None:
    monkeypatch.setattr(parsing, "_CHUNK", chunk)
    value = made(random.Random(seed))  # noqa: S311  # chance that repeats itself
    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert _outside_strings(body).decode() == marks_of(value)


@pytest.mark.parametrize("seed", range(40))
def test_any_value_is_parsed_as_it_is(seed: int) -> None:
    value = made(random.Random(seed), depth=4)  # noqa: S311
    assert parse(json.dumps(value).encode(), Bound(1_000, 100)) == value


@pytest.mark.parametrize("seed", range(20))
def test_value_without_a_repeated_key_is_parsed_once(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """A second parser would cost as much again."""
    body = json.dumps(made(random.Random(seed), depth=4)).encode()  # noqa: S311
    monkeypatch.setattr(parsing, "json", None)
    parse(body, Bound(1_000, 100))


@pytest.mark.parametrize(
    ("objects", "code"), [(48, ""), (49, "too-many-values"), (1_000, "too-many-values")]
)
def test_objects_are_bounded_by_rows_and_fields(objects: int, code: str) -> None:
    """Two for each row and each field, and some around them."""
    assert code_of(b"[" + b",".join([b"{}"] * objects) + b"]") == code
    # In a text they are no objects.
    text = json.dumps(["{}," * objects] + [0] * 3).encode()
    assert code_of(text) == ""


@pytest.mark.parametrize(("values", "code"), [(269, ""), (270, ""), (271, "too-many-values")])
def test_values_are_bounded_by_rows_and_fields(values: int, code: str) -> None:
    """Three marks a value of each row, with one more column: (3 · 10 + 20) · 5 + 20 = 270."""
    body = b"[" + b",".join([b"1"] * values) + b"]"
    assert body.count(b",") + body.count(b"[") == values
    assert code_of(body) == code
    assert code_of(body.replace(b"1", b'"[{,"')) == code


def test_short_body_is_not_counted() -> None:
    """One as short as the bound has fewer values than that."""
    assert code_of(b"[" * 24 + b"]" * 24) == ""
    assert code_of(b"{}" * 30) == "not-json"


def test_bound_is_told_in_the_error() -> None:
    with pytest.raises(ProblemError, match="10 rows of 4 fields") as refused:
        parse(b"[" + b"{}," * 100 + b"{}]", BOUND)
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"a": 1, "a": 2}', '"a"'),
        ('{"a": 1, "b": 2, "\\u0061": 2}', '"a"'),
        ('[{"x": {"b": 1, "c": 1, "b": 1}}]', '"b"'),
        ('{"a": "\\"", "a": "\\\\"}', '"a"'),
        ('{"a": NaN, "a": 1e999}', '"a"'),
        ('{"é\\n": 1, "é\\n": 1}', '"é\\n"'),
        ('{"a": ' + "1" * 4_000 + ', "a": 1}', '"a"'),
    ],
)
def test_key_that_comes_twice_is_named(body: str, named: str) -> None:
    with pytest.raises(ProblemError) as refused:
        parse(body.encode(), BOUND)
    assert refused.value.code == "invalid"
    assert f"got {named} twice" in refused.value.detail


@pytest.mark.parametrize(
    "body",
    [
        '{"a": {"a": {"a": "a"}}, "b": ["a", {"a": 1}]}',
        '[{"a": 1}, {"a": 1}]',
        '{"": 1, " ": 1}',
        '{"a": "\\"a\\": 1, \\"a\\": 2"}',
        '{"a\\\\": 1, "a": "\\\\"}',
        "[]", "{}", '""', "1", "null", '[[], {}, "", [""], {"": ""}]',
    ],
)  # fmt: skip
def test_keys_of_different_objects_may_be_equal(body: str) -> None:
    assert parse(body.encode(), BOUND) == json.loads(body)


@pytest.mark.parametrize(("members", "code"), [(204, ""), (205, "invalid")])
def test_members_of_an_object_are_bounded(members: int, code: str) -> None:
    """Some more than there are fields get an error each; beyond, one for all."""
    wide = Bound(rows=1_000, fields=4)
    one = {str(number): number for number in range(members)}
    for value in (one, [one], {"rows": [{}, one]}):
        assert code_of(json.dumps(value).encode(), wide) == code
    if code:
        with pytest.raises(ProblemError, match=r"at most 204 .* got 205"):
            parse(json.dumps(one).encode(), wide)


def test_repeated_key_of_a_body_that_was_read_already_is_refused() -> None:
    refuse_repeated(b'{"a": 1, "b": "x"}', {"a": 1, "b": "x"}, 2)
    with pytest.raises(ProblemError):
        refuse_repeated(b'{"a": 1, "b": "x", "a": 2}', {"a": 2, "b": "x"}, 2)


@pytest.mark.parametrize(
    ("body", "hinted"),
    [(b"\xef\xbb\xbf{}", True), (b"\xff\xfe{", True), (b"{", False), (b"", False)],
)
def test_body_that_is_not_json_is_refused_with_a_hint_at_its_encoding(
    body: bytes, hinted: bool
) -> None:
    with pytest.raises(ProblemError) as refused:
        parse(body, BOUND)
    assert refused.value.code == "not-json"
    assert ("byte order mark" in refused.value.detail) == hinted
