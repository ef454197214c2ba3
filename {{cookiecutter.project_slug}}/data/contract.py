"""What a row is: each column's type, range and meaning. Owner: data science; meant to be edited.

Rows that break a rule are refused, in training and by the server. A string column without
`isin` is open: a value never seen before is served, and the monitor says that it came.
"""

import pandera.pandas as pa

ROW = pa.DataFrameSchema(
    {
        "order_id": pa.Column(
            str,
            unique=True,
            description="number of the order",
        ),
        "customer_id": pa.Column(
            str,
            description="who ordered",
        ),
        "ordered_at": pa.Column(
            "datetime64[us]",
            description="when the order was placed, shop's local time",
        ),
        "weekday": pa.Column(
            str,
            pa.Check.isin(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
            description="day of the week of the order",
        ),
        "carrier": pa.Column(
            str,
            description="who carries the parcel; new carriers join now and then",
        ),
        "region": pa.Column(
            str,
            pa.Check.isin(["north", "east", "south", "west", "islands"]),
            description="where it goes",
        ),
        "service": pa.Column(
            str,
            pa.Check.isin(["economy", "standard", "express"]),
            description="what the customer chose",
        ),
        "weight_kg": pa.Column(
            float,
            pa.Check.in_range(0, 40),
            nullable=True,
            description="weight as packed, kilograms; missing where the scale was skipped",
        ),
        "distance_km": pa.Column(
            float,
            pa.Check.in_range(0, 3000),
            description="warehouse to door, kilometres",
        ),
        "items": pa.Column(
            int,
            pa.Check.in_range(1, 100),
            description="how many things are in the parcel",
        ),
        "fragile": pa.Column(
            bool,
            description="marked as fragile",
        ),
        "weather": pa.Column(
            str,
            nullable=True,
            description="forecast at the destination; missing where there was none",
        ),
        "warehouse_load": pa.Column(
            float,
            pa.Check.in_range(0, 2),
            description="orders waiting, as a share of what a day can pack",
        ),
        "promised_days": pa.Column(
            int,
            pa.Check.in_range(1, 30),
            description="days until arrival that the shop promised",
        ),
        "delivery_days": pa.Column(
            int,
            pa.Check.in_range(1, 90),
            description="days until it arrived",
        ),
        "late": pa.Column(
            bool,
            description="it arrived after the promised day",
        ),
    },
    strict=True,
)
# as generated: 2cf175a2e147a726
