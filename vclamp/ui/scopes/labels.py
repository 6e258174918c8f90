"""Where to write the names of lines, so that they cover neither each other nor, where there is room, a line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]
COLUMN_PX = 4.0  # width of the columns in which lines are looked at
GAP_PX = 1.0  # between a name and its line, and another name
MARGIN = 0.06  # of the width, at either side, that is kept free
CLEARANCE = 2.0  # heights of a name beyond which other lines are far enough


@dataclass(frozen=True)
class Place:
    """The lower left corner of a name, in pixels from that of the plot."""

    left_px: float
    bottom_px: float


def free_places(
    lines: Sequence[tuple[Array, Array]],
    sizes: Sequence[tuple[float, float]],
    height_px: float,
    occupied: Sequence[tuple[float, float, float, float]] = (),
) -> list[Place | None]:
    """For each of some lines a place beside it for its name; None if there is no room.

    The lines that span most are named first. A name stands where its line is far from where it began and others are
    far, above or below all of its line that it spans.

    Parameters
    ----------
    lines : sequence of pair of array, shape (n_columns,)
        The lowest and highest place of each line in columns of `COLUMN_PX`, in pixels from below; NaN where it is not.
    sizes : sequence of pair of float
        Width and height of each name, in pixels; a line without a width has none, and is only in the way.
    height_px : float
        Height of the plot.
    occupied : sequence of tuple of float
        Left, bottom, right and top of what else no name may cover.
    """
    places: list[Place | None] = [None] * len(lines)
    taken = list(occupied)
    for own in sorted(range(len(lines)), key=lambda each: -_span(*lines[each])):
        (width, height), n = sizes[own], int(np.ceil(sizes[own][0] / COLUMN_PX))
        if not 0 < n < lines[own][0].size:
            continue
        left = COLUMN_PX * np.arange(lines[own][0].size - n + 1)
        found: list[tuple[float, Place]] = []
        for bottom, score in _candidates(lines, own, n, height):
            fits = (bottom >= 0.0) & (bottom + height <= height_px) & np.isfinite(score)
            edge = MARGIN * (left[-1] + width)
            fits &= (left >= edge) & (left <= left[-1] - edge)
            for x0, y0, x1, y1 in taken:
                beside = (left + width + GAP_PX <= x0) | (left >= x1 + GAP_PX)
                fits &= beside | (bottom + height + GAP_PX <= y0) | (bottom >= y1 + GAP_PX)
            if fits.any():
                best = int(np.argmax(np.where(fits, score, -np.inf)))
                found.append((float(score[best]), Place(float(left[best]), float(bottom[best]))))
        if found:
            place = places[own] = max(found, key=lambda each: each[0])[1]
            taken.append((place.left_px, place.bottom_px, place.left_px + width, place.bottom_px + height))
    return places


def _span(low: Array, high: Array) -> float:
    """How many pixels a line reaches across, 0 if it is not there."""
    reach = float(np.fmax.reduce(high) - np.fmin.reduce(low))
    return reach if np.isfinite(reach) else 0.0


def _candidates(lines: Sequence[tuple[Array, Array]], own: int, n: int, height: float) -> list[tuple[Array, Array]]:
    """Above and below a line: for every first column the bottom of a name of n columns, and how good that is."""
    lows = np.array([sliding_window_view(low, n).min(axis=1) for low, _ in lines])
    highs = np.array([sliding_window_view(high, n).max(axis=1) for _, high in lines])
    middle = 0.5 * (lines[own][0] + lines[own][1])
    known = middle[np.isfinite(middle)]
    start = known[0] if known.size else np.nan
    span = float(np.max(np.abs(known - start), initial=0.0)) or 1.0
    steep = np.clip((highs[own] - lows[own]) / height, 0.0, 4.0)
    others = [number for number in range(len(lines)) if number != own]
    found = []
    for bottom, end in ((highs[own] + GAP_PX, highs[own]), (lows[own] - GAP_PX - height, lows[own])):
        clear = np.full(bottom.size, CLEARANCE)
        crossed = np.zeros(bottom.size)
        for other in others:
            apart = np.fmax(lows[other] - bottom - height, bottom - highs[other])
            crossed += _crosses(lines[other], n, bottom, height)
            clear = np.fmin(clear, np.clip(apart / height, 0.0, CLEARANCE))
        away = np.abs(end - start) / span
        found.append((bottom, 0.8 * away + 0.5 * clear - 0.15 * steep - 4.0 * crossed))
    return found


def _crosses(line: tuple[Array, Array], n: int, bottom: Array, height: float) -> NDArray[np.bool_]:
    """Whether a line passes behind a name, for every first column."""
    low, high = sliding_window_view(line[0], n), sliding_window_view(line[1], n)
    behind: NDArray[np.bool_] = ((low < bottom[:, None] + height) & (high > bottom[:, None])).any(axis=1)
    return behind
