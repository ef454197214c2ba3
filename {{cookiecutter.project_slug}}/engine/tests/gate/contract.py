"""What an order is; as data/contract.py of the projects that the tests make."""

import pandera.pandas as pa

ROW = pa.DataFrameSchema(
    {
        "order": pa.Column(str, unique=True),
        "customer": pa.Column(str),
        "ordered_at": pa.Column("datetime64[us]", description="when it was ordered"),
        "shop": pa.Column(str, pa.Check.isin(["north", "south"]), description="who packs it"),
        "carrier": pa.Column(str, nullable=True, description="who brings it"),
        "weight": pa.Column(
            float, pa.Check.in_range(0, 40), nullable=True, description="of the parcel, kg"
        ),
        "items": pa.Column(int, pa.Check.in_range(1, 20), description="things in the parcel"),
        "fragile": pa.Column(bool, description="marked as such"),
        "insured": pa.Column("boolean", nullable=True, description="against loss"),
        "arrived_at": pa.Column("datetime64[us]"),
        "late": pa.Column(bool),
        "speed": pa.Column(str),
        "days": pa.Column(float),
    },
    strict=True,
)
