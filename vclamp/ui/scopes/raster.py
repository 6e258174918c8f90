"""Traces into pixels: all jitted code of the scopes.

A trace is float32 samples at a uniform interval. Sample index and image column are related by
`index = index0 + step * column`, value and image row by `row = y0 + y_scale * value`.

The picture is the trace drawn with a round pen. Each column is cut into a few slices; per slice the
extremes of the linear interpolant are exact, the pen widens them (`_pen`, `_reach_out`), and the slices' row
intervals add up to a coverage per pixel (`_add_rows`), with which the colour is blended once.
A column's pixels depend on nothing but the trace and the column, so a picture can be drawn in pieces.
"""

from __future__ import annotations

import numpy as np

from vclamp.engine.kernels import KEEP

# isort: split
# (that has set numba's cache folder)
from numba import boolean as b1
from numba import float32 as f4
from numba import float64 as f8
from numba import int32 as i4
from numba import int64 as i8
from numba import njit, types
from numba import uint32 as u4
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Parts = NDArray[np.int32]
Image = NDArray[np.uint32]

BLOCK = 64
"""Samples per pyramid block; `store.BLOCK` must be the same."""
SMOOTH_SLICES = 4
HARD_SLICES = 2
ROW_BITS, COVERAGE_BITS = 8, 12
PARTS = 1 << ROW_BITS
"""Rows are counted in such parts of a row where coverage is summed."""
FULL = 256 << COVERAGE_BITS
"""Coverage of a whole pixel: 256, with so many bits behind the point."""

_TRACE = types.Array(f4, 1, "C", readonly=True)
_ROWS = f4[::1]
_PARTS = i4[::1]
_IMAGE = u4[:, ::1]
_PAIR = types.UniTuple(f4, 2)
_EMPTY_LOW = np.float32(np.inf)
_EMPTY_HIGH = np.float32(-np.inf)


@njit([_PAIR(_TRACE, _TRACE, i8, i8, f4, f4)], nogil=True, cache=KEEP, forceinline=True)
def _scan(lows: Samples, highs: Samples, start: int, stop: int, least: float, most: float) -> tuple[float, float]:
    """Extremes of the finite values in [start, stop), beginning from `least` and `most`."""
    lowest, highest = least, most
    for i in range(start, stop):
        lowest = lows[i] if lows[i] < lowest else lowest  # false for nan
        highest = highs[i] if highs[i] > highest else highest
    if lowest > _EMPTY_HIGH and highest < _EMPTY_LOW:
        return lowest, highest
    for i in range(start, stop):
        least = lows[i] if _EMPTY_HIGH < lows[i] < least else least
        most = highs[i] if _EMPTY_LOW > highs[i] > most else most
    return least, most


@njit([_PAIR(_TRACE, _TRACE, _TRACE, i8, i8)], nogil=True, cache=KEEP, forceinline=True)
def _extremes(values: Samples, low: Samples, high: Samples, start: int, stop: int) -> tuple[float, float]:
    """Extremes of the finite samples in [start, stop); long stretches are read from the pyramid."""
    first, last = (start + BLOCK - 1) // BLOCK, min(stop // BLOCK, low.size)
    if last - first < 2:
        return _scan(values, values, start, stop, _EMPTY_LOW, _EMPTY_HIGH)
    least, most = _scan(values, values, start, first * BLOCK, _EMPTY_LOW, _EMPTY_HIGH)
    least, most = _scan(low, high, first, last, least, most)
    return _scan(values, values, last * BLOCK, stop, least, most)


@njit([_PAIR(f4, f4, f4)], nogil=True, cache=KEEP, forceinline=True)
def _with(value: float, least: float, most: float) -> tuple[float, float]:
    """Extremes with one more value, unless that is not finite."""
    least = value if _EMPTY_HIGH < value < least else least
    most = value if _EMPTY_LOW > value > most else most
    return least, most


@njit([f4(_TRACE, f8)], nogil=True, cache=KEEP, forceinline=True)
def _interpolated(values: Samples, index: float) -> float:
    """The trace at a fractional sample index; not finite beside a sample that is not finite."""
    i = int(index)
    fraction = index - i
    if fraction == 0.0:
        return values[i]
    return f4((1.0 - fraction) * values[i] + fraction * values[i + 1])


@njit([types.void(_TRACE, _TRACE, _TRACE, f8, f8, i8, _ROWS, _ROWS)], nogil=True, cache=KEEP)
def envelope(
    values: Samples,
    low: Samples,
    high: Samples,
    index0: float,
    step: float,
    first: int,
    least: Samples,
    most: Samples,
) -> None:
    """Extremes of the linear interpolant in the columns first, first + 1, ... (least > most: nothing there).

    Parameters
    ----------
    values : samples
    low, high : the pyramid, extremes of whole blocks (may be empty)
    index0, step : sample index at the left edge of column 0; samples per column
    first : the column of least[0] and most[0]
    least, most : output
    """
    last = values.size - 1.0
    edge, at_right = -1.0, f4(0.0)
    for k in range(least.size):
        least[k], most[k] = _EMPTY_LOW, _EMPTY_HIGH
        left = max(index0 + step * (first + k), 0.0)
        right = min(index0 + step * (first + k + 1), last)
        if left > right:
            continue
        at_left = at_right if left == edge else _interpolated(values, left)
        at_right, edge = _interpolated(values, right), right
        start, stop = int(np.ceil(left)), int(right) + 1
        lowest, highest = _EMPTY_LOW, _EMPTY_HIGH
        if stop - start >= 2 * BLOCK:
            lowest, highest = _extremes(values, low, high, start, stop)
        else:
            for i in range(start, stop):
                lowest, highest = _with(values[i], lowest, highest)
        lowest, highest = _with(at_left, lowest, highest)
        least[k], most[k] = _with(at_right, lowest, highest)


@njit([types.void(_ROWS, _ROWS, f8, f8, f8, f8)], nogil=True, cache=KEEP)
def _to_rows(least: Samples, most: Samples, y0: float, y_scale: float, top: float, bottom: float) -> None:
    """Turn extremes in values into extremes in rows, in place, cut off at `top` and `bottom`."""
    for k in range(least.size):
        if least[k] > most[k]:
            continue
        a, b = y0 + y_scale * least[k], y0 + y_scale * most[k]
        least[k] = min(max(min(a, b), top), bottom)
        most[k] = min(max(a, b, top), bottom)


@njit([u4(u4, u4, i8)], nogil=True, cache=KEEP, forceinline=True)
def _over(below: int, colour: int, coverage: int) -> int:
    """Premultiplied `colour` times coverage/256, laid over the pixel `below`; two channels at a time."""
    below, colour = i8(below), i8(colour)
    red_blue = ((colour & 0x00FF00FF) * coverage >> 8) & 0x00FF00FF
    alpha_green = ((colour >> 8) & 0x00FF00FF) * coverage & 0xFF00FF00
    alpha = alpha_green >> 24
    through = 256 - alpha - (alpha >> 7)
    red_blue += ((below & 0x00FF00FF) * through >> 8) & 0x00FF00FF
    alpha_green += ((below >> 8) & 0x00FF00FF) * through & 0xFF00FF00
    return u4(red_blue | alpha_green)


@njit([types.void(_IMAGE, _ROWS, _ROWS, i8, u4)], nogil=True, cache=KEEP)
def _hairline(image: Image, least: Samples, most: Samples, x0: int, colour: int) -> None:
    """One-pixel line without antialias: every row that the trace touches in a column."""
    opaque = colour >> 24 == 255
    for k in range(least.size):
        if least[k] > most[k]:
            continue
        for row in range(max(int(np.floor(least[k])), 0), min(int(np.floor(most[k])) + 1, image.shape[0])):
            image[row, x0 + k] = colour if opaque else _over(image[row, x0 + k], colour, 256)


@njit([f4[::1](f8, i8)], nogil=True, cache=KEEP)
def _pen(radius: float, slices: int) -> Samples:
    """Half height of a round pen at a distance of 0, 1, 2 ... slices.

    A slice's extremes already reach half a slice to either side; the pen is narrower by as much.
    Its middle is exact, so that a flat line is as thick as the pen.
    """
    reach = int(radius * slices - 0.5)
    half_heights = np.empty(reach + 1, dtype=np.float32)
    half_heights[0] = radius
    for d in range(1, reach + 1):
        distance = (d + 0.5) / slices
        half_heights[d] = np.sqrt(max(radius * radius - distance * distance, 0.0))
    return half_heights


@njit([types.void(_ROWS, _ROWS, _ROWS, _ROWS, i8, f4)], nogil=True, cache=KEEP)
def _reach_out(least: Samples, most: Samples, top: Samples, bottom: Samples, distance: int, half_height: float) -> None:
    """Extend top and bottom to what the pen covers from `distance` slices away on either side."""
    n = least.size - 2 * distance
    for near in (0, 2 * distance):
        above, below = least[near : near + n], most[near : near + n]
        upper, lower = top[distance : distance + n], bottom[distance : distance + n]
        for k in range(n):
            row = above[k] - half_height
            upper[k] = row if row < upper[k] else upper[k]
            row = below[k] + half_height
            lower[k] = row if row > lower[k] else lower[k]


@njit([_PARTS(_ROWS, _ROWS, _ROWS, f4, b1)], nogil=True, cache=KEEP)
def _in_parts(edge: Samples, least: Samples, most: Samples, height: float, antialias: bool) -> Parts:
    """Rows as whole numbers of 1/PARTS row, inside the picture; whole rows without antialias; 0 in a gap."""
    parts = np.empty(edge.size, dtype=np.int32)
    for k in range(edge.size):
        row = edge[k] if edge[k] < height else height
        row = row if row > f4(0.0) and least[k] <= most[k] else f4(0.0)
        parts[k] = i4(row * PARTS) if antialias else i4(row + f4(0.5)) * PARTS
    return parts


@njit([types.void(_PARTS, i8, i8, i8)], nogil=True, cache=KEEP, forceinline=True)
def _add_rows(change: Parts, top: int, bottom: int, weight: int) -> None:
    """Add `weight` to the coverage from `top` to `bottom` (in parts), as its change from row to row."""
    for edge, sign in ((top, weight), (bottom, -weight)):
        row, rest = edge >> ROW_BITS, edge & (PARTS - 1)
        change[row] += sign * (PARTS - rest)
        change[row + 1] += sign * rest


@njit([types.void(_IMAGE, i8, i8, i8, _PARTS, u4, b1)], nogil=True, cache=KEEP, forceinline=True)
def _blend_column(
    image: Image, column: int, start: int, stop: int, change: Parts, colour: int, antialias: bool
) -> None:
    """Lay the colour over rows [start, stop) of a column with the summed coverage; leaves `change` zero."""
    opaque = colour >> 24 == 255
    pixels, change = image[start:stop, column], change[start : stop + 2]
    covered = FULL // 512
    for row in range(pixels.size):
        covered += change[row]
        coverage = covered >> COVERAGE_BITS if antialias else 256 if 2 * covered >= FULL else 0
        if coverage >= 256 and opaque:
            pixels[row] = colour
        elif coverage > 0:
            pixels[row] = _over(pixels[row], colour, coverage)
    change[:] = 0


@njit([types.void(_IMAGE, _ROWS, _ROWS, i8, i8, i8, u4, f8, b1)], nogil=True, cache=KEEP)
def _thick_line(
    image: Image,
    least: Samples,
    most: Samples,
    slices: int,
    margin: int,
    x0: int,
    colour: int,
    width: float,
    antialias: bool,
) -> None:
    """Columns from x0 on under a round pen; least and most are per slice, with `margin` slices more on both sides."""
    height = image.shape[0]
    pen = _pen(0.5 * width, slices)
    top, bottom = least - pen[0], most + pen[0]
    for d in range(1, pen.size):
        _reach_out(least, most, top, bottom, d, pen[d])
    inner_top = _in_parts(top, least, most, height, antialias)
    inner_bottom = _in_parts(bottom, least, most, height, antialias)
    _reach_out(least, most, top, bottom, pen.size, 0.0)
    outer_top = _in_parts(top, least, most, height, antialias)
    outer_bottom = _in_parts(bottom, least, most, height, antialias)
    full = FULL // PARTS // slices
    outer = int((0.5 * width * slices + 0.5 - pen.size) * full)  # the pen's very edge covers part of a slice
    change = np.zeros(height + 2, dtype=np.int32)
    for column in range((least.size - 2 * margin) // slices):
        start, stop = height * PARTS, 0
        for k in range(margin + column * slices, margin + (column + 1) * slices):
            if outer_top[k] < outer_bottom[k]:
                _add_rows(change, inner_top[k], inner_bottom[k], full - outer)
                _add_rows(change, outer_top[k], outer_bottom[k], outer)
                start, stop = min(start, outer_top[k]), max(stop, outer_bottom[k])
        if start < stop:
            stop = (stop + PARTS - 1) >> ROW_BITS
            _blend_column(image, x0 + column, start >> ROW_BITS, stop, change, colour, antialias)


@njit([u4(u4)], nogil=True, cache=KEEP)
def _premultiplied(argb: int) -> int:
    """0xAARRGGBB with the colour channels multiplied by alpha."""
    argb = i8(argb)
    alpha = argb >> 24
    result = alpha << 24
    for shift in (0, 8, 16):
        result |= (((argb >> shift) & 0xFF) * alpha + 127) // 255 << shift
    return u4(result)


@njit([types.void(_IMAGE, _TRACE, _TRACE, _TRACE, f8, f8, f8, f8, i8, i8, u4, f8, b1)], nogil=True, cache=KEEP)
def draw_trace(
    image: Image,
    values: Samples,
    low: Samples,
    high: Samples,
    index0: float,
    step: float,
    y0: float,
    y_scale: float,
    x0: int,
    x1: int,
    argb: int,
    width: float,
    antialias: bool,
) -> None:
    """Draw a trace into the columns [x0, x1) of a premultiplied ARGB32 image.

    Parameters
    ----------
    image : [height, width]
    values : samples; those that are not finite leave a gap
    low, high : the pyramid, extremes of the whole blocks (may be empty)
    index0, step : sample index at the left edge of column 0; samples per column
    y0, y_scale : row of the value 0; rows per unit (negative: upwards)
    x0, x1 : columns to draw
    argb : colour, 0xAARRGGBB, not premultiplied
    width : pen width, px (at least 1)
    antialias : smooth edges
    """
    hairline = width <= 1.0 and not antialias
    slices = 1 if hairline else SMOOTH_SLICES if antialias else HARD_SLICES
    width = max(width, 1.0)
    x0 = max(x0, int(min(max(-index0 / step, 0.0), 1e9)))
    x1 = min(x1, image.shape[1], 1 + int(min(max((values.size - 1.0 - index0) / step, -1.0), 1e9)))
    if values.size == 0 or x0 >= x1:
        return
    margin = 0 if hairline else int(np.ceil(0.5 * width)) + 1
    least = np.empty((x1 - x0 + 2 * margin) * slices, dtype=np.float32)
    most = np.empty_like(least)
    envelope(values, low, high, index0, step / slices, (x0 - margin) * slices, least, most)
    _to_rows(least, most, y0, y_scale, -width - 1.0, image.shape[0] + width + 1.0)
    colour = _premultiplied(argb)
    if hairline:
        _hairline(image, least, most, x0, colour)
    else:
        _thick_line(image, least, most, slices, margin * slices, x0, colour, width, antialias)
