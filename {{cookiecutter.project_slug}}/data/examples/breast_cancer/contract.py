"""What a row is: each column's type, range and meaning. Owner: data science; meant to be edited.

Measurements of the cell nuclei in a digitised image of a fine-needle sample of a breast mass
(Wisconsin diagnostic data, as scikit-learn bundles them), lengths in units of the image.
Rows that break a rule are refused, in training and by the server.
"""

import pandera.pandas as pa

ROW = pa.DataFrameSchema(
    {
        "mean radius": pa.Column(
            float,
            pa.Check.in_range(0, 60),
            description="from the centre to the edge, mean over the nuclei",
        ),
        "mean texture": pa.Column(
            float,
            pa.Check.in_range(0, 100),
            description="spread of the grey values, mean over the nuclei",
        ),
        "mean perimeter": pa.Column(
            float,
            pa.Check.in_range(0, 400),
            description="length of the edge, mean over the nuclei",
        ),
        "mean area": pa.Column(
            float,
            pa.Check.in_range(0, 6000),
            description="area inside the edge, mean over the nuclei",
        ),
        "mean smoothness": pa.Column(
            float,
            pa.Check.in_range(0, 0.5),
            description="local change of the radius, mean over the nuclei",
        ),
        "mean compactness": pa.Column(
            float,
            pa.Check.in_range(0, 1),
            description="perimeter² / area - 1, mean over the nuclei",
        ),
        "mean concavity": pa.Column(
            float,
            pa.Check.in_range(0, 1.5),
            description="depth of the dents in the edge, mean over the nuclei",
        ),
        "mean concave points": pa.Column(
            float,
            pa.Check.in_range(0, 1),
            description="share of the edge that is dented, mean over the nuclei",
        ),
        "mean symmetry": pa.Column(
            float,
            pa.Check.in_range(0, 1),
            description="left against right of the longest axis, mean over the nuclei",
        ),
        "mean fractal dimension": pa.Column(
            float,
            pa.Check.in_range(0, 0.5),
            description="roughness of the edge, mean over the nuclei",
        ),
        "radius error": pa.Column(
            float,
            pa.Check.in_range(0, 10),
            description="from the centre to the edge, standard error of the mean",
        ),
        "texture error": pa.Column(
            float,
            pa.Check.in_range(0, 20),
            description="spread of the grey values, standard error of the mean",
        ),
        "perimeter error": pa.Column(
            float,
            pa.Check.in_range(0, 60),
            description="length of the edge, standard error of the mean",
        ),
        "area error": pa.Column(
            float,
            pa.Check.in_range(0, 1500),
            description="area inside the edge, standard error of the mean",
        ),
        "smoothness error": pa.Column(
            float,
            pa.Check.in_range(0, 0.1),
            description="local change of the radius, standard error of the mean",
        ),
        "compactness error": pa.Column(
            float,
            pa.Check.in_range(0, 0.5),
            description="perimeter² / area - 1, standard error of the mean",
        ),
        "concavity error": pa.Column(
            float,
            pa.Check.in_range(0, 1.5),
            description="depth of the dents in the edge, standard error of the mean",
        ),
        "concave points error": pa.Column(
            float,
            pa.Check.in_range(0, 0.3),
            description="share of the edge that is dented, standard error of the mean",
        ),
        "symmetry error": pa.Column(
            float,
            pa.Check.in_range(0, 0.5),
            description="left against right of the longest axis, standard error of the mean",
        ),
        "fractal dimension error": pa.Column(
            float,
            pa.Check.in_range(0, 0.2),
            description="roughness of the edge, standard error of the mean",
        ),
        "worst radius": pa.Column(
            float,
            pa.Check.in_range(0, 80),
            description="from the centre to the edge, mean of the three largest",
        ),
        "worst texture": pa.Column(
            float,
            pa.Check.in_range(0, 120),
            description="spread of the grey values, mean of the three largest",
        ),
        "worst perimeter": pa.Column(
            float,
            pa.Check.in_range(0, 500),
            description="length of the edge, mean of the three largest",
        ),
        "worst area": pa.Column(
            float,
            pa.Check.in_range(0, 10000),
            description="area inside the edge, mean of the three largest",
        ),
        "worst smoothness": pa.Column(
            float,
            pa.Check.in_range(0, 0.6),
            description="local change of the radius, mean of the three largest",
        ),
        "worst compactness": pa.Column(
            float,
            pa.Check.in_range(0, 3),
            description="perimeter² / area - 1, mean of the three largest",
        ),
        "worst concavity": pa.Column(
            float,
            pa.Check.in_range(0, 4),
            description="depth of the dents in the edge, mean of the three largest",
        ),
        "worst concave points": pa.Column(
            float,
            pa.Check.in_range(0, 1),
            description="share of the edge that is dented, mean of the three largest",
        ),
        "worst symmetry": pa.Column(
            float,
            pa.Check.in_range(0, 2),
            description="left against right of the longest axis, mean of the three largest",
        ),
        "worst fractal dimension": pa.Column(
            float,
            pa.Check.in_range(0, 1),
            description="roughness of the edge, mean of the three largest",
        ),
        "target": pa.Column(
            str,
            pa.Check.isin(["malignant", "benign"]),
            description="what the pathologist found in the end",
        ),
    },
    strict=True,
)
# as generated: 0f1b93bcd543bace
