"""Mistakes in lists, tables and sentences are listed like those in a single field."""

from pathlib import Path

import pytest

from engine.problem.errors import BadInput
from engine.problem.mistakes import lines
from engine.problem.spec import parse
from engine.tests.problem.test_spec import TEXT as SOUND
from engine.tests.problem.test_spec import place, refusal
from problem import __main__ as command

TEXT = (
    SOUND.replace('["value.currency"]', "[]").replace('id = "order_id"', """\
id = "order_id"
time = "ordered_at\"""").replace("margin = 0.1", """\
margin = 0.1
calibration_error = 0.05""").replace("[columns.personal]", """\
[columns.known_after]
delivery_days = "when the parcel has arrived"

[columns.personal]""") + """\

[[expectations.direction]]
column = "distance_km"
step = 200.0
score = "rises"
because = "on a longer way more can go wrong"

[[expectations.invariance]]
column = "fragile"
within = 0.05
because = "how a parcel is packed does not make it late"

[[expectations.minimum]]
row = { carrier = "Arrow", distance_km = 5.0 }
below = 0.3
because = "round the corner, by the fastest"

[[expectations.minimum]]
row = { carrier = "Dromedary", weather = "storm" }
above = 0.5
because = "the slowest carrier, in a storm"
"""
)  # fmt: skip

# What stands there and what is put in its place; then what the mended line holds, which key is
# named, with which rule and which example.
MISTAKES = {
    "a step back": ("step = 200.0", "step = -200.0", "step = -", "[expectations] direction.0.step",
                    "greater than 0, got -200", "step = 100.0"),
    "no way": ('"rises"', '"up"', '"up"', "[expectations] direction.0.score",
               "'rises' or 'falls', got 'up'", 'score = "rises"'),
    "how far": ("within = 0.05\n", "", "[[expectations.invariance]]",
                "[expectations] invariance.0.within", "is missing", "within = 0.02"),
    "in the second": ("above = 0.5", 'above = "much"', '"much"', "[expectations] minimum.1.above",
                      "valid number, got 'much'", "above = 0.5"),
    "a date": ("distance_km = 5.0", "distance_km = 2026-01-31", "2026-01-31",
               "[expectations] minimum.0.row.distance_km", 'a date is a text: "2026-01-31"',
               "row = { distance_km = 2.0 }"),
    "a list of tables": ("[decision]", "[[decision]]", "[[decision]]", "decision",
                         "must be a table", '[decision] name = "late-parcels"'),
    "a slice in a list": ('"region", floor', '"region", flor', "flor =",
                          "[success] slices.0.floor", "is missing", "floor = 0.6"),
    "a note to oneself": ('"Head of delivery"', '"TODO"', "TODO", "[decision] stakeholder",
                          "must say it in words", '"Head of delivery"'),
    "dots": ('"Head of delivery"', '"..."', '"..."', "[decision] stakeholder",
             "must say it in words", '"Head of delivery"'),
    "a reason not given": ('"names a person"', '""', 'customer_id = ""',
                           "[columns] personal.customer_id", "at least 3 characters",
                           "personal = {"),
    "names alone": ('[columns.known_after]\ndelivery_days = "when the parcel has arrived"',
                    '[columns]\nknown_after = ["delivery_days"]', "known_after =",
                    "[columns] known_after", "must be a table", 'delivered_at = "when'),
    "a percentage": ("calibration_error = 0.05", "calibration_error = 5", "error = 5",
                     "[success] calibration_error", "than or equal to 1, got 5", "= 0.05"),
    "no throughput": ("throughput_rps = 50.0", "throughput_rps = 0", "rps = 0",
                      "[budget] throughput_rps", "greater than 0, got 0", "= 50.0"),
    "too much money": ("= 8.0", "= 1e15", "1e15", "[value] true_positive",
                       "less than or equal to 1000000000000", "true_positive = 2.5"),
    "no currency": ('"EUR"', '"euro"', '"euro"', "[value] currency", "is not of the form",
                    'currency = "EUR"'),
}  # fmt: skip
CONTRADICTIONS = {
    "hidden": ('"fragile"', '"delivery_days"', 'column = "delivery_days"',
               "[expectations] invariance.0.column: must name inputs"),
    "nothing said": ("below = 0.3\n", "", "[[expectations.minimum]]",
                     "[expectations] minimum.0: must say what is expected"),
    "both ways": ("below = 0.3", "below = 0.3\nabove = 0.4", "above = 0.4",
                  "[expectations] minimum.0.above: must be less than below"),
    "beyond a score": ("below = 0.3", "below = 3.0", "below = 3.0",
                       "[expectations] minimum.0.below: must lie between 0 and 1"),
    "when it was due": ('delivery_days = "when', 'ordered_at = "when', 'ordered_at = "when',
                        "[columns] known_after.ordered_at: must not name rows.time"),
    "late and in time": ("[columns.known_after]",
                         '[columns.known_in_time]\ndelivery_days = "said"\n\n[columns.known_after]',
                         'delivery_days = "said"',
                         "[columns] known_in_time.delivery_days: must be an input"),
}  # fmt: skip


def with_mistake(there: str, instead: str) -> str:
    assert there in TEXT
    return TEXT.replace(there, instead)


@pytest.mark.parametrize("case", MISTAKES.values(), ids=MISTAKES)
def test_parse_mistake_names_line_rule_and_example(case: tuple[str, ...]) -> None:
    there, instead, line, key, rule, example = case
    text = with_mistake(there, instead)
    named = f"{place(text, line.strip())}{key}: "
    [message] = [one for one in refusal(text).splitlines() if named in one]
    assert rule in message
    assert example in message


@pytest.mark.parametrize("case", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_parse_contradiction_names_the_line(case: tuple[str, str, str, str]) -> None:
    there, instead, line, rule = case
    text = with_mistake(there, instead)
    [message] = refusal(text).splitlines()[1:]
    assert message.strip().startswith(place(text, line))
    assert rule in message


def test_parse_mistakes_in_many_tables_are_all_listed() -> None:
    text = TEXT
    for there, instead, *_ in (MISTAKES[name] for name in ("a step back", "no way", "dots")):
        text = text.replace(there, instead)
    assert len(refusal(text).splitlines()) == 4
    assert len(refusal("").splitlines()) == 9


def test_parse_multiclass_rejects_expectations_of_one_score() -> None:
    text = TEXT.replace('task = "binary"\npositive = true', 'task = "multiclass"')
    text = text.replace("roc_auc", "accuracy")
    start, end = text.index("true_positive"), text.index("[budget]")
    message = refusal(f"{text[:start]}correct = 1.0\nwrong = -1.0\n{text[end:]}")
    assert "[expectations] direction: is for one score" in message
    assert "[expectations] minimum.0.below: is for one score" in message


def test_parse_wrong_container_shows_an_example() -> None:
    start = TEXT[: TEXT.index("[[expectations")]
    for value, *fragments in (
        ("[]", "expectations: must be a table, got []", "[expectations] invariance = ["),
        ("{ direction = 3 }", "direction: must be a list in square brackets", "direction = [{"),
        ("{ invariance = [3] }", "invariance.0: must be a table, got 3", '{ column = "service", '),
    ):
        [message] = refusal(f"expectations = {value}\n{start}").splitlines()[1:]
        assert all(part in message for part in ("t:1: ", *fragments))


def test_parse_expectations_may_be_empty_or_missing() -> None:
    start = TEXT.index("[[expectations")
    for end in ("", "[expectations]\n", "[expectations]\nminimum = []\n"):
        assert parse(TEXT[:start] + end, "t").expectations.minimum == []


def test_parse_byte_order_mark_and_crlf_are_accepted() -> None:
    assert parse("\ufeff" + TEXT, "t") == parse(TEXT.replace("\n", "\r\n"), "t") == parse(TEXT, "t")


def test_lines_multi_line_text_is_no_table() -> None:
    text = TEXT.replace('"Will this parcel arrive late?"', '"""\n[value]\ncurrency = 1\n"""')
    assert lines(text)["value", "currency"] == lines(TEXT)["value", "currency"] + 3


def test_read_answered_open_answer_must_be_assumed(tmp_path: Path) -> None:
    text = TEXT.replace("Upgrade it.", "Not yet said: what is done on the answer.")
    file = tmp_path / "t.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=r"t\.toml:5: \[decision\] action: ") as refused:
        command.main(["check", str(file)])
    assert refused.value.code == "unanswered-problem"
    for listed in ("decision.action", "decision"):
        file.write_text(text.replace("assumed = []", f'assumed = ["{listed}"]'), "utf-8")
        assert command.main(["check", str(file)]) == 0
