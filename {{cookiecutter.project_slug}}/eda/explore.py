"""The measures and charts of the EDA page, and cells for your own questions.

`make lab` opens it; `python -m eda notebook` runs it and writes build/eda/explore.html.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")

with app.setup:
    import marimo as mo

    from data.contract import ROW
    from engine.data.columns import columns
    from engine.data.load import load
    from engine.eda import about_rows, about_target, pictures
    from engine.eda.notebooks.page import show
    from engine.eda.profile import measure
    from engine.pages.page import Gallery
    from engine.problem.spec import read


@app.cell
def _():
    problem = read()
    frame = load(problem, ROW)
    profile = measure(problem, frame, columns(problem, ROW, frame))
    return frame, problem, profile


@app.cell(hide_code=True)
def _(profile):
    show(about_rows.rows(profile), about_target.target(profile))
    return


@app.cell(hide_code=True)
def _(profile):
    first = [about_target.suspects, about_target.associations, about_rows.missing]
    show(*[section(profile) for section in (*first, about_rows.quality, about_rows.correlated)])
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## One feature

    Choose a feature. Outcomes come from `profile.learn`, the training
    rows: the test rows stay unseen here too.
    """)
    return


@app.cell
def _(profile):
    names = {column.name: column for column in profile.columns}
    chosen = mo.ui.dropdown(list(names), value=next(iter(profile.associations)), label="feature")
    chosen
    return chosen, names


@app.cell
def _(chosen, names, profile):
    feature = names[chosen.value]
    spread = pictures.distribution(feature, profile.sample[feature.name])
    related = pictures.relation(feature, profile.learn[feature.name], profile.target)
    show(Gallery([spread, related]))
    return (feature,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Your own questions

    Move results that you want to keep to the report, the contract or `problem.toml`.
    """)
    return


@app.cell
def _(feature, profile):
    profile.learn[feature.name].describe()
    return


@app.cell
def _(problem, profile):
    # Excluded columns, without personal data.
    excluded = [name for name in problem.columns.reasons if name not in problem.columns.personal]
    profile.learn[excluded].describe() if excluded else "problem.toml excludes no column"
    return


if __name__ == "__main__":
    app.run()
