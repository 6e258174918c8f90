"""Cost of drawing a scope, beside one PlotCurveItem per sweep.

    python tests/benchmarks/bench_scope.py [sweeps [samples]]

Each figure is the median CPU time (ms) of the window's thread from the change to the painted pixels.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import pyqtgraph as pg

from vclamp.ui.scopes import layer
from vclamp.ui.scopes.layer import Shown
from vclamp.ui.scopes.store import Trace
from vclamp.ui.scopes.trace_item import TraceItem

DT_MS = 0.02
FRAME_SAMPLES = 833
COLOUR = 0xFF4FC3F7
Samples = np.ndarray
Frames = Iterator[None]


def sweeps(n_sweeps: int, n_samples: int) -> list[Samples]:
    """Currents (pA) of a step family with noise."""
    rng = np.random.default_rng(1)
    t = np.linspace(0.0, 1.0, n_samples)
    shape = np.where(t > 0.3, np.exp((0.3 - t) / 0.2), 0.0)
    return [300.0 * k / n_sweeps * shape + rng.normal(0.0, 8.0, n_samples) for k in range(n_sweeps)]


def plot() -> pg.PlotWidget:
    widget = pg.PlotWidget()
    widget.disableAutoRange()
    widget.resize(1000, 500)
    widget.setYRange(-100.0, 350.0)
    widget.show()
    return widget


def median_cpu_ms(frames: Frames, n_frames: int) -> float:
    """Median over frames, the first two left out."""
    costs = []
    for _ in range(n_frames + 2):
        started = time.thread_time()
        next(frames)
        pg.QtWidgets.QApplication.processEvents()
        costs.append(time.thread_time() - started)
    return 1e3 * float(np.median(costs[2:]))


def full(widget: pg.PlotWidget, duration_ms: float) -> Frames:
    """The whole range, a hair different each time."""
    for i in count():
        widget.setXRange(0.0, duration_ms * (1.0 + 1e-4 * (i % 7)), padding=0.0)
        yield


def pan(widget: pg.PlotWidget, duration_ms: float) -> Frames:
    """Half of the range, moving."""
    for i in count():
        start = duration_ms * 0.01 * (i % 50)
        widget.setXRange(start, start + 0.5 * duration_ms, padding=0.0)
        yield


def live(widget: pg.PlotWidget, grow: Callable[[int], None], n_samples: int) -> Frames:
    """The last sweep grows by a frame's samples over the finished ones."""
    widget.setXRange(0.0, n_samples * DT_MS, padding=0.0)
    for i in count(1):
        grow(i * FRAME_SAMPLES % (n_samples - FRAME_SAMPLES))
        yield


def ours(data: list[Samples], width_px: float, antialias: bool) -> list[float]:
    """Full, pan and live with one TraceItem."""
    widget, item = plot(), TraceItem()
    widget.addItem(item)
    item.set_style(width_px, antialias)
    item.set_finished([Shown(Trace.of(values, dt_ms=DT_MS), COLOUR) for values in data])
    duration_ms, n_samples = data[0].size * DT_MS, data[0].size
    costs = [median_cpu_ms(frames(widget, duration_ms), 30) for frames in (full, pan)]
    item.set_finished([Shown(Trace.of(values, dt_ms=DT_MS), COLOUR, opacity=0.4) for values in data[:-1]])
    trace = Trace(n_samples, dt_ms=DT_MS)
    item.set_live([Shown(trace, COLOUR)])

    def grow(start: int) -> None:
        trace.append(data[-1][start : start + FRAME_SAMPLES])
        item.live_grew()

    costs.append(median_cpu_ms(live(widget, grow, n_samples), n_samples // FRAME_SAMPLES - 4))
    widget.close()
    return costs


def curves(data: list[Samples]) -> list[float]:
    """Full, pan and live with a PlotCurveItem per sweep, width 1."""
    widget = plot()
    duration_ms, n_samples = data[0].size * DT_MS, data[0].size
    t_ms = np.arange(n_samples) * DT_MS
    items = [widget.plot(t_ms, values, pen="#4fc3f7").curve for values in data]
    costs = [median_cpu_ms(frames(widget, duration_ms), 5) for frames in (full, pan)]

    def grow(start: int) -> None:
        items[-1].setData(t_ms[: start + FRAME_SAMPLES], data[-1][: start + FRAME_SAMPLES])

    costs.append(median_cpu_ms(live(widget, grow, n_samples), 10))
    widget.close()
    return costs


def main(n_sweeps: int = 20, n_samples: int = 50_000) -> None:
    """Print the table."""
    app = pg.mkQApp()
    layer.load_raster()
    data = sweeps(n_sweeps, n_samples)
    rows = {
        "width 1": ours(data, 1.0, False),
        "antialias, width 1": ours(data, 1.0, True),
        "antialias, width 2": ours(data, 2.0, True),
        "width 4": ours(data, 4.0, False),
        "PlotCurveItem": curves(data),
    }
    last = rows["PlotCurveItem"]
    lines = [f"{n_sweeps} sweeps of {n_samples}, 1000 x 500 px: CPU ms (times cheaper than PlotCurveItem)"]
    lines.append(f"{'':20}" + "".join(f"{name:>18}" for name in ("full", "pan", "live")))
    for name, costs in rows.items():
        cells = (f"{cost:9.2f} ({base / cost:5.0f}x)" for cost, base in zip(costs, last, strict=True))
        lines.append(f"{name:20}" + "".join(f"{cell:>18}" for cell in cells))
    sys.stdout.write("\n".join(lines) + "\n")
    app.quit()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
