"""A channel's states and the ways between them, drawn: filled by how many channels are there, with rates on arrows."""

from math import hypot

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vclamp.analysis.channel_curves import Edge, SchemeAt
from vclamp.ui.panels.channel_editor_layout import Cell, placed, runs_through
from vclamp.ui.panels.circuit_layout import number
from vclamp.ui.scopes.kinds import label_font
from vclamp.ui.theme import Theme, mixed, readable

RADIUS = 0.27  # of the way from state to state
LARGEST_EM, APART_EM = 2.1, 0.28  # radius of a state; half of what lies between the arrows there and back
HEAD_EM = 0.55
NEAR_EM = 1.0  # a mouse so near is at an edge
FULL = 0.75  # how much of the channel's colour fills a state that holds every channel
MARGIN_EM = 0.8
LEAST_PX = 7  # of a letter


class SchemeView(QWidget):
    """The scheme at one voltage; a tool tip tells every number."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._colour = theme, QColor(theme.accent)
        self._scheme: SchemeAt | None = None
        self._cells: tuple[Cell, ...] = ()
        self._shape: object = None
        self._why = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("scheme of states")

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self.update()

    def show_scheme(self, scheme: SchemeAt | None, colour: QColor, why: str = "") -> None:
        """Draw a scheme, or say why there is none."""
        self._scheme, self._colour, self._why = scheme, colour, why
        shape = scheme and (scheme.states, [(edge.a, edge.b) for edge in scheme.edges])
        if shape != self._shape:
            self._shape = shape
            self._cells = placed(len(scheme.states), [(e.a, e.b) for e in scheme.edges]) if scheme else ()
        self.setAccessibleDescription(_in_words(scheme) if scheme else why)
        self.update()

    # ---- where -----------------------------------------------------------------------------

    @property
    def _em(self) -> float:
        return float(self._theme.font_px)

    def _geometry(self) -> tuple[list[QPointF], float]:
        """Middles of the states, and their radius."""
        margin = MARGIN_EM * self._em
        room = QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)
        columns, rows = (max(cell[axis] for cell in self._cells) + 1 for axis in (0, 1))
        across, down = room.width() / columns, min(room.height() / rows, 9.0 * self._em)
        radius = min(RADIUS * min(across, down), LARGEST_EM * self._em)
        top = room.center().y() - 0.5 * rows * down
        places = [QPointF(room.left() + (x + 0.5) * across, top + (y + 0.5) * down) for x, y in self._cells]
        return places, radius

    def _bows(self, edge: Edge) -> bool:
        """Whether an edge must go round a state."""
        a, b = self._cells[edge.a], self._cells[edge.b]
        return runs_through(a, b, [cell for cell in self._cells if cell not in (a, b)])

    # ---- drawing ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw edges, then states."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(self._theme.plot_background))
        painter.setFont(label_font(self._theme))
        if self._scheme is None:
            painter.setPen(QColor(self._theme.dim_text))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._why)
            return
        places, radius = self._geometry()
        fastest = max([max(e.forward_per_ms, e.backward_per_ms) for e in self._scheme.edges], default=1.0)
        for edge in self._scheme.edges:
            line = QLineF(places[edge.a], places[edge.b])
            self._draw_way(painter, line, radius, edge.forward_per_ms, fastest, bows=self._bows(edge))
            line = QLineF(places[edge.b], places[edge.a])
            self._draw_way(painter, line, radius, edge.backward_per_ms, fastest, bows=self._bows(edge))
        for state in range(len(self._scheme.states)):
            self._draw_state(painter, places[state], radius, state)

    def _draw_way(
        self, painter: QPainter, line: QLineF, radius: float, rate_per_ms: float, fastest: float, *, bows: bool
    ) -> None:
        """One arrow with its rate, left of the line as it goes."""
        if line.length() <= 2.0 * radius or rate_per_ms <= 0.0:
            return
        em, along = self._em, QPointF(line.dx(), line.dy()) / line.length()
        side = QPointF(along.y(), -along.x())  # to the left, for y points down
        start = line.p1() + along * (radius + 0.2 * em) + side * APART_EM * em
        end = line.p2() - along * (radius + 0.2 * em) + side * APART_EM * em
        share = min(max(rate_per_ms / fastest, 0.0) ** 0.25, 1.0)
        ink = mixed(QColor(self._theme.dim_text), QColor(self._theme.text), share)
        painter.setPen(QPen(ink, 1.0 + 1.4 * share))
        bend = side * (1.6 * radius if bows else 0.0)
        middle = (start + end) / 2.0 + bend
        path = QPainterPath(start)
        path.quadTo(middle + bend, end)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        tail = end - along * HEAD_EM * em - (side * HEAD_EM * em * 0.5 if bows else QPointF())
        painter.drawLine(QLineF(end, tail + side * 0.5 * HEAD_EM * em))
        self._write_rate(painter, middle, side, rate_text(rate_per_ms), hypot(*(end - start).toTuple()))

    def _write_rate(self, painter: QPainter, middle: QPointF, side: QPointF, text: str, room: float) -> None:
        """A rate beside its arrow; where there is no room the tool tip tells it."""
        metrics = QFontMetricsF(painter.font())
        width, height = metrics.horizontalAdvance(text), metrics.height()
        lies = abs(side.y()) > 0.5
        beside = 0.5 * self.width() / (max(cell[0] for cell in self._cells) + 1) - 0.9 * self._em
        if (lies and width > room + 1.2 * self._em) or (not lies and (height > room or width > beside)):
            return
        at = middle + QPointF(side.x() * (0.5 * width + 0.3 * self._em), side.y() * 0.55 * height)
        painter.setPen(QColor(self._theme.text))
        rect = QRectF(at.x() - 0.5 * width - 1.0, at.y() - 0.5 * height, width + 2.0, height)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_state(self, painter: QPainter, at: QPointF, radius: float, state: int) -> None:
        """A circle, with a thick ring if it conducts."""
        assert self._scheme is not None
        theme, share = self._theme, float(self._scheme.occupied[state])
        fill = mixed(QColor(theme.field), self._colour, FULL * min(max(share, 0.0), 1.0) ** 0.5)
        conducts = self._scheme.is_open[state]
        painter.setPen(QPen(self._colour if conducts else QColor(theme.dim_text), 3.0 if conducts else 1.2))
        painter.setBrush(fill)
        painter.drawEllipse(at, radius, radius)
        font, lines = QFont(label_font(theme)), self._scheme.states[state].split("_", 1)
        lines += [f"{100.0 * share:.0f} %"] * (share >= 0.005 and radius > 1.35 * self._em)
        font.setBold(conducts)
        while max(map(QFontMetricsF(font).horizontalAdvance, lines)) > 1.85 * radius and font.pixelSize() > LEAST_PX:
            font.setPixelSize(font.pixelSize() - 1)
        painter.setFont(font)
        painter.setPen(readable(QColor(theme.text), fill))
        box = QRectF(at.x() - radius, at.y() - radius, 2.0 * radius, 2.0 * radius)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "\n".join(lines))
        painter.setFont(label_font(theme))

    # ---- tool tips -------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Tell what is under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self.told_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def told_at(self, where: QPointF) -> str:
        """What there is to say of a place."""
        scheme = self._scheme
        if scheme is None:
            return self._why
        places, radius = self._geometry()
        for state, at in enumerate(places):
            if hypot(*(where - at).toTuple()) <= radius:
                charge = f", gating charge {number(scheme.charges_e[state])} e" if any(scheme.charges_e) else ""
                conducts = "conducts" if scheme.is_open[state] else "does not conduct"
                return f"{scheme.states[state]} {conducts}: {100.0 * scheme.occupied[state]:.3g} % of channels{charge}"
        for edge in scheme.edges:
            line = QLineF(places[edge.a], places[edge.b])
            middle = (line.p1() + line.p2()) / 2.0
            if hypot(*(where - middle).toTuple()) <= max(NEAR_EM * self._em, 0.5 * line.length() - radius):
                a, b = scheme.states[edge.a], scheme.states[edge.b]
                return (
                    f"{a} → {b}: {rate_text(edge.forward_per_ms)} /ms\n{b} → {a}: {rate_text(edge.backward_per_ms)} /ms"
                )
        return "Thick rings conduct; the fill shows how many channels are in a state; rates are per ms"


def rate_text(per_ms: float) -> str:
    """A rate with two digits."""
    text = f"{per_ms:.2g}" if per_ms < 100.0 or per_ms >= 1e4 else f"{per_ms:.0f}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


def _in_words(scheme: SchemeAt) -> str:
    """For those who hear what is drawn."""
    full = max(range(len(scheme.states)), key=lambda state: scheme.occupied[state])
    return (
        f"{len(scheme.states)} states, {len(scheme.edges)} ways between them; "
        f"most channels, {100.0 * scheme.occupied[full]:.0f} %, are in {scheme.states[full]}"
    )
