"""Sections about the target: how it spreads, what tells it, what gives it away, what moves."""

import numpy as np

from engine.eda import pictures
from engine.eda.profile import Profile
from engine.eda.stability import MOVES
from engine.eda.target import Target
from engine.pages import charts
from engine.pages.formatting import count, listed, number, percent, subject
from engine.pages.page import Block, Code, Figure, Gallery, Note, Section, Table
from engine.problem.toml import toml

BARS = 12
RARE_ROWS = 30  # a class of fewer rows can hardly be learnt, and not be judged
SAME_SHARE, TAIL_SHARE = 0.3, 0.5


def target(look: Profile) -> Section:
    """Classes and their balance, or the spread of the value."""
    found = look.target
    blocks: list[Block] = [pictures.outcome(found)]
    if found.task == "regression":
        return _value(found, blocks)
    shares = [(float((found.values == i).mean()), label) for i, label in enumerate(found.classes)]
    rarest = min(shares)
    if found.task == "binary":
        sentence = f"{found.name} is {found.classes[1]} in {percent(shares[1][0])} of rows."
    else:
        sentence = f"{count(len(shares), 'class', 'classes')}; the most frequent, {max(shares)[1]}"
        sentence += f", has {percent(max(shares)[0])} of rows, the rarest, {rarest[1]}, "
        sentence += f"{percent(rarest[0])}."
    rare = [
        label for share, label in sorted(shares) if round(share * len(found.values)) < RARE_ROWS
    ]
    if rare:
        few = f"fewer than {RARE_ROWS} rows to learn from"
        named = listed([*rare[:3], *([f"{len(rare) - 3} more"] if len(rare) > 3 else [])])
        said = f"{found.name} = {named}: {few}. Too few to judge by; join them, or get more."
        blocks.append(Note(said, "warn"))
    return Section("Target", "data scientist", sentence, blocks)


def _value(found: Target, blocks: list[Block]) -> Section:
    """How a number spreads, and what that does to an average error."""
    values = found.values
    low, high = float(values.min()), float(values.max())
    sentence = f"{found.name} lies between {number(low)} and {number(high)}, "
    sentence += f"on average at {number(float(values.mean()))}."
    different, rows = np.unique(values, return_counts=True)
    most = int(rows.argmax())
    if rows[most] >= SAME_SHARE * len(values) and low < high:
        share, same = percent(float(rows[most] / len(values))), number(float(different[most]))
        said = f"{share} of rows have {found.name} = {same}: two questions in one, "
        blocks.append(Note(f"{said}whether it is anything else, and how much.", "warn"))
    squares = np.sort((values - values.mean()) ** 2)
    tail = squares[-max(1, len(values) // 100) :].sum() / squares.sum() if low < high else 0.0
    if tail > TAIL_SHARE:
        said = f"The 1 % of rows furthest from the average hold {percent(float(tail))} of the "
        said += "variance: a squared error, or R², is decided by them; look at them one by one."
        blocks.append(Note(said, "warn"))
    return Section("Target", "data scientist", sentence, blocks)


def suspects(look: Profile) -> Section:
    """Features that might give the target away."""
    if not look.suspects:
        sentence = "No feature comes close to giving the target away, alone or with a few others."
        return Section("Leakage suspects", "data scientist", sentence)
    named = list(dict.fromkeys(name for one in look.suspects for name in one.columns))
    sentence = f"{listed(named)} may give the target away. These are suspects: the gate decides."
    rows = [(listed([*one.columns]), one.why) for one in look.suspects]
    blocks: list[Block] = [Table("Suspects", ("features", "why"), rows)]
    if copies := {name: one.why for one in look.suspects for name in one.excluded}:
        lines = "\n".join(f"{toml(name)} = {toml(why)}" for name, why in copies.items())
        said = "A mechanism gives the target away. Keep it out, in problem/problem.toml:"
        blocks.append(Code(f"[columns.excluded]\n{lines}", said))
    if asked := [name for one in look.suspects if not one.excluded for name in one.columns]:
        lines = "\n".join(f'{toml(name)} = "when it is known"' for name in asked)
        said = (
            "Is it known when the decision is due? If not, say in problem/problem.toml when it is:"
        )
        blocks.append(Code(f"[columns.known_after]\n{lines}", said))
    return Section("Leakage suspects", "data scientist", sentence, blocks)


def tells(look: Profile) -> Section:
    """How much each feature tells alone."""
    top = [(name, share) for name, share in look.tells.items() if share >= 0.001]
    caption = (
        "Share of the target's variance that a feature explains alone, judged on rows it was not "
        "fitted to: 0 is chance, 100 % is the target in other words."
    )
    if not top:
        sentence = "No feature tells anything about the target alone."
        return Section("What tells the target", "data scientist", sentence)
    sentence = f"{subject([name for name, _ in top[:3]], 'tell')} most alone."
    figure = Figure(telling_picture(look, BARS), caption)
    return Section("What tells the target", "data scientist", sentence, [figure])


def relations(look: Profile) -> Section:
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
    return Section(
        "Features and target", "data scientist", f"{sentence} {look.which}", [Gallery(figures)]
    )


def over_time(look: Profile) -> Section | None:
    """How rows, target and features move; None where the rows have no time."""
    if look.spans is None:
        return None
    described = {column.name: column for column in look.columns}
    moving = [name for name, strength in look.drift.items() if strength >= MOVES]
    figures = [pictures.rows_over_time(look.spans)]
    inside = look.sample.index.isin(look.learn.index)
    figures.append(pictures.target_over_time(look.target, look.spans.take(inside)))
    if moving:
        strengths = [(name, look.drift[name]) for name in moving[:BARS]]
        caption = f"Cramér's V with the period from {MOVES:g} up; at 1 the value tells the period."
        drawn = charts.bars("How far features move", strengths)
        figures.append(Figure(drawn, caption, "how far features move"))
    for name in moving[:4]:
        figures.append(pictures.feature_over_time(described[name], look.sample[name], look.spans))
    sentence = "No feature moves with time more than a little."
    if moving:
        others = f" most, of {len(moving)} features that do" if len(moving) > 3 else ""
        sentence = f"{subject(moving[:3], 'move')} with time{others}: a model learnt on the past "
        sentence += "will meet other values."
    return Section("Over time", "data scientist", sentence, [Gallery(figures)])


def telling_picture(look: Profile, most: int) -> str:
    """The most telling features as bars."""
    top = [(name, share) for name, share in look.tells.items() if share >= 0.001][:most]
    return charts.bars("How much each feature tells alone", top, show=percent)
