"""A curve of very many points is drawn as it would be, at a small part of the work."""

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QTransform

from vclamp.ui.scopes.curve_item import PATH_POINTS, CurveItem, Drawn, dense_lines

pytestmark = pytest.mark.usefixtures("qapp")
N = 20_000
NOISE = np.random.default_rng(0).normal(size=N)


def drawn(part: Drawn, x_range: tuple[float, float] = (-100.0, 100.0)) -> np.ndarray:
    """Where something is seen in a plot of 400 x 300 px."""
    plot, item = pg.PlotWidget(), CurveItem()
    plot.addItem(item)
    item.show_parts([part])
    plot.hideAxis("left")
    plot.hideAxis("bottom")
    plot.resize(400, 300)
    plot.setRange(xRange=x_range, yRange=(-300.0, 300.0), padding=0.0)
    image = plot.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return (pixels & 0xFF0000) > 0x400000


def line(x: np.ndarray, y: np.ndarray) -> Drawn:
    return Drawn(x, y, pg.mkPen(QColor("red"), width=2.0))


def test_of_twenty_thousand_noisy_points_two_lines_are_drawn_for_a_column_of_pixels() -> None:
    """As one path they took Qt six seconds."""
    part = line(np.linspace(-100.0, 100.0, N), 100.0 * NOISE)
    for zoom in (1.0, 3.0, 1000.0):
        seen = QRectF(-100.0 / zoom, -300.0, 200.0 / zoom, 600.0)
        lines = dense_lines(part, QTransform.fromScale(2.0 * zoom, -0.5), seen)
        assert 2 < len(lines) <= 2 * 403
        assert abs(lines[len(lines) // 2].dy()) < 600.0


@pytest.mark.parametrize("x_range", [(-100.0, 100.0), (20.0, 21.0), (-900.0, 900.0)])
def test_a_dense_line_looks_like_the_same_line_of_few_points(x_range: tuple[float, float]) -> None:
    def sine(n: int) -> Drawn:
        x = np.linspace(-100.0, 100.0, n)
        return line(x, 200.0 * np.sin(0.05 * x))

    few, many = (drawn(sine(n), x_range) for n in (PATH_POINTS, N))
    assert few.any()
    assert (few != many).sum() < 0.06 * few.sum(), "but for the smoothing of its edges"


def test_a_dense_line_with_a_gap_has_a_gap() -> None:
    x = np.linspace(-100.0, 100.0, N)
    seen = drawn(line(x, np.where(abs(x) < 20.0, np.nan, 50.0)))
    columns = seen.any(axis=0)
    assert not columns[170:230].any()
    assert columns[5:150].all()
    assert columns[250:395].all()
