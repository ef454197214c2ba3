"""A first model in one afternoon, kept as it was. docs/rough-to-ready.md says what became of it."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")

with app.setup:
    import marimo as mo
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import train_test_split

    from data.contract import ROW
    from engine.data.load import load
    from engine.data.split import split
    from engine.problem.spec import read


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Is there anything in the data?

    Quick and dirty. The test rows stay out of it, all else is for later.
    """)
    return


@app.cell
def _():
    P = read()
    df = load(P, ROW)
    df = df.iloc[split(P, df).train]  # not the test!
    df = df.tail(5000)  # fast enough to play
    y = df[P.target.column]
    X = df.drop(columns=list(P.kept_out)).iloc[:, :50]  # the same
    X.head()
    return P, X, y


@app.cell
def _(X):
    # dates -> numbers
    X1 = X.copy()
    for c in X.select_dtypes("datetime").columns:
        X1[c + "_month"] = X1[c].dt.month
        X1[c + "_weekday"] = X1[c].dt.day_of_week
        X1[c + "_hour"] = X1[c].dt.hour
        X1 = X1.drop(columns=c)
    return (X1,)


@app.cell
def _(X1):
    # gaps: -999, works for trees
    X2 = X1.copy()
    for n in X2.select_dtypes(["number", "bool", "boolean"]).columns:
        X2[n] = X2[n].astype("float64").fillna(-999)
    X2 = pd.get_dummies(X2, dummy_na=True)
    X2.shape
    return (X2,)


@app.cell
def _(P, X2, y):
    Xa, Xb, ya, yb = train_test_split(X2, y, test_size=0.2, random_state=42)
    M = HistGradientBoostingClassifier
    if P.target.task == "regression":
        M = HistGradientBoostingRegressor
    m = M(learning_rate=0.1, max_iter=150, random_state=42)
    m.fit(Xa, ya)
    print("seen", m.score(Xa, ya))
    print("not seen", m.score(Xb, yb))
    return M, Xa, Xb, ya, yb


@app.cell
def _(M, Xa, Xb, ya, yb):
    # smaller trees, less overfit?
    m2 = M(learning_rate=0.06, max_iter=150, max_leaf_nodes=8, random_state=42)
    m2.fit(Xa, ya)
    print("seen", m2.score(Xa, ya))
    print("not seen", m2.score(Xb, yb))
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    Better than nothing? Ask what always saying the same would score. Then do it properly.
    """)
    return


if __name__ == "__main__":
    app.run()
