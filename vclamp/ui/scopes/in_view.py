"""What is drawn over the whole of a plot, and what becomes of a mistake in drawing it."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

Paint = Callable[[Any, QPainter, QStyleOptionGraphicsItem, QWidget | None], None]


def told(paint: Paint) -> Paint:
    """Tell what goes wrong in an item's paint there and then.

    Qt asks the next item before Python hears of an exception, and PySide ends the program when it does so with one
    on its way.
    """

    @wraps(paint)
    def painted(
        item: object, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        try:
            paint(item, painter, option, widget)
        except Exception:
            sys.excepthook(*sys.exc_info())

    return painted


class InView(pg.GraphicsObject):
    """An item of a plot that is always as large as the visible part of it."""

    def __init__(self) -> None:
        super().__init__()
        self._in_view: QRectF | None = None

    def boundingRect(self) -> QRectF:
        """The visible part of the plot."""
        if self._in_view is None:
            self._in_view = QRectF(self.viewRect() or QRectF())
        return self._in_view

    def viewTransformChanged(self) -> None:
        """The visible part has changed, and with it the bounding rectangle."""
        self.prepareGeometryChange()
        self._in_view = None
        super().viewTransformChanged()
