"""Assigns groups of rows to parts that hold about equal numbers of rows."""

import numpy as np
from numpy.typing import NDArray


def equal_parts(sizes: NDArray[np.intp], parts: int) -> NDArray[np.intp]:
    """A part (0 to `parts` - 1) for each group, by the numbers of their rows; shapes (groups,).

    The running count of rows decides. A group as large as a part would leave other parts empty.
    With one of these, the largest go first, each to the smallest part, and part 0, the test set,
    is the one that is nearest to a fair share.
    """
    upto = np.cumsum(sizes)
    if sizes.max() * parts <= upto[-1]:
        running: NDArray[np.intp] = ((upto - sizes / 2) * parts / upto[-1]).astype(np.intp)
        return running
    part, filled = np.empty(len(sizes), np.intp), np.zeros(parts, np.intp)
    for group in np.argsort(-sizes, kind="stable"):
        part[group] = np.argmin(filled)
        filled[part[group]] += sizes[group]
    unfair = np.where(filled > 0, np.abs(filled - upto[-1] / parts), np.inf)
    labels = np.arange(parts)
    labels[[0, int(np.argmin(unfair))]] = labels[[int(np.argmin(unfair)), 0]]
    return labels[part]
