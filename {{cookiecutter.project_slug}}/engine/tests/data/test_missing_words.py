"""Words for missing know their neighbours, and `--missing` finishes what a hint begins."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.infer import guess, infer_column, is_key, typed
from engine.problem.errors import BadInput


def read(cells: str, given: tuple[str, ...] = ()) -> list[Any]:
    """The values of a column whose cells a bar parts."""
    values = pd.Series(cells.split("|"), dtype="str", name="x")
    return typed(values, infer_column(values, given=frozenset(given))).tolist()


@pytest.mark.parametrize("cells", ["+|-|+", "++|+|-|--", ".|?|!", "yes|+|-"])
def test_infer_signs_beside_their_neighbours_are_values(cells: str) -> None:
    assert read(cells) == cells.split("|")


def test_infer_signs_alone_are_missing() -> None:
    assert pd.isna(read("gravel|-|paved")[1])
    assert [pd.isna(value) for value in read("+|-|?")] == [False, False, True]
    assert pd.isna(read("+|-|+", ("-",))[1])


@pytest.mark.parametrize("word", ["\\N", "..", "<10", "(D)", ": c", "x"])
def test_adopt_unknown_word_is_hinted_at_and_missing_on_request(word: str, project: Path) -> None:
    rows = "".join(f"{word if n % 9 == 0 else n % 61},{n % 2}\n" for n in range(300))
    Path("t.csv").write_text(f"size,late\n{rows}", "utf-8")
    [size, _] = adopt("t.csv", "late").guesses
    hint = f"{size.excluded} {size.inferred.notes}"
    assert "--missing" in hint
    [size, _] = adopt("t.csv", "late", missing=(word,), force=True).guesses
    assert (size.type, size.missing) == ("integer", 34)


def test_adopt_word_for_missing_that_no_cell_holds_is_refused(project: Path) -> None:
    Path("t.csv").write_text("x,late\n" + "".join(f"{n % 9},{n % 2}\n" for n in range(99)), "utf-8")
    with pytest.raises(BadInput) as error:
        adopt("t.csv", "late", missing=("n.a.",))
    assert error.value.code == "unused-missing"


def test_infer_footnotes_and_guards_are_left_aside() -> None:
    assert read("12|7*|8 [a]|9") == [12, 7, 8, 9]
    assert read('\'-3.5|4.5|="7"') == [-3.5, 4.5, 7]
    assert read("'007|'008") == ["'007", "'008"]


def test_guess_lists_are_categories_or_excluded_for_that_reason() -> None:
    for distinct, reason in ((5, False), (150, True)):
        values = pd.Series([f"[{n % distinct}, 30]" for n in range(400)], dtype="str", name="x")
        inferred = infer_column(values)
        excluded = guess(typed(values, inferred), inferred).excluded
        assert ("lists" in str(excluded)) == reason
        assert inferred.kind == "category"


def test_is_key_counts_are_none_whatever_their_name() -> None:
    for name in ("order_number", "floor_no", "visitNr"):
        assert not is_key(pd.Series([n % 60 + 1 for n in range(900)], name=name))
        assert not is_key(
            pd.Series([n * n % 4001 // 20 % (n % 300 + 1) for n in range(9000)], name=name)
        )
        assert is_key(pd.Series([70_000 + n % 300 * 7 for n in range(900)], name=name))
    assert is_key(pd.Series([n % 60 + 1 for n in range(900)], name="shop_id"))


@pytest.mark.parametrize("marker", ["-999", "9999", "-9999.0"])
def test_adopt_repeated_number_far_away_is_named_and_missing_on_request(
    marker: str, project: Path
) -> None:
    rows = "".join(f"{marker if n % 9 == 0 else n % 61},{n % 2}\n" for n in range(300))
    Path("t.csv").write_text(f"size,late\n{rows}", "utf-8")
    [size, _] = adopt("t.csv", "late").guesses
    assert f"{marker} in 34 rows is far" in size.inferred.notes[-1]
    [size, _] = adopt("t.csv", "late", missing=(marker,), force=True).guesses
    assert (size.missing, size.maximum) == (34, 120)


def test_adopt_numbers_that_are_near_or_single_are_not_named(project: Path) -> None:
    for last in (["9999"], ["70", "70"], ["-30", "-30"]):
        cells = [*(str(n % 61) for n in range(300)), *last]
        rows = "".join(f"{cell},{n % 2}\n" for n, cell in enumerate(cells))
        Path("t.csv").write_text(f"size,late\n{rows}", "utf-8")
        [size, _] = adopt("t.csv", "late", force=True).guesses
        assert not any("far from" in note for note in size.inferred.notes)


def test_infer_values_like_numbers_are_named_where_they_are_many() -> None:
    for form in ("{} ± 1", "{}.5 (0-9)", "{},-", "{}/100", "{}-99"):
        for distinct in (5, 40):
            cells = [form.format(n % distinct) for n in range(400)]
            inferred = infer_column(pd.Series(cells, dtype="str", name="x"))
            assert inferred.kind == "category"
            assert any("look like numbers" in note for note in inferred.notes) == (distinct > 5)


@pytest.mark.parametrize("cells", ["+49301234567|+49307654321", "17E4|12E3|10E3"])
def test_infer_codes_of_digits_are_categories_with_a_note(cells: str) -> None:
    inferred = infer_column(pd.Series(cells.split("|"), dtype="str", name="x"))
    assert inferred.kind == "category"
    assert "codes" in inferred.notes[0]


def test_infer_footnoted_numbers_that_are_equal_are_no_pair() -> None:
    values = pd.Series(["1.234,5", "1.234,5 (p)", "7,5"], dtype="str", name="x")
    assert not any("read as one number" in note for note in infer_column(values).notes)
