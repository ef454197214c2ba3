"""The words and pictures of the EDA page, a section a question."""

import json
import re
from collections.abc import Sequence

from eda import pictures
from eda.look import MANY, PICTURE_ROWS, SHOWN, Look
from eda.stability import MOVES
from eda.target import written
from eda.telling import Missing
from present import charts
from present.page import Block, Code, Facts, Figure, Gallery, Note, Section, Table
from present.wording import count, listed, number, percent, subject
from problem.columns import Column

BARS = 12
RARE_ROWS = 30  # a class of fewer rows can hardly be learnt, and not be judged
EXAMPLE = 40


def all_sections(look: Look) -> list[Section]:
    """The whole page, in the order in which a reviewer asks."""
    made = [rows(look), target(look), suspects(look), tells(look), missing(look), repeats(look)]
    made += [distributions(look), relations(look)]
    return made + ([over_time(look)] if look.spans else [])


def rows(look: Look) -> Section:
    """What a row is, how many there are, and every input with its meaning."""
    delay = look.problem.target.label_delay_days
    sentence = f"A row is one case of the question “{look.problem.decision.question}”" + (
        f" The answer is known {count(delay, 'day')} later." if delay else ""
    )
    frame, names = look.frame, [column.name for column in look.columns]
    facts: list[tuple[str, str | int]] = [("rows", len(frame)), ("inputs", len(names))]
    if look.problem.rows.time:
        when = frame[look.problem.rows.time].dropna()
        span = f"from {when.min():%Y-%m-%d} to {when.max():%Y-%m-%d}"
        facts.append((span, count((when.max() - when.min()).days + 1, "day")))
    facts.append(("of all values are missing", percent(look.missing_share)))
    facts.append(("rows repeat an earlier one", look.repeats.rows))
    blocks: list[Block] = [Facts(facts)]
    if len(frame) > PICTURE_ROWS:
        drawn = (
            f"Pictures, and what involves the target, show {PICTURE_ROWS:,} rows drawn at random"
        )
        blocks.append(Note(f"{drawn}; the numbers above and missing shares count all rows."))
    blocks.append(
        Note(
            "What involves the target is read from rows the model may learn from; the outcomes of "
            "the test rows stay unseen."
        )
    )
    header = ("input", "type", "meaning", "missing", "different values", "for example")
    blocks.append(Table("The inputs", header, [_input(look, column) for column in look.columns]))
    return _section("Rows", sentence, blocks)


def target(look: Look) -> Section:
    """Classes and their balance, or the spread of the value."""
    found = look.target
    blocks: list[Block] = [pictures.outcome(found)]
    if found.task == "regression":
        low, high = float(found.values.min()), float(found.values.max())
        sentence = f"{found.name} lies between {number(low)} and {number(high)}, "
        sentence += f"on average at {number(float(found.values.mean()))}."
        return _section("Target", sentence, blocks)
    shares = [(float((found.values == i).mean()), label) for i, label in enumerate(found.classes)]
    rarest = min(shares)
    if found.task == "binary":
        sentence = f"{found.name} is {found.classes[1]} in {percent(shares[1][0])} of rows."
    else:
        sentence = f"{count(len(shares), 'class', 'classes')}; the most frequent, {max(shares)[1]}"
        sentence += f", has {percent(max(shares)[0])} of rows, the rarest, {rarest[1]}, "
        sentence += f"{percent(rarest[0])}."
    few = round(rarest[0] * len(found.values))
    if few < RARE_ROWS:
        warning = f"Only {count(few, 'row')} with {found.name} = {rarest[1]}: too few to judge by."
        blocks.append(Note(warning, "warn"))
    return _section("Target", sentence, blocks)


def suspects(look: Look) -> Section:
    """Features that might give the target away."""
    title = "Leakage suspects"
    if not look.suspects:
        sentence = "No feature comes close to giving the target away alone."
        return _section(title, sentence, [Note("Combinations: see the gate.")])
    named = [one.column for one in look.suspects]
    sentence = f"{listed(named)} may give the target away. These are suspects: the gate decides."
    lines = "\n".join(f'{_key(name)} = "known only after the outcome"' for name in named)
    blocks: list[Block] = [
        Table("Suspects", ("feature", "why"), [(s.column, s.why) for s in look.suspects]),
        Code(
            f"[columns.excluded]\n{lines}",
            "Is it known when the decision is due? If not, exclude it in problem/problem.toml:",
        ),
    ]
    return _section(title, sentence, blocks)


def tells(look: Look) -> Section:
    """How much each feature tells alone."""
    top = [(name, share) for name, share in look.tells.items() if share >= 0.001]
    caption = (
        "Share of the target's variance that a feature explains alone, judged on rows it was not "
        "fitted to: 0 is chance, 100 % is the target in other words."
    )
    if not top:
        sentence = "No feature tells anything about the target alone."
        return _section("What tells the target", sentence)
    sentence = f"{subject([name for name, _ in top[:3]], 'tell')} most alone."
    figure = Figure(telling_picture(look, BARS), caption)
    return _section("What tells the target", sentence, [figure])


def missing(look: Look) -> Section:
    """How much is missing, and whether that tells the target."""
    gaps = {c.name: float(look.frame[c.name].isna().mean()) for c in look.columns}
    gaps = {name: share for name, share in sorted(gaps.items(), key=lambda g: -g[1]) if share}
    if not gaps:
        return _section("Missing values", "No value is missing.")
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
    return _section("Missing values", sentence, blocks)


def repeats(look: Look) -> Section:
    """Rows whose inputs are the same."""
    found = look.repeats
    if not found.rows:
        return _section("Duplicates", "No row repeats the inputs of another.")
    share = percent(found.rows / len(look.frame))
    sentence = f"{count(found.rows, 'row')} ({share}) {'repeats' if found.rows == 1 else 'repeat'} "
    sentence += "the inputs of an earlier one; the split keeps equal rows on one side."
    noted = (
        f"{count(found.contradicting, 'row')} that a model may learn from share their inputs with "
        "a row of another outcome: no model can be right on all of them."
        if found.contradicting
        else "Rows with the same inputs have the same outcome."
    )
    return _section("Duplicates", sentence, [Note(noted)])


def distributions(look: Look) -> Section:
    """How each feature is spread."""
    figures = [pictures.distribution(c, look.sample[c.name]) for c in look.shown]
    blocks: list[Block] = [Gallery(figures)]
    if look.namelike:
        names = f"Almost every row has its own {listed(look.namelike)}"
        blocks.append(Note(f"{names}: that names rows rather than describes them.", "warn"))
    sentence = f"Share of rows. {_which(look)}"
    if look.constant:
        sentence = f"Nothing changes in {listed(look.constant)}: leave it out. {sentence}"
    return _section("Distributions", sentence, blocks)


def relations(look: Look) -> Section:
    """What each feature says of the target."""
    figures = [pictures.relation(c, look.learn[c.name], look.target) for c in look.shown]
    if look.target.task == "multiclass":
        sentence = "Of numbers the median in each class, and the middle half of rows; of words the "
        sentence += f"share of each {look.target.name}."
    else:
        ((label, outcomes),) = look.target.outcomes()
        overall = pictures.show_of(look.target)(float(outcomes.mean()))
        sentence = f"{label[0].upper()}{label[1:]}, with 95 % intervals; dashed: overall {overall}."
    if look.target.task == "regression":
        sentence += f" Clouds show {pictures.SPOTS} rows and the means of tenths of all."
    return _section("Features and target", f"{sentence} {_which(look)}", [Gallery(figures)])


def over_time(look: Look) -> Section:
    """How rows, target and features move."""
    spans, described = look.spans, {column.name: column for column in look.columns}
    assert spans is not None  # noqa: S101  the page has no such section without time
    moving = [name for name, strength in look.drift.items() if strength >= MOVES]
    figures = [pictures.rows_over_time(spans)]
    inside = look.sample.index.isin(look.learn.index)
    figures.append(pictures.target_over_time(look.target, spans.take(inside)))
    if moving:
        strengths = [(name, look.drift[name]) for name in moving[:BARS]]
        caption = f"Cramér's V with the period from {MOVES:g} up; at 1 the value tells the period."
        drawn = charts.bars("How far features move", strengths)
        figures.append(Figure(drawn, caption, "how far features move"))
    for name in moving[:4]:
        figures.append(pictures.feature_over_time(described[name], look.sample[name], spans))
    sentence = (
        f"{subject(moving[:3], 'move')} most of "
        f"{count(len(moving), 'feature')} that hang together with time: a model learnt on the past "
        "will meet other values."
        if moving
        else "No feature hangs together with time more than a little."
    )
    return _section("Over time", sentence, [Gallery(figures)])


def telling_picture(look: Look, most: int) -> str:
    """The most telling features as bars."""
    top = [(name, share) for name, share in look.tells.items() if share >= 0.001][:most]
    return charts.bars("How much each feature tells alone", top, show=percent)


def _section(title: str, sentence: str, blocks: Sequence[Block] = ()) -> Section:
    return Section(title, "data scientist", sentence, blocks)


def _input(look: Look, column: Column) -> tuple[str | int, ...]:
    values = look.frame[column.name]
    gone = float(values.isna().mean())
    example = "" if column.example is None else written(column.example)
    short = example if len(example) <= EXAMPLE else f"{example[:EXAMPLE]}…"
    different = int(values.nunique())
    return column.name, column.type, column.meaning, percent(gone), different, short


def _told(look: Look, one: Missing) -> tuple[str, ...]:
    show = pictures.show_of(look.target)
    times, unit = (1, "") if look.target.task == "regression" else (100, " points")
    gap = f"{number(one.low * times)} to {number(one.high * times)}{unit}"
    return one.column, one.outcome, show(one.when_missing), show(one.when_present), gap


def _which(look: Look) -> str:
    if len(look.columns) < MANY:
        return f"All {count(len(look.columns), 'feature')}."
    return f"The {SHOWN} most telling of {len(look.columns)} features."


def _key(name: str) -> str:
    """A column's name as a key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
