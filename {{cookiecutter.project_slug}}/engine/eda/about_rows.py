"""Sections about the rows themselves: what they are, lack and repeat, and how they are spread."""

from collections.abc import Sequence

from engine.contract.column import Column
from engine.eda import pictures
from engine.eda.associations import Missing
from engine.eda.correlated import ENOUGH_ROWS
from engine.eda.profile import PICTURE_ROWS, Profile
from engine.eda.target import written
from engine.pages import charts
from engine.pages.formatting import count, listed, number, percent
from engine.pages.page import Block, Facts, Figure, Gallery, Note, Section, Table

BARS = 12
MOST_LINES = 30  # of a table; more are counted
EXAMPLE = 40


def rows(look: Profile) -> Section:
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
    if unit := look.problem.rows.unit:
        facts.append((f"different values of {unit}, the unit", int(frame[unit].nunique())))
    facts.append(("of all values are missing", percent(look.missing_share)))
    facts.append(("rows repeat an earlier one", look.repeats.rows))
    blocks: list[Block] = [Facts(facts), _split(look)]
    if len(frame) > PICTURE_ROWS:
        drawn = f"Pictures, and all that involves the target, show {PICTURE_ROWS:,} random rows;"
        blocks.append(Note(f"{drawn} the numbers above and shares of missing values count all."))
    return Section("Rows", "data scientist", sentence, blocks)


def _split(look: Profile) -> Note:
    """Which rows' outcomes were read."""
    if isinstance(look.parts, str):
        said = "Nothing can be kept apart for a test yet, so this page reads every outcome: "
        return Note(said + look.parts, "bad")
    return Note(
        f"Outcomes are read from the {len(look.parts.train):,} rows a model may learn from; those "
        f"of the {len(look.parts.test):,} rows of the test stay unseen ({look.parts.how})."
    )


def kept_out(look: Profile) -> Section:
    """Columns that the model never sees, and why."""
    problem = look.problem
    roles = {
        problem.target.column: "the target",
        problem.rows.id: "names the row",
        problem.rows.unit: "the unit: what a test in production is split by",
    }
    said = {name: why for name, why in roles.items() if name in look.frame}
    for name, why in problem.columns.reasons.items():
        said[name] = f"{said[name]}; {why}" if name in said else why
    reasoned = [name for name in said if name in problem.columns.reasons]
    sentence = (
        f"{listed(reasoned)} {'is' if len(reasoned) == 1 else 'are'} kept out by problem.toml."
        if reasoned
        else "problem.toml keeps nothing out but the columns with a role of their own."
    )
    rows = [(str(name), why, percent(look.kept_tell.get(str(name)))) for name, why in said.items()]
    header = ("column", "why the model never sees it", "would tell alone")
    caption = "What a column would tell of the target; target, ids and personal ones are not asked"
    table = Table(caption, header, rows)
    return Section("Kept out", "data scientist", sentence, [table])


def missing(look: Profile) -> Section:
    """How much is missing, and whether that tells the target."""
    gaps = {name: share for name, share in sorted(look.gaps.items(), key=lambda g: -g[1]) if share}
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
    for names in look.shared_missingness[:3]:
        said = f"{listed(_shortened(names))} are missing in the same rows: one cause, one gap."
        blocks.append(Note(said))
    return Section("Missing values", "data scientist", sentence, blocks)


def repeats(look: Profile) -> Section:
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


def distributions(look: Profile) -> Section:
    """How each feature is spread."""
    figures = [pictures.distribution(c, look.sample[c.name]) for c in look.shown]
    sentence = f"Share of rows. {look.which}"
    return Section("Distributions", "data scientist", sentence, [Gallery(figures)])


def odd_values(look: Profile) -> Section:
    """What looks odd in a feature's values, and what to do about it."""
    if not look.odd:
        sentence = "No constant, stand-in, long tail, or word for missing was found."
        return Section("Odd values", "data scientist", sentence)
    named = list(dict.fromkeys(one.column for one in look.odd))
    sentence = f"{listed(_shortened(named))}: look before a model does."
    lines = [(one.column, one.what, one.next) for one in look.odd[:MOST_LINES]]
    blocks: list[Block] = [Table("Odd values", ("feature", "its value", "what to do"), lines)]
    if len(look.odd) > MOST_LINES:
        blocks.append(Note(f"The first {MOST_LINES} of {len(look.odd)}."))
    return Section("Odd values", "data scientist", sentence, blocks)


def alike(look: Profile) -> Section:
    """Features of which one says what another says."""
    found = look.alike
    if not found:
        sentence = "No two features say nearly the same."
        return Section("Features alike", "data scientist", sentence)
    pairs = count(len(found), "pair of features says", "pairs of features say")
    sentence = f"{pairs} nearly the same: importance is shared between them, and one may do."
    lines = [(a.first, a.second, percent(a.strength), a.measure) for a in found[:MOST_LINES]]
    header = ("feature", "and", "alike", "by")
    blocks: list[Block] = [Table("The most alike first", header, lines)]
    if len(found) > MOST_LINES:
        blocks.append(Note(f"The first {MOST_LINES} of {len(found)}."))
    if len(look.frame) > ENOUGH_ROWS:
        blocks.append(Note(f"Measured on {ENOUGH_ROWS:,} random rows."))
    return Section("Features alike", "data scientist", sentence, blocks)


def inputs(look: Profile) -> Section:
    """Every input with its meaning; at the end, because there may be hundreds."""
    header = ("input", "type", "meaning", "missing", "different values", "for example")
    table = Table("By the data contract", header, [_input(look, c) for c in look.columns])
    unsaid = sum(column.meaning in ("", column.name) for column in look.columns)
    sentence = "What each input is, as data/contract.py says it." + (
        f" {count(unsaid, 'input')} still without a meaning in words." if unsaid else ""
    )
    return Section("Inputs", "data scientist", sentence, [table])


def _input(look: Profile, column: Column) -> tuple[str | int, ...]:
    example = "" if column.example is None else written(column.example)
    short = example if len(example) <= EXAMPLE else f"{example[:EXAMPLE]}…"
    different = look.different[column.name]
    meaning = column.meaning if column.meaning != column.name else ""
    return column.name, column.type, meaning, percent(look.gaps[column.name]), different, short


def _told(look: Profile, one: Missing) -> tuple[str, ...]:
    show = pictures.show_of(look.target)
    times, unit = (1, "") if look.target.task == "regression" else (100, " points")
    gap = f"{number(one.low * times)} to {number(one.high * times)}{unit}"
    return one.column, one.outcome, show(one.when_missing), show(one.when_present), gap


def _shortened(names: Sequence[str]) -> list[str]:
    """A few names, and how many more there are."""
    return [*names[:3], *([f"{len(names) - 3} more"] if len(names) > 3 else [])]
