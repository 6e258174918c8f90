"""The membrane as parallel conductances: `CircuitWidget` shows a `Circuit` as `arrange` places it; no physics."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vclamp.ui.panels.circuit_layout import (
    Branch,
    Circuit,
    Placement,
    Text,
    arrange,
    bold,
    describe,
    potential,
    resistance,
)
from vclamp.ui.panels.circuit_symbols import Symbols
from vclamp.ui.theme import THEMES, Theme, membrane_colour, mixed, readable

__all__ = ["Branch", "Circuit", "CircuitWidget"]


def steady(circuit: Circuit) -> Circuit:
    """The circuit without what changes from frame to frame; of a battery only its direction is drawn."""
    directions = [math.copysign(1.0, branch.e_mV) if branch.e_mV else 0.0 for branch in circuit.branches]
    branches = tuple(
        replace(branch, current_pA=0.0, g_nS=None, p_open=None, e_mV=direction)
        for branch, direction in zip(circuit.branches, directions, strict=True)
    )
    return replace(circuit, v_mV=0.0, branches=branches)


class _Artist(Symbols):
    """Draws a whole circuit."""

    def __init__(self, painter: QPainter, circuit: Circuit, placement: Placement, theme: Theme) -> None:
        super().__init__(painter, placement, theme)
        self.circuit = circuit

    def draw_ground(self, hovered: int | None) -> None:
        """What changes from frame to frame below the symbols: membrane, open probabilities."""
        if hovered is not None and hovered < len(self.placement.cells):
            self.painter.fillRect(self.placement.cells[hovered], mixed(self.panel, QColor(self.theme.text), 0.07))
        self.draw_membrane()
        for branch, x in zip(self.circuit.branches, self.placement.wires, strict=True):
            if branch.kind in ("channel", "leak"):
                self.draw_open_probability(branch, x)

    def draw_symbols(self, font: QFont) -> None:
        """What stays the same from frame to frame: branches, rails, names."""
        symbols = {
            "capacitor": self.draw_capacitor, "pump": self.draw_pump, "rc": self.draw_rc, "unknown": self.draw_unknown,
        }  # fmt: skip
        for branch, x, label in zip(self.circuit.branches, self.placement.wires, self.placement.labels, strict=True):
            self.draw_leader(branch, x, label)
            symbols.get(branch.kind, self.draw_channel)(branch, x)
        self.draw_rails()
        self.draw_names(font)

    def draw_flow(self, font: QFont) -> None:
        """What changes from frame to frame above the symbols: currents and the membrane potential."""
        for branch, arrow in zip(self.circuit.branches, self.placement.arrows, strict=True):
            if arrow is not None:
                self.draw_arrow(arrow, branch.colour)
        self.painter.setFont(bold(font))
        colour = membrane_colour(self.circuit.v_mV, self.theme)
        self.write(self.placement.texts["v"], readable(colour, self.panel))

    def draw_membrane(self) -> None:
        """Two rows of lipid heads around a tinted core; the colour tells the membrane potential."""
        band, colour = self.placement.membrane, membrane_colour(self.circuit.v_mV, self.theme)
        self.painter.fillRect(band, mixed(self.panel, colour, 0.3))
        head = max(3.5, 0.34 * self.placement.unit)
        count = max(round(band.width() / (1.35 * head)), 1)
        spacing = band.width() / count
        self.painter.setPen(QPen(colour, head, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for y in (band.top(), band.bottom()):
            self.painter.drawPoints([QPointF(band.left() + (each + 0.5) * spacing, y) for each in range(count)])

    def draw_leader(self, branch: Branch, x: float, label: Text) -> None:
        """A thin line from the inside rail to a label that stands in a lower row."""
        self.pen(mixed(branch.colour, self.panel, 0.4), 0.7)
        if label.rect.top() > self.placement.rails.bottom() + label.rect.height():
            self.painter.drawLine(QPointF(x, self.placement.rails.bottom()), QPointF(x, label.rect.top()))

    def draw_rails(self) -> None:
        """Outside and inside, and the way from the inside through the series resistance into the pipette."""
        rails, series, pipette = self.placement.rails, self.placement.series, self.placement.pipette
        self.pen(QColor(self.theme.text), 1.2)
        self.painter.drawLine(rails.topLeft(), rails.topRight())
        self.painter.drawLine(rails.bottomLeft(), rails.bottomRight())
        if series is None:
            return
        self.pen(QColor(self.theme.text), min(1.2, 0.1 * series.height() / self.placement.line))
        y = series.center().y()
        self.painter.drawPolyline([rails.bottomRight(), QPointF(rails.right(), y), QPointF(series.right(), y)])
        self.painter.drawRect(series)
        if pipette is None:
            return
        self.painter.drawLine(QPointF(series.left(), y), QPointF(pipette.left(), y))
        self.pen(QColor(self.theme.dim_text), min(1.0, 0.08 * series.height() / self.placement.line))
        tip, mouth = 0.08 * pipette.height(), 0.42 * pipette.height()
        for side in (-1, 1):
            shoulder = QPointF(pipette.left() + 0.45 * pipette.width(), y + side * mouth)
            end = QPointF(pipette.right(), y + side * tip)
            self.painter.drawPolyline([QPointF(pipette.left(), y + side * mouth), shoulder, end])

    def draw_arrow(self, arrow: QLineF, colour: QColor) -> None:
        """The current: the larger, the longer and the wider, never wider than its column."""
        share = arrow.length() / (0.82 * self.placement.rails.height())
        half = self.placement.unit * (0.06 + 0.16 * share)
        head = min(5.0 * half, 0.6 * arrow.length())
        direction = math.copysign(1.0, arrow.dy())
        neck = arrow.y2() - direction * head
        x, wing = arrow.x2(), min(2.4 * half, 0.42 * self.placement.unit)
        outline = [(half, arrow.y1()), (half, neck), (wing, neck), (0.0, arrow.y2())]
        points = [QPointF(x + dx, y) for dx, y in outline] + [QPointF(x - dx, y) for dx, y in reversed(outline[:-1])]
        self.painter.setPen(QPen(self.panel, 1.0))
        self.painter.setBrush(colour)
        self.painter.drawPolygon(QPolygonF(points))

    def draw_names(self, font: QFont) -> None:
        """Names below the branches, and the words around them."""
        self.painter.setFont(bold(font))
        for branch, label in zip(self.circuit.branches, self.placement.labels, strict=True):
            self.painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
            self.painter.fillRect(label.rect, self.panel)  # interrupts another label's leader
            self.painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            self.write(label, self.text_colour(branch))
        self.painter.setFont(font)
        for name in ("out", "in", "rs", "command"):
            if name in self.placement.texts:
                self.write(self.placement.texts[name], QColor(self.theme.text if name == "rs" else self.theme.dim_text))

    def write(self, text: Text, colour: QColor) -> None:
        """A text in its place; the place fits it, so nothing is cut."""
        self.painter.setPen(colour)
        self.painter.drawText(text.rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, text.string)


class CircuitWidget(QWidget):
    """The circuit on its panel; a branch can be clicked, and tells its numbers under the mouse."""

    branch_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme = THEMES["dark"]) -> None:
        super().__init__(parent)
        self.theme = theme
        self.circuit = Circuit(branches=(), v_mV=math.nan, command_mV=math.nan)
        self._hovered: int | None = None
        self._pressed: int | None = None
        self._symbols: tuple[tuple[object, ...], QPixmap] = ((), QPixmap())
        self.setMouseTracking(True)
        self.setAccessibleName("Membrane circuit")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def set_circuit(self, circuit: Circuit) -> None:
        """Show new numbers."""
        if circuit != self.circuit:
            self.circuit = circuit
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Show the same numbers in other colours."""
        self.theme = theme
        self.update()

    def placement(self) -> Placement:
        """Where everything is at the present size and font."""
        return arrange(self.circuit, QSizeF(self.size()), self.font())

    def sizeHint(self) -> QSize:
        em = QFontMetricsF(bold(self.font())).height()
        return QSize(round(16.5 * em), round((14.2 if self.circuit.has_pipette else 12.7) * em))

    def minimumSizeHint(self) -> QSize:
        em = QFontMetricsF(bold(self.font())).height()
        return QSize(220, round((12.5 if self.circuit.has_pipette else 11.0) * em))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tip_at(self, point: QPointF) -> str:
        """The tool tip of what is at `point`, empty where there is nothing."""
        which = self._branch_at(point)
        if which is not None:
            return describe(self.circuit.branches[which], self.circuit.v_mV)
        series = self.placement().series
        if series is not None and point.y() > series.top():
            values = {"Vm": self.circuit.v_mV, "command": self.circuit.command_mV}
            lines = [f"{name} = {potential(value)}" for name, value in values.items()]
            return "\n".join([f"series resistance {resistance(self.circuit.rs_MOhm)}", *lines])
        return ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._branch_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = self._branch_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is not None and pressed == self._branch_at(event.position()):
            self.branch_clicked.emit(self.circuit.branches[pressed].key)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self.theme.panel_border))
        painter.setBrush(QColor(self.theme.panel))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        placement = self.placement()
        artist = _Artist(painter, self.circuit, placement, self.theme)
        artist.draw_ground(self._hovered)
        painter.drawPixmap(0, 0, self._drawn_symbols(placement))
        artist.draw_flow(self.font())
        painter.end()

    def _drawn_symbols(self, placement: Placement) -> QPixmap:
        """The symbols on a transparent ground, drawn again only when one of them has changed."""
        key = (steady(self.circuit), self.theme, self.size(), self.devicePixelRatioF(), self.font().key())
        if key != self._symbols[0]:
            pixmap = QPixmap((QSizeF(self.size()) * self.devicePixelRatioF()).toSize())
            pixmap.setDevicePixelRatio(self.devicePixelRatioF())
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            _Artist(painter, self.circuit, placement, self.theme).draw_symbols(self.font())
            painter.end()
            self._symbols = (key, pixmap)
        return self._symbols[1]

    def _hover(self, which: int | None) -> None:
        if which != self._hovered:
            self._hovered = which
            self.setCursor(Qt.CursorShape.ArrowCursor if which is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def _branch_at(self, point: QPointF) -> int | None:
        cells = self.placement().cells
        return next((each for each, cell in enumerate(cells) if cell.contains(point)), None)
