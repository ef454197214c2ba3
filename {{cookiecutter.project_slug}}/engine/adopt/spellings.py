"""Finds texts of a column that are spellings of one value."""

import re
import unicodedata
from collections.abc import Iterable

# A message names so many groups of spellings.
SHOWN = 3
# Between letters only: 'A-' is no spelling of 'A', nor 'v1.1' of 'v11'.
GAP = re.compile(r"(?<=[^\W\d_])[\s_.-]+(?=[^\W\d_])")


def respelled(values: Iterable[object]) -> str:
    """Which texts differ only by case, accents, or gaps between letters; empty for none."""
    spellings: dict[str, list[str]] = {}
    for value in map(str, values):
        signs = unicodedata.normalize("NFKD", value).casefold()
        plain = "".join(sign for sign in signs if not unicodedata.combining(sign))
        spellings.setdefault(GAP.sub("", plain), []).append(value)
    groups = [sorted(group) for group in spellings.values() if len(group) > 1]
    shown = "; ".join(" and ".join(f"{text!r:.40}" for text in group) for group in groups[:SHOWN])
    more = f" and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
    return f"{shown}{more} differ by case, accents or gaps only" if groups else ""
