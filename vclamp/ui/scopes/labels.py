"""Where to write the names of lines."""

import numpy as np
from numpy.typing import NDArray

NAME_WIDTH = 0.08  # of a name, as part of the time axis


def free_places(lines: list[NDArray[np.float32]]) -> list[tuple[int, bool]]:
    """For each of some lines of one length, the sample to name it at, and whether to do so below it.

    The place is where the line is farthest from all others and not beside an earlier name;
    a line among others is named on its far side.
    """
    if not lines:
        return []
    n = lines[0].size
    candidates = np.unique(np.linspace(0.08 * n, 0.92 * n, 60).astype(int))
    values = np.array([np.nan_to_num(line[candidates]) for line in lines], float)
    reach = float(np.ptp(values)) or 1.0
    places: list[tuple[int, bool]] = []
    for own, line in enumerate(values):
        others = np.delete(values, own, axis=0)
        apart = np.min(np.abs(others - line), axis=0) / reach if len(others) else np.ones(candidates.size)
        for at, _ in places:
            apart[np.abs(candidates - at) < NAME_WIDTH * n] -= 1.0
        best = int(np.argmax(np.minimum(apart, 0.3) + 0.05 * np.abs(line) / reach))
        height = (line[best] - values.min()) / reach
        inner = bool(len(others)) and float(np.median(values[:, best])) > line[best]
        below = height > 0.85 or (inner and height > 0.15)
        places.append((int(candidates[best]), below))
    return places
