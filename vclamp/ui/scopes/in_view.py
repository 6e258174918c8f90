"""What is drawn over the whole of a plot."""

import pyqtgraph as pg
from PySide6.QtCore import QRectF


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
