"""Sections about the rows themselves: what they are, lack and repeat, and how they are spread."""

from eda import pictures
from eda.look import PICTURE_ROWS, Look
from eda.target import written
from eda.telling import Missing
from present import charts
from present.page import Block, Facts, Figure, Gallery, Note, Section, Table
from present.wording import count, listed, number, percent
from problem.columns import Column

BARS = 12
EXAMPLE = 40


def rows(look: Look) -> Section:
    """What a row is, and how many there are."""
    delay = look.problem.target.label_delay_days
    sentence = f"A row is one case of the question “{look.problem.decision.question}”" + (
        f" The answer is known {count(delay, 'day')} later." if delay else ""
    )
    frame, names = look.frame, [column.name for column in look.columns]
    facts: list[tuple[str, str | int]] = [("rows", len(frame)), ("inputs", len(names))]
    if look.problem.rows.time:
        when = frame[look.problem.rows.time].dropna()
        span = f"from {when.min():%d %b %Y} to {when.max():%d %b %Y}"
        facts.append((span, count((when.max() - when.min()).days + 1, "day")))
    facts.append(("of all values are missing", percent(look.missing_share)))
    facts.append(("rows repeat an earlier one", look.repeats.rows))
    unseen = "Outcomes are read from rows a model may learn from; those of the test stay unseen."
    blocks: list[Block] = [Facts(facts), Note(unseen)]
    if len(frame) > PICTURE_ROWS:
        drawn = f"Pictures, and all that involves the target, show {PICTURE_ROWS:,} random rows;"
        blocks.append(Note(f"{drawn} the numbers above and shares of missing values count all."))
    return Section("Rows", "data scientist", sentence, blocks)


def missing(look: Look) -> Section:
    """How much is missing, and whether that tells the target."""
    gaps = {c.name: float(look.frame[c.name].isna().mean()) for c in look.columns}
    gaps = {name: share for name, share in sorted(gaps.items(), key=lambda g: -g[1]) if share}
    if not gaps:
        return Section("Missing values", "data scientist", "No value is missing.")
    most = next(iter(gaps))
    sentence = f"{len(gaps)} of {count(len(look.columns), 'input')} have gaps, {most} the most "
    sentence += f"({percent(gaps[most])}). "
    telling = [one for one in look.missing if one.tells]
    sentence += (
        f"Gaps in {listed([one.column for one in telling])} tell the target."
        if telling
        else "Nothing says that a gap tells the target."
    )
    drawn = charts.bars("Missing values", list(gaps.items())[:BARS], show=percent)
    caption = f"The {BARS} inputs with most gaps." if len(gaps) > BARS else "Inputs with gaps."
    blocks: list[Block] = [Figure(drawn, f"{caption} Share of rows where the value is missing.")]
    if telling:
        header = ("feature", "outcome", "when missing", "when present", "difference")
        caption = "Where a gap tells; the intervals hold with 95 % for all of them together"
        blocks.append(Table(caption, header, [_told(look, one) for one in telling]))
    return Section("Missing values", "data scientist", sentence, blocks)


def repeats(look: Look) -> Section:
    """Rows whose inputs are the same."""
    found = look.repeats
    if not found.rows:
        return Section("Duplicates", "data scientist", "No row repeats the inputs of another.")
    share = percent(found.rows / len(look.frame))
    sentence = f"{share} of rows ({found.rows:,}) repeat the inputs of an earlier one."
    noted = (
        f"{count(found.contradicting, 'row')} that a model may learn from share their inputs with "
        "a row of another outcome: no model can be right on all of them."
        if found.contradicting
        else "Rows with the same inputs have the same outcome."
    )
    return Section("Duplicates", "data scientist", sentence, [Note(noted)])


def distributions(look: Look) -> Section:
    """How each feature is spread."""
    figures = [pictures.distribution(c, look.sample[c.name]) for c in look.shown]
    blocks: list[Block] = [Gallery(figures)]
    if look.namelike:
        names = f"Almost every row has its own {listed(look.namelike)}"
        blocks.append(Note(f"{names}: that names rows rather than describes them.", "warn"))
    sentence = f"Share of rows. {look.which}"
    if look.constant:
        sentence = f"Nothing changes in {listed(look.constant)}: leave it out. {sentence}"
    return Section("Distributions", "data scientist", sentence, blocks)


def inputs(look: Look) -> Section:
    """Every input with its meaning; at the end, because there may be hundreds."""
    header = ("input", "type", "meaning", "missing", "different values", "for example")
    table = Table("By the data contract", header, [_input(look, c) for c in look.columns])
    unsaid = sum(column.meaning in ("", column.name) for column in look.columns)
    sentence = "What each input is, as data/contract.py says it." + (
        f" {count(unsaid, 'input')} still without a meaning in words." if unsaid else ""
    )
    return Section("Inputs", "data scientist", sentence, [table])


def _input(look: Look, column: Column) -> tuple[str | int, ...]:
    values = look.frame[column.name]
    gone = float(values.isna().mean())
    example = "" if column.example is None else written(column.example)
    short = example if len(example) <= EXAMPLE else f"{example[:EXAMPLE]}…"
    different = int(values.nunique())
    meaning = column.meaning if column.meaning != column.name else ""
    return column.name, column.type, meaning, percent(gone), different, short


def _told(look: Look, one: Missing) -> tuple[str, ...]:
    show = pictures.show_of(look.target)
    times, unit = (1, "") if look.target.task == "regression" else (100, " points")
    gap = f"{number(one.low * times)} to {number(one.high * times)}{unit}"
    return one.column, one.outcome, show(one.when_missing), show(one.when_present), gap
