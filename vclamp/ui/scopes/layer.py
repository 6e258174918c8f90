"""Pictures into which traces are drawn, pixel by pixel (see `raster`), and where these lie on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import ceil, floor
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from vclamp.ui.scopes.store import BLOCK, Samples, Trace


@cache
def load_raster() -> ModuleType:
    """Load the jitted code (a second or so); safe to call in a thread."""
    return import_module("vclamp.ui.scopes.raster")


def raster_ready() -> bool:
    """True once the jitted code is loaded; before that a TraceItem draws nothing."""
    return load_raster.cache_info().currsize > 0


@dataclass(frozen=True)
class Shown:
    """A trace and how to show it; a width of None is the item's width. A higher z is nearer."""

    trace: Trace
    colour: QColor | int
    opacity: float = 1.0
    width_px: float | None = None
    z: float = 0.0

    def argb(self) -> int:
        """0xAARRGGBB with the opacity in alpha."""
        rgba = self.colour.rgba() if isinstance(self.colour, QColor) else self.colour
        return round((rgba >> 24) * self.opacity) << 24 | rgba & 0xFFFFFF


@dataclass(frozen=True)
class Frame:
    """Where the plot lies on the screen, in device pixels, and how ms and values map into it."""

    left: int
    top: int
    width: int
    height: int
    ratio: float
    x0: float
    x_scale: float
    y0: float
    y_scale: float

    @classmethod
    def of(cls, rect: QRectF, transform: QTransform, ratio: float) -> Frame | None:
        """The frame of an item rectangle under a painter's transform; None if it is turned or mirrored."""
        if transform.m12() or transform.m21() or transform.m11() <= 0 or not transform.m22():
            return None
        box = transform.mapRect(rect)
        left, top = floor(box.left() * ratio), floor(box.top() * ratio)
        width, height = ceil(box.right() * ratio) - left, ceil(box.bottom() * ratio) - top
        x_scale, y_scale = transform.m11() * ratio, transform.m22() * ratio
        x0, y0 = transform.dx() * ratio - left, transform.dy() * ratio - top
        return cls(left, top, width, height, ratio, x0, x_scale, y0, y_scale)

    def sampling(self, trace: Trace) -> tuple[float, float]:
        """The sample index at column 0, and the samples per column."""
        return (-self.x0 / self.x_scale - trace.t0_ms) / trace.dt_ms, 1.0 / (self.x_scale * trace.dt_ms)

    def column(self, trace: Trace, index: int) -> int:
        """The column of a sample, kept within one column of the frame."""
        index0, step = self.sampling(trace)
        return floor(min(max((index - index0) / step, -1.0), self.width + 1.0))

    def times(self, columns: range) -> tuple[float, float]:
        """The times (ms) of the edges of some columns."""
        return (columns.start - self.x0) / self.x_scale, (columns.stop - self.x0) / self.x_scale

    def columns(self, rect: QRectF) -> range:
        """The columns touched by an item rectangle."""
        left, right = (self.x0 + self.x_scale * t for t in (rect.left(), rect.right()))
        return range(max(floor(max(left, 0.0)), 0), min(ceil(min(right, self.width)), self.width))

    def envelope(self, trace: Trace, columns: range) -> tuple[Samples, Samples]:
        """Extremes of a trace, as values, in each of some columns."""
        low, high = np.empty(len(columns), np.float32), np.empty(len(columns), np.float32)
        index0, step = self.sampling(trace)
        load_raster().envelope(trace.values, trace.low, trace.high, index0, step, columns.start, low, high)
        return low, high

    def polyline(self, trace: Trace) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A trace as points in device pixels of the frame, few per column; not finite where there is a gap."""
        index0, step = self.sampling(trace)
        if step < 2.0:
            first = min(max(floor(index0), 0), trace.length)
            stop = max(min(ceil(index0 + step * self.width) + 1, trace.length), first)
            x, values = (np.arange(first, stop) - index0) / step, trace.values[first:stop]
        else:
            low, high = self.envelope(trace, range(self.width))
            low[low > high] = np.nan
            falling = np.diff(low.astype(float) + high, prepend=0.0) < 0
            values = np.column_stack([np.where(falling, high, low), np.where(falling, low, high)]).ravel()
            x = np.repeat(np.arange(self.width) + 0.5, 2)
        y = self.y0 + self.y_scale * np.where(np.isfinite(values), values, np.nan).astype(float)
        return x, np.clip(y, -3.0 * self.height, 4.0 * self.height)


class Layer:
    """A transparent picture of a frame into which traces are drawn."""

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self._pixels = np.zeros((0, 0), dtype=np.uint32)
        self._image = QImage()

    def reset(self, frame: Frame) -> None:
        """Begin an empty picture."""
        if self._pixels.shape == (frame.height, frame.width):
            self._pixels.fill(0)
        else:
            self._pixels = np.zeros((frame.height, frame.width), dtype=np.uint32)
            kind = QImage.Format.Format_ARGB32_Premultiplied
            self._image = QImage(self._pixels.data, frame.width, frame.height, 4 * frame.width, kind)
        self.frame = frame

    def erase(self, columns: range) -> None:
        """Make some columns empty again."""
        self._pixels[:, columns.start : columns.stop] = 0

    def draw(self, shown: Shown, length: int, columns: range, *, width_px: float, antialias: bool) -> None:
        """Draw the first `length` samples of a trace into some columns."""
        if self.frame is None:
            return
        trace, frame = shown.trace, self.frame
        data = trace.values[:length], trace.low[: length // BLOCK], trace.high[: length // BLOCK]
        place = *frame.sampling(trace), frame.y0, frame.y_scale, columns.start, columns.stop
        load_raster().draw_trace(self._pixels, *data, *place, shown.argb(), width_px * frame.ratio, antialias)

    def show(self, painter: QPainter, columns: range) -> None:
        """Copy some columns to a painter that works in device pixels."""
        if self.frame is not None and columns:
            place = self.frame.left + columns.start, self.frame.top
            painter.drawImage(*place, self._image, columns.start, 0, len(columns), self.frame.height)


class Picture(Layer):
    """A layer of traces that never change; it is drawn anew when others take their place."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Shown] = []
        self._n_drawn = 0

    def become(self, shown: Sequence[Shown]) -> bool:
        """Show these; whether they are any others than before."""
        if self.shown == shown:
            return False
        self.shown, self.frame = list(shown), None
        return True

    def draw_rest(self, frame: Frame, draw: Callable[[Layer, Shown], bool]) -> bool:
        """Draw what is not in it yet, for as long as `draw` says that there is time; whether nothing is missing."""
        if self.frame != frame:
            self.reset(frame)
            self._n_drawn = 0
        while self._n_drawn < len(self.shown):
            self._n_drawn += 1
            if not draw(self, self.shown[self._n_drawn - 1]):
                break
        return self._n_drawn == len(self.shown)
