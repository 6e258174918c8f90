"""The symbols of the circuit drawing: capacitor, channel with its battery, gate and block, pump, what is not known."""

import math

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from vclamp.ui.panels.circuit_layout import Branch, Placement, bold
from vclamp.ui.theme import Theme, mixed, readable


class Symbols:
    """Draws branches into their places with one painter in the colours of one theme."""

    def __init__(self, painter: QPainter, placement: Placement, theme: Theme) -> None:
        self.painter = painter
        self.placement = placement
        self.theme = theme
        self.panel = QColor(theme.panel)

    def pen(self, colour: QColor, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> None:
        """Choose an outline in units of the line width, without filling."""
        cap = Qt.PenCapStyle.FlatCap
        self.painter.setPen(QPen(colour, width * self.placement.line, style, cap, Qt.PenJoinStyle.MiterJoin))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)

    def branch_pen(self, branch: Branch, width: float = 1.0) -> None:
        """The branch's own colour, dimmed when it is switched off."""
        self.pen(branch.colour if branch.on else mixed(branch.colour, self.panel, 0.5), width)

    def text_colour(self, branch: Branch) -> QColor:
        """The branch's colour as far as it can be read."""
        return readable(branch.colour, self.panel) if branch.on else QColor(self.theme.dim_text)

    def write_in(self, symbol: QRectF, string: str, pixels: float, branch: Branch) -> None:
        """Write into the middle of a symbol."""
        font = bold(self.painter.font())
        font.setPixelSize(max(5, round(pixels)))
        self.painter.setFont(font)
        self.painter.setPen(self.text_colour(branch))
        self.painter.drawText(symbol, Qt.AlignmentFlag.AlignCenter, string)

    def draw_wire(self, branch: Branch, x: float, *ends: float) -> None:
        """A branch's wire between pairs of heights, dashed when it is switched off."""
        self.branch_pen(branch)
        if not branch.on:
            pen = self.painter.pen()
            pen.setStyle(Qt.PenStyle.DashLine)
            self.painter.setPen(pen)
        self.painter.drawLines([QLineF(x, top, x, bottom) for top, bottom in zip(ends[::2], ends[1::2], strict=True)])

    def draw_capacitor(self, branch: Branch, x: float) -> None:
        """Two plates in the middle of the membrane."""
        rails, unit = self.placement.rails, self.placement.unit
        middle, gap = rails.center().y(), 0.2 * unit
        self.draw_wire(branch, x, rails.top(), middle - gap, middle + gap, rails.bottom())
        self.draw_plates(branch, x, middle, 0.62 * unit)

    def draw_rc(self, branch: Branch, x: float) -> None:
        """A resistor, and a capacitor below it."""
        rails, unit, box = self.placement.rails, self.placement.unit, self.gate_box(x)
        middle, gap = rails.top() + 0.69 * rails.height(), 0.2 * unit
        self.draw_wire(branch, x, rails.top(), box.top(), box.bottom(), middle - gap, middle + gap, rails.bottom())
        self.painter.drawRect(box)
        self.draw_plates(branch, x, middle, 0.5 * unit)

    def draw_plates(self, branch: Branch, x: float, middle: float, half: float) -> None:
        """A capacitor's plates, on both sides of a height."""
        self.branch_pen(branch, 1.8)
        for y in (middle - 0.2 * self.placement.unit, middle + 0.2 * self.placement.unit):
            self.painter.drawLine(QPointF(x - half, y), QPointF(x + half, y))

    def gate_box(self, x: float) -> QRectF:
        """The resistor of a channel or leak."""
        rails, unit = self.placement.rails, self.placement.unit
        return QRectF(x - 0.38 * unit, rails.top() + 0.37 * rails.height() - 0.85 * unit, 0.76 * unit, 1.7 * unit)

    def draw_open_probability(self, branch: Branch, x: float) -> None:
        """The resistor fills with the share of channels that are open and unblocked."""
        box = self.gate_box(x)
        self.painter.fillRect(box, self.panel)
        if branch.on and branch.p_open is not None:
            level = box.height() * min(max(branch.p_open * branch.unblocked, 0.0), 1.0)
            self.painter.fillRect(box.adjusted(0, box.height() - level, 0, 0), mixed(branch.colour, self.panel, 0.35))

    def draw_channel(self, branch: Branch, x: float) -> None:
        """Conductance and battery in series; a leak has no gate."""
        rails, unit, box = self.placement.rails, self.placement.unit, self.gate_box(x)
        if branch.e_mV:
            battery, gap = rails.top() + 0.69 * rails.height(), 0.19 * unit
            self.draw_wire(
                branch, x, rails.top(), box.top(), box.bottom(), battery - gap, battery + gap, rails.bottom()
            )
            self.draw_battery(branch, QPointF(x, battery), math.copysign(gap, branch.e_mV))
        else:
            self.draw_wire(branch, x, rails.top(), box.top(), box.bottom(), rails.bottom())
        self.branch_pen(branch)
        if branch.on:
            self.pen(mixed(branch.colour, self.panel, 0.55 * (1 - branch.unblocked)))
        self.painter.drawRect(box)
        if branch.kind == "channel" and branch.on:
            self.draw_gate(box.center(), branch)
        self.draw_block(branch, box)

    def draw_gate(self, centre: QPointF, branch: Branch) -> None:
        """The arrow that makes a resistor variable; it shrinks as the channel is blocked."""
        reach = branch.unblocked * self.placement.unit
        if reach > 1.0:
            slant = QPointF(0.68 * reach, -0.8 * reach)
            self.painter.drawLine(centre - slant, centre + slant)
            self.draw_head(centre + slant, slant, 0.34 * reach, branch.colour)

    def draw_head(self, tip: QPointF, direction: QPointF, size: float, colour: QColor) -> None:
        """A filled arrow head."""
        along = direction * (size / math.hypot(direction.x(), direction.y()))
        across = QPointF(-along.y(), along.x()) * 0.6
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(colour)
        self.painter.drawPolygon(QPolygonF([tip + along * 0.4, tip - along * 0.6 + across, tip - along * 0.6 - across]))

    def draw_battery(self, branch: Branch, centre: QPointF, plus: float) -> None:
        """The reversal potential; its long plate, marked +, is `plus` below the centre: inside where E > 0."""
        unit = self.placement.unit
        self.branch_pen(branch, 1.3)
        wide, narrow, arm = QPointF(0.68 * unit, 0), QPointF(0.34 * unit, 0), QPointF(0.17 * unit, 0)
        positive, negative = centre + QPointF(0, plus), centre - QPointF(0, plus)
        sign = centre + QPointF(-0.62 * unit, 2.6 * plus)
        self.painter.drawLine(positive - wide, positive + wide)
        self.branch_pen(branch, 0.9)
        self.painter.drawLine(sign - arm, sign + arm)
        self.painter.drawLine(sign - arm.transposed(), sign + arm.transposed())
        self.branch_pen(branch, 2.2)
        self.painter.drawLine(negative - narrow, negative + narrow)

    def draw_block(self, branch: Branch, symbol: QRectF) -> None:
        """A plug in the outer mouth, red as far as the branch is blocked, and a cross when nothing passes."""
        blocked = min(max(1.0 - branch.unblocked, 0.0), 1.0)
        if not branch.on or blocked < 0.005:
            return
        unit, red = self.placement.unit, QColor(self.theme.record)
        plug = QRectF(symbol.center().x() - 0.75 * unit, symbol.top() - 0.62 * unit, 1.5 * unit, 0.36 * unit)
        self.painter.fillRect(plug, self.panel)
        self.painter.fillRect(QRectF(plug.left(), plug.top(), blocked * plug.width(), plug.height()), red)
        self.pen(red, 0.8)
        self.painter.drawRect(plug)
        if blocked > 0.995:
            self.pen(red, 1.6)
            across = symbol.adjusted(-0.2 * unit, 0.15 * unit, 0.2 * unit, -0.15 * unit)
            self.painter.drawLine(across.topLeft(), across.bottomRight())
            self.painter.drawLine(across.bottomLeft(), across.topRight())

    def draw_pump(self, branch: Branch, x: float) -> None:
        """A circle with the pump's stoichiometry."""
        rails, radius = self.placement.rails, min(0.92 * self.placement.unit, 0.36 * self.placement.cells[0].width())
        circle = QRectF(x - radius, rails.center().y() - radius, 2 * radius, 2 * radius)
        self.draw_wire(branch, x, rails.top(), circle.top(), circle.bottom(), rails.bottom())
        self.branch_pen(branch)
        self.painter.setBrush(self.panel)
        self.painter.drawEllipse(circle)
        self.write_in(circle, "3:2", 0.84 * radius, branch)
        self.draw_block(branch, circle)

    def draw_unknown(self, branch: Branch, x: float) -> None:
        """A box that nobody has opened."""
        rails, unit = self.placement.rails, self.placement.unit
        box = QRectF(x - 1.2 * unit, rails.center().y() - 1.2 * unit, 2.4 * unit, 2.4 * unit)
        self.draw_wire(branch, x, rails.top(), box.top(), box.bottom(), rails.bottom())
        self.painter.fillRect(box, self.panel)
        self.painter.drawRect(box)
        self.write_in(box, "?", 1.6 * unit, branch)
