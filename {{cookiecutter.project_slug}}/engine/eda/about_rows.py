"""Sections about the rows and features: counts, missing values, duplicates, distributions."""

from collections.abc import Sequence

from engine.eda import pictures
from engine.eda.associations import ENOUGH_ROWS, Missing
from engine.eda.bins import written
from engine.eda.profile import PICTURE_ROWS, Profile
from engine.pages import charts
from engine.pages.formatting import count, listed, number, percent
from engine.pages.page import Block, Facts, Figure, Gallery, Note, Owner, Section, Table

OWNER: Owner = "data scientist"
BARS = 12
MOST_LINES = 30  # of a table; the rest is counted
MOST_INPUTS = 500  # of the table of all inputs: a page of more is too long to read, or to send
NAMED = 6  # columns in a sentence
EXAMPLE = 40


def rows(profile: Profile) -> Section:
    """What a row is, and how many there are."""
    problem, frame = profile.problem, profile.frame
    sentence = f"Each row is one case of the question “{problem.decision.question}”"
    if delay := problem.target.label_delay_days:
        sentence += f" The outcome is known {count(delay, 'day')} later."
    numbers: list[tuple[str, str | int]] = [("rows", len(frame)), ("inputs", len(profile.columns))]
    if problem.rows.time:
        first, last = frame[problem.rows.time].min(), frame[problem.rows.time].max()
        period = f"from {first:%d %b %Y} to {last:%d %b %Y}"
        numbers.append((period, count((last - first).days + 1, "day")))
    if unit := problem.rows.unit:
        numbers.append((f"distinct values of {unit}, the unit", int(frame[unit].nunique())))
    numbers += [("of all values are missing", percent(profile.missing_share))]
    numbers += [("rows repeat an earlier one", profile.repeated)]
    if isinstance(split := profile.split, str):
        use = Note(f"There is no test set yet, so this page uses every outcome: {split}", "bad")
    else:
        text = f"This page uses the outcomes of the {len(split.train):,} training rows. It does not"
        use = Note(f"{text} read those of the {len(split.test):,} test rows ({split.description}).")
    blocks: list[Block] = [Facts(numbers), use]
    if len(frame) > PICTURE_ROWS:
        blocks.append(Note(f"Charts and measures of the target use {PICTURE_ROWS:,} random rows."))
    return Section("Rows", OWNER, sentence, blocks)


def kept_out(profile: Profile) -> Section:
    """Columns that are not inputs of the model, and why."""
    problem = profile.problem
    roles = {
        problem.target.column: "the target",
        problem.rows.id: "row identifier",
        problem.rows.unit: "the unit that an A/B test is split by",
    }
    why = {name: role for name, role in roles.items() if name in profile.frame}
    for name, reason in problem.columns.reasons.items():
        why[name] = f"{why[name]}; {reason}" if name in why else reason
    excluded = listed(list(problem.columns.reasons), NAMED)
    sentence = f"problem.toml excludes {excluded or 'only the columns with a role of their own'}."
    shares = profile.excluded_associations
    lines = [(str(name), reason, percent(shares.get(str(name)))) for name, reason in why.items()]
    header = ("column", "why it is excluded", "explains alone")
    caption = "Share of the target's variance; not measured for the target, ids and personal data"
    return Section("Excluded columns", OWNER, sentence, capped(caption, header, lines))


def missing(profile: Profile) -> Section:
    """How much is missing, and whether missing values are associated with the target."""
    title = "Missing values"
    shares = sorted(profile.missing_shares.items(), key=lambda item: -item[1])
    incomplete = [(name, share) for name, share in shares if share]
    if not incomplete:
        return Section(title, OWNER, "No value is missing.")
    most, share = incomplete[0]
    sentence = f"{len(incomplete)} of {count(len(profile.columns), 'input')} have missing values. "
    sentence += f"{most} has the most ({percent(share)}). "
    chart = charts.bars(title, incomplete[:BARS], show=percent)
    caption = f"The {BARS} inputs with most" if len(incomplete) > BARS else title
    blocks: list[Block] = [Figure(chart, f"{caption}: share of rows without a value.")]
    if informative := profile.missing:
        names = listed([one.column for one in informative], NAMED)
        are = "is" if len(informative) == 1 else "are"
        sentence += f"The outcome differs where {names} {are} missing."
        header = ("feature", "outcome", "when missing", "when present", "difference")
        caption = "95 % intervals, corrected for the number of comparisons"
        blocks += capped(caption, header, [_difference(profile, one) for one in informative])
    else:
        sentence += "No missing value is associated with the target."
    cause = "are missing in the same rows: probably one cause."
    groups = profile.shared_missingness[:3]
    blocks += [Note(f"{listed(list(group), 3)} {cause}") for group in groups]
    return Section(title, OWNER, sentence, blocks)


def repeats(profile: Profile) -> Section:
    """Rows with the same inputs."""
    if not profile.repeated:
        return Section("Duplicates", OWNER, "No row repeats the inputs of another.")
    share = percent(profile.repeated / len(profile.frame))
    sentence = f"{share} of rows ({profile.repeated:,}) repeat the inputs of an earlier row."
    note = "Rows with the same inputs have the same outcome."
    if profile.contradicting:
        note = count(profile.contradicting, "training row has", "training rows have")
        note += " the inputs of another row with another outcome, so no model is right on all."
    return Section("Duplicates", OWNER, sentence, [Note(note)])


def distributions(profile: Profile) -> Section:
    """The distribution of each feature."""
    drawn = [pictures.distribution(c, profile.sample[c.name]) for c in profile.shown]
    return Section("Distributions", OWNER, f"Share of rows. {profile.which}", [Gallery(drawn)])


def quality(profile: Profile) -> Section:
    """Quality issues of the features' values, and what to do about them."""
    issues, title = profile.quality_issues, "Quality issues"
    if not issues:
        sentence = "No constant, placeholder value, long tail or word for missing was found."
        return Section(title, OWNER, sentence)
    names = list(dict.fromkeys(one.column for one in issues))
    sentence = f"Check {listed(names, 3)} before you train."
    lines = [(one.column, one.what, one.next) for one in issues]
    blocks = capped(title, ("feature", "its value", "what to do"), lines)
    return Section(title, OWNER, sentence, blocks)


def correlated(profile: Profile) -> Section:
    """Pairs of features with nearly the same information."""
    pairs, title = profile.correlated, "Correlated features"
    if not pairs:
        return Section(title, OWNER, "No two features carry nearly the same information.")
    sentence = f"{count(len(pairs), 'pair of features carries', 'pairs of features carry')} nearly "
    sentence += "the same information. They share their importance, and one may be enough."
    lines = [(one.first, one.second, percent(one.strength), one.measure) for one in pairs]
    header = ("feature", "and", "correlation", "measure")
    blocks = capped("The strongest first", header, lines)
    if len(profile.frame) > ENOUGH_ROWS:
        blocks.append(Note(f"Measured on {ENOUGH_ROWS:,} random rows."))
    return Section(title, OWNER, sentence, blocks)


def inputs(profile: Profile) -> Section:
    """The inputs with their meanings; at the end, because there may be hundreds."""
    header = ("input", "type", "meaning", "missing", "distinct values", "for example")
    lines = []
    for column in profile.columns[:MOST_INPUTS]:
        name, example = column.name, "" if column.example is None else written(column.example)
        short = example if len(example) <= EXAMPLE else f"{example[:EXAMPLE]}…"
        meaning = "" if column.meaning == name else column.meaning
        missing_share = percent(profile.missing_shares[name])
        lines.append((name, column.type, meaning, missing_share, profile.different[name], short))
    table = Table("From the data contract", header, lines)
    sentence = f"{count(len(profile.columns), 'input')}, as data/contract.py describes them."
    if undescribed := sum(column.meaning in ("", column.name) for column in profile.columns):
        sentence += f" {count(undescribed, 'input has', 'inputs have')} no description yet."
    blocks: list[Block] = [table]
    if others := len(profile.columns) - len(lines):
        blocks.append(Note(f"{count(others, 'more input')}: see data/contract.py."))
    return Section("Inputs", OWNER, sentence, blocks)


def capped(caption: str, header: Sequence[str], lines: Sequence[tuple[str, ...]]) -> list[Block]:
    """A table of the first lines, and a note if there are more."""
    note = [Note(f"The first {MOST_LINES} of {len(lines)}.")] if len(lines) > MOST_LINES else []
    return [Table(caption, header, lines[:MOST_LINES]), *note]


def _difference(profile: Profile, one: Missing) -> tuple[str, ...]:
    show = pictures.show_of(profile.target)
    times, unit = (1, "") if profile.target.task == "regression" else (100, " points")
    difference = f"{number(one.difference * times)} ± {number(one.margin * times)}{unit}"
    return one.column, one.outcome, show(one.when_missing), show(one.when_present), difference
