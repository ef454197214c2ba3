"""What a row is: each column's type, range and meaning. Owner: data science; meant to be edited.

Diabetes patients at the start of a year and how it went (Efron et al. 2004, as scikit-learn
bundles it). Inputs come scaled: over the table each has a mean of 0 and a sum of squares of 1,
so a value of 0.05 is about one standard deviation.
Rows that break a rule are refused, in training and by the server.
"""

import pandera.pandas as pa

ROW = pa.DataFrameSchema(
    {
        "age": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="age, scaled",
        ),
        "sex": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="sex, one of two values, scaled",
        ),
        "bmi": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="body mass index, scaled",
        ),
        "bp": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="mean blood pressure, scaled",
        ),
        "s1": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="total cholesterol in the blood serum, scaled",
        ),
        "s2": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="low-density lipoproteins, scaled",
        ),
        "s3": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="high-density lipoproteins, scaled",
        ),
        "s4": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="total cholesterol over high-density lipoproteins, scaled",
        ),
        "s5": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="triglycerides, probably their logarithm, scaled",
        ),
        "s6": pa.Column(
            float,
            pa.Check.in_range(-0.4, 0.4),
            description="blood sugar, scaled",
        ),
        "target": pa.Column(
            float,
            pa.Check.in_range(0, 1000),
            description="progression of the disease after a year, a score from about 25 to 350",
        ),
    },
    strict=True,
)
# as generated: 35dee73dd4b63023
