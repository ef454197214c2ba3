"""What a row is: each column's type, range and meaning. Owner: data science; meant to be edited.

Chemical analysis of wines of one Italian region, grown from the same kind of grape by three
growers (as scikit-learn bundles it).
Rows that break a rule are refused, in training and by the server.
"""

import pandera.pandas as pa

ROW = pa.DataFrameSchema(
    {
        "alcohol": pa.Column(
            float,
            pa.Check.in_range(5, 25),
            description="alcohol, percent by volume",
        ),
        "malic_acid": pa.Column(
            float,
            pa.Check.in_range(0, 15),
            description="malic acid, g/l",
        ),
        "ash": pa.Column(
            float,
            pa.Check.in_range(0, 10),
            description="what is left when it is burnt, g/l",
        ),
        "alcalinity_of_ash": pa.Column(
            float,
            pa.Check.in_range(0, 80),
            description="alkalinity of that ash, meq/l",
        ),
        "magnesium": pa.Column(
            float,
            pa.Check.in_range(0, 500),
            description="magnesium, mg/l",
        ),
        "total_phenols": pa.Column(
            float,
            pa.Check.in_range(0, 12),
            description="all phenols, g/l",
        ),
        "flavanoids": pa.Column(
            float,
            pa.Check.in_range(0, 15),
            description="the phenols that are flavonoids, g/l",
        ),
        "nonflavanoid_phenols": pa.Column(
            float,
            pa.Check.in_range(0, 3),
            description="the phenols that are not, g/l",
        ),
        "proanthocyanins": pa.Column(
            float,
            pa.Check.in_range(0, 12),
            description="proanthocyanidins, the tannins, g/l",
        ),
        "color_intensity": pa.Column(
            float,
            pa.Check.in_range(0, 40),
            description="how much light it takes away, absorbance",
        ),
        "hue": pa.Column(
            float,
            pa.Check.in_range(0, 5),
            description="tint: yellow against red, a ratio",
        ),
        "od280/od315_of_diluted_wines": pa.Column(
            float,
            pa.Check.in_range(0, 12),
            description="absorbance at 280 nm over 315 nm, diluted: protein content",
        ),
        "proline": pa.Column(
            float,
            pa.Check.in_range(0, 5000),
            description="proline, an amino acid, mg/l",
        ),
        "target": pa.Column(
            str,
            pa.Check.isin(["class_0", "class_1", "class_2"]),
            description="the grower",
        ),
    },
    strict=True,
)
# as generated: a01686cc5b0362b5
