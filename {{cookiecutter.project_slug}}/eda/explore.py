"""A first look to play with: the report's own measures and pictures, and cells of your own.

`make explore` opens it; `python -m eda notebook` runs it and writes build/eda/explore.html.
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
    from engine.eda.profile import look
    from engine.pages.page import Gallery
    from engine.problem.spec import read


@app.cell
def _():
    problem = read()
    frame = load(problem, ROW)
    seen = look(problem, frame, columns(problem, ROW, frame))
    return frame, problem, seen


@app.cell(hide_code=True)
def _(seen):
    show(about_rows.rows(seen), about_target.target(seen))
    return


@app.cell(hide_code=True)
def _(seen):
    first = [about_target.suspects, about_target.tells, about_rows.missing]
    show(*[section(seen) for section in (*first, about_rows.odd_values, about_rows.alike)])
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## One feature

    Choose one and look at it alone. Outcomes come from `seen.learn`, the rows that a model may
    learn from: the test rows stay unseen here too.
    """)
    return


@app.cell
def _(seen):
    names = {column.name: column for column in seen.columns}
    chosen = mo.ui.dropdown(list(names), value=next(iter(seen.tells)), label="feature")
    chosen
    return chosen, names


@app.cell
def _(chosen, names, seen):
    feature = names[chosen.value]
    spread = pictures.distribution(feature, seen.sample[feature.name])
    related = pictures.relation(feature, seen.learn[feature.name], seen.target)
    show(Gallery([spread, related]))
    return (feature,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Your own questions

    What you find out here and want to keep belongs in the report, the contract or
    `problem.toml`; this notebook is for asking.
    """)
    return


@app.cell
def _(feature, seen):
    seen.learn[feature.name].describe()
    return


@app.cell
def _(problem, seen):
    # Columns that are kept out as well: what do they look like?
    kept = [name for name in problem.columns.reasons if name not in problem.columns.personal]
    seen.learn[kept].describe() if kept else "problem.toml keeps nothing out"
    return


if __name__ == "__main__":
    app.run()
