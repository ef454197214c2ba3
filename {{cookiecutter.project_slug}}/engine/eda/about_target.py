"""Sections about the target: its distribution, what is associated with it, leakage, changes."""

from dataclasses import replace

import numpy as np

from engine.eda import pictures
from engine.eda.about_rows import BARS, NAMED, OWNER, capped
from engine.eda.bins import SMALL_EFFECT, Target
from engine.eda.profile import Profile
from engine.pages import charts
from engine.pages.formatting import count, listed, number, percent, subject
from engine.pages.page import Block, Code, Figure, Gallery, Note, Section
from engine.problem.files import toml

RARE_ROWS = 30  # fewer rows of a class are too few to learn from and to evaluate on
SAME_SHARE, TAIL_SHARE = 0.3, 0.5


def target(profile: Profile) -> Section:
    """Classes and their balance, or the distribution of the value."""
    outcome = profile.target
    if outcome.task == "regression":
        return _number(outcome)
    blocks: list[Block] = [pictures.outcome(outcome)]
    shares = sorted(
        (float((outcome.values == i).mean()), label) for i, label in enumerate(outcome.classes)
    )
    if outcome.task == "binary":
        positive = float(outcome.values.mean())
        sentence = f"{outcome.name} is {outcome.classes[1]} in {percent(positive)} of rows."
    else:
        (least, rarest), (most, frequent) = shares[0], shares[-1]
        sentence = f"{count(len(shares), 'class', 'classes')}. The most frequent is {frequent} "
        sentence += f"({percent(most)} of rows), the rarest {rarest} ({percent(least)})."
    rare = [label for share, label in shares if round(share * len(outcome.values)) < RARE_ROWS]
    if rare:
        note = f"{outcome.name} = {listed(rare, 3)}: fewer than {RARE_ROWS} training rows. "
        note += "That is too few to evaluate a model. Merge classes, or get more rows."
        blocks.append(Note(note, "warn"))
    return Section("Target", OWNER, sentence, blocks)


def _number(outcome: Target) -> Section:
    """The distribution of a number, and what it means for an average error."""
    blocks: list[Block] = [pictures.outcome(outcome)]
    values = outcome.values
    low, high = float(values.min()), float(values.max())
    sentence = f"{outcome.name} ranges from {number(low)} to {number(high)}, "
    sentence += f"with a mean of {number(float(values.mean()))}."
    distinct, rows = np.unique(values, return_counts=True)
    most = int(rows.argmax())
    if rows[most] >= SAME_SHARE * len(values) and low < high:
        share, same = percent(float(rows[most] / len(values))), number(float(distinct[most]))
        note = f"{share} of rows have {outcome.name} = {same}. Consider two models: one predicts "
        blocks.append(Note(f"{note}whether the value differs, one predicts the value.", "warn"))
    squares = np.sort((values - values.mean()) ** 2)
    tail = squares[-max(1, len(values) // 100) :].sum() / squares.sum() if low < high else 0.0
    if tail > TAIL_SHARE:
        note = f"The 1 % of rows furthest from the mean hold {percent(float(tail))} of the "
        note += "variance. They decide a squared error and R². Check them one by one."
        blocks.append(Note(note, "warn"))
    return Section("Target", OWNER, sentence, blocks)


def suspects(profile: Profile) -> Section:
    """Features that may leak the target."""
    title = "Leakage suspects"
    if not profile.suspects:
        sentence = "No feature predicts the target almost perfectly, alone or with a few others."
        return Section(title, OWNER, sentence)
    names = list(dict.fromkeys(name for one in profile.suspects for name in one.columns))
    sentence = f"{listed(names, NAMED)} may leak the target. The gate decides."
    lines = [(listed([*one.columns]), one.why) for one in profile.suspects]
    blocks = capped("Suspects", ("features", "why"), lines)
    copies, unclear = dict[str, str](), dict[str, str]()
    for one in profile.suspects:
        copies |= dict.fromkeys(one.excluded, one.why)
        unclear |= {} if one.excluded else dict.fromkeys(one.columns, "when it is known")
    for table, entries, caption in (
        (
            "known_after",
            copies,
            "These contain the target. Add what is known last to problem.toml:",
        ),
        ("known_after", unclear, "Not known when the decision is made? Add it to problem.toml:"),
    ):
        if entries:
            text = "".join(f"\n{toml(name)} = {toml(why)}" for name, why in entries.items())
            blocks.append(Code(f"[columns.{table}]{text}", caption))
    return Section(title, OWNER, sentence, blocks)


def associations(profile: Profile) -> Section:
    """How strongly each feature alone is associated with the target."""
    title = "Association with the target"
    top = [name for name, share in profile.associations.items() if share >= pictures.VISIBLE]
    if not top:
        return Section(title, OWNER, "No feature is associated with the target on its own.")
    caption = "Share of the target's variance that a feature explains alone, on rows that were not "
    caption += "used to fit it. 0 is chance, 100 % determines the target."
    sentence = f"{subject(top[:3], 'explain')} the most, each alone."
    figure = Figure(pictures.associations(profile.associations, BARS), caption)
    return Section(title, OWNER, sentence, [figure])


def relations(profile: Profile) -> Section:
    """The outcome by the values of each feature."""
    drawn = [pictures.relation(c, profile.learn[c.name], profile.target) for c in profile.shown]
    outcome = profile.target
    if outcome.task == "multiclass":
        sentence = "Numbers: the median and the middle half of rows in each class. Categories: "
        sentence += f"the share of each {outcome.name}."
    else:
        ((label, values),) = outcome.outcomes()
        overall = pictures.show_of(outcome)(float(values.mean()))
        sentence = f"{label[0].upper()}{label[1:]}, with 95 % intervals; dashed: overall {overall}."
    if outcome.task == "regression":
        sentence += " Along numbers and dates: its median and the middle half of rows, in ten bins."
    return Section("Features and target", OWNER, f"{sentence} {profile.which}", [Gallery(drawn)])


def over_time(profile: Profile) -> Section | None:
    """How rows, target and features change; None where the rows have no time."""
    periods = profile.periods
    if periods is None:
        return None
    columns = {column.name: column for column in profile.columns}
    changing = [name for name, strength in profile.drift.items() if strength >= SMALL_EFFECT]
    is_learnt = profile.sample.index.isin(profile.learn.index)
    learnt = replace(periods, codes=periods.codes[is_learnt])
    outcome = pictures.target_over_time(profile.target, learnt)
    drawn = [pictures.rows_over_time(periods), outcome]
    sentence = "No feature changes much over time."
    if changing:
        strengths = [(name, profile.drift[name]) for name in changing[:BARS]]
        caption = f"Cramér's V with the period, from {SMALL_EFFECT:g}; 1: the value determines it."
        title = "How much features change"
        drawn.append(Figure(charts.bars(title, strengths), caption, title.lower()))
        others = f" most, of {len(changing)} features that do" if len(changing) > 3 else ""
        sentence = f"{subject(changing[:3], 'change')} over time{others}. A model trained on the "
        sentence += "past will meet other values."
    for name in changing[:4]:
        drawn.append(pictures.feature_over_time(columns[name], profile.sample[name], periods))
    return Section("Over time", OWNER, sentence, [Gallery(drawn)])
