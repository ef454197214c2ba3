"""What identifies the rows of a table."""

import hashlib

import pandas as pd


def digest(frame: pd.DataFrame) -> str:
    """SHA-256 over names, types and values of `frame` (by their 64-bit hashes), in their order."""
    sha = hashlib.sha256()
    for name in frame.columns:
        sha.update(f"{name}\0{frame[name].dtype}\0".encode())
        sha.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    return sha.hexdigest()
