"""The scopes: linked plots of one time axis, with two cursors through all of them."""

from collections.abc import Iterable
from time import monotonic

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel

from vclamp.model.protocol import Protocol
from vclamp.publish.scopes import HERO_WEIGHT
from vclamp.ui.scopes.difference import kinds
from vclamp.ui.scopes.family import Family
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.handling import LimitsEditor, ScopeAxis, ScopeViewBox, Spot
from vclamp.ui.scopes.kinds import FIRST_SHOWN, Scope, style_plot
from vclamp.ui.scopes.made import Scopes
from vclamp.ui.scopes.reading import Reading
from vclamp.ui.theme import Theme

LIVELY_S = 0.1


class ScopeStack(pg.GraphicsLayoutWidget):
    """Scopes above each other, those that are wanted; sweeps are drawn as they grow."""

    cursors_moved = Signal()
    asked = Signal(object)  # a Spot: the menu of that place

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.wanted: set[str] = set(FIRST_SHOWN)  # scopes, where the rig has something for them
        self.paints = 0
        self.lively = (0, 0.0)  # paints that followed one another closely, and the seconds they took
        self._painted_s = 0.0
        self.markers: list[pg.InfiniteLine] = []
        self.pointed: Scope | None = None  # the scope under the mouse
        self.number, self.reading = QLabel(self), Reading(self)
        self.limits = LimitsEditor(self)
        self.hint = QLabel("Space runs the protocol", self, alignment=Qt.AlignmentFlag.AlignCenter)
        self.hint.setProperty("role", "dim")
        for label in (self.hint, self.number):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.number.hide()
        self.scopes = Scopes(self._make)
        self.scene().sigMouseMoved.connect(self._point)
        self.family = Family(self.scopes, theme)
        self.ci.layout.setSpacing(2)
        self.ci.layout.setContentsMargins(2, 4, 10, 2)
        self.show_scopes(FIRST_SHOWN[:4])
        self.weigh("total")
        self.family.shown[-1].plot.setXRange(0, 60, padding=0)
        self.set_theme(theme)

    # ---- building --------------------------------------------------------------------------

    def _make(self, name: str) -> Scope:
        kind, before = kinds()[name], next(iter(self.scopes.values()), None)
        box, axes = ScopeViewBox(enableMenu=False), {side: ScopeAxis(side) for side in ("left", "bottom")}
        plot = pg.PlotItem(viewBox=box, axisItems=axes, enableMenu=False)
        plot.setParentItem(self.ci)
        plot.hide()
        plot.hideButtons()
        plot.disableAutoRange()
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.setLabel("left", f"{kind.title} ({kind.unit})" if kind.unit else kind.title)
        scope = Scope(kind, plot, Grid(plot))
        box.asked.connect(lambda click: self.asked.emit(self._spot(scope, click.scenePos())))
        for side, axis in axes.items():
            axis.edited.connect(lambda side=side: self._edit_limits(scope, side))
        plot.addItem(scope.item)
        if kind.fixed:
            plot.setYRange(*kind.fixed, padding=0)
        for number in range(2):
            at_ms = before.cursors[number].value() if before is not None else 0.0
            cursor = pg.InfiniteLine(at_ms, angle=90, movable=True, name=str(number + 1))
            cursor.sigPositionChanged.connect(self._cursor_dragged)
            plot.addItem(cursor, ignoreBounds=True)
            scope.cursors.append(cursor)
        self._style(scope, self.family.theme)
        self.family.introduce(scope)
        return scope

    def want(self, name: str, wanted: bool) -> None:
        """Remember whether a scope is to be shown."""
        (self.wanted.add if wanted else self.wanted.discard)(name)

    def weigh(self, hero: str) -> None:
        """Give one scope more room than the others."""
        shown = self.family.shown
        for row in range(len(kinds())):
            weight = shown[row].kind.weight if row < len(shown) else 0
            is_hero = row < len(shown) and shown[row] is self.scopes.get(hero)
            self.ci.layout.setRowStretchFactor(row, HERO_WEIGHT if is_hero else weight)

    def show_scopes(self, names: Iterable[str]) -> bool:
        """Have these scopes, in their own order; whether any are others than before."""
        names = set(names)
        wanted = [self.scopes[name] for name in kinds() if name in names]
        before = self.family.shown
        if not wanted or wanted == before:
            return False
        x_range = before[-1].plot.viewRange()[0] if before else [0.0, 60.0]
        for scope in before:
            scope.plot.setXLink(None)
            self.ci.layout.removeItem(scope.plot)  # it stays in the scene
            scope.plot.hide()
            scope.shown = False
        for row, scope in enumerate(wanted):
            self.ci.layout.addItem(scope.plot, row, 0)
            scope.plot.show()
            scope.shown = True
            scope.set_last(scope is wanted[-1])
        for scope in wanted[:-1]:
            scope.plot.setXLink(wanted[-1].plot)
        wanted[-1].plot.setXRange(*x_range, padding=0)
        return True

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self.setBackground(theme.plot_background)
        for scope in self.scopes.values():
            self._style(scope, theme)
        for marker in self.markers:
            self._style_marker(marker, theme)
        self.number.setStyleSheet(f"color: {theme.dim_text}; font-size: {round(1.3 * theme.font_px)}px;")
        self.reading.set_theme(theme)
        self.family.set_theme(theme)

    @staticmethod
    def _style(scope: Scope, theme: Theme) -> None:
        style_plot(scope.plot, scope.grid, theme)
        scope.plot.getAxis("left").setWidth(round(theme.font_px * 4.6))
        scope.item.set_style(theme.trace_px, theme.trace_px > 1.0)
        for cursor, colour in zip(scope.cursors, (theme.cursor_1, theme.cursor_2), strict=True):
            cursor.setPen(pg.mkPen(colour, width=1, style=Qt.PenStyle.DashLine))
            cursor.setHoverPen(pg.mkPen(colour, width=3))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the hint in the middle of the largest scope."""
        super().resizeEvent(event)
        if hasattr(self, "family"):  # not yet while pyqtgraph makes the view
            self.hint.setGeometry(0, round(0.32 * self.height()), self.width(), round(0.1 * self.height()))
            self._place_number()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Count the paints, for the read-out of frames a second."""
        self.paints += 1
        now_s = monotonic()
        if now_s - self._painted_s < LIVELY_S:
            self.lively = (self.lively[0] + 1, self.lively[1] + now_s - self._painted_s)
        self._painted_s = now_s
        super().paintEvent(event)

    # ---- the mouse -------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys are the window's."""
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self.pointed = None
        self.reading.hide()

    def _point(self, place: QPointF) -> None:
        """Say which trace the mouse is on, and its value there."""
        self.pointed = next((s for s in self.family.shown if s.plot.sceneBoundingRect().contains(place)), None)
        seen = None
        if self.pointed is not None and not QGuiApplication.mouseButtons():
            spot = self._spot(self.pointed, place)
            seen = self.family.seen_at(self.pointed, spot.time_ms, spot.value)
        self.reading.tell(seen, self.mapFromScene(place))

    def _spot(self, scope: Scope, place: QPointF) -> Spot:
        inside = scope.plot.getViewBox().mapSceneToView(place)
        return Spot(scope, inside.x(), inside.y(), self.mapToGlobal(self.mapFromScene(place)))

    def spot_at(self, at: QPoint) -> Spot | None:
        """The place in a scope that is there on the screen; None between scopes."""
        place = self.mapToScene(self.mapFromGlobal(at))
        scope = next((s for s in self.family.shown if s.plot.sceneBoundingRect().contains(place)), None)
        return None if scope is None else self._spot(scope, place)

    def name_at(self, spot: Spot) -> str:
        """The name that is written in a scope at a place; empty if there is none."""
        place = self.mapToScene(self.mapFromGlobal(spot.at))
        texts = [text for text in spot.scope.texts if text.isVisible()]
        return next((t.toPlainText() for t in texts if t.mapRectToScene(t.boundingRect()).contains(place)), "")

    def _edit_limits(self, scope: Scope, side: str) -> None:
        """Let the limits of an axis be typed, in the unit that it has."""
        axis, plot = scope.plot.getAxis(side), scope.plot
        low, high = (axis.scale * value for value in plot.viewRange()[side == "left"])
        place = self.mapFromScene(axis.sceneBoundingRect()).boundingRect()
        corner = place.center() if side == "left" else QPoint(place.center().x(), place.top())
        place.moveTopLeft(QPoint(2, corner.y()) if side == "left" else corner)

        def take(low: float, high: float) -> None:
            (plot.setYRange if side == "left" else plot.setXRange)(low / axis.scale, high / axis.scale, padding=0)

        self.limits.ask(low, high, place, take)

    def show_number(self, sweep: int | None, total: int) -> None:
        """Write which sweep is in front, of how many; None if none was chosen."""
        self.number.setVisible(sweep is not None)
        if sweep is not None:
            self.number.setText(f"sweep {sweep + 1} of {total}")
            self._place_number()

    def _place_number(self) -> None:
        self.number.adjustSize()
        self.number.move(self.width() - self.number.width() - 18, 8)

    # ---- cursors ---------------------------------------------------------------------------

    def cursor_ms(self, number: int) -> float:
        """Time of a cursor, 0 or 1."""
        return float(next(iter(self.scopes.values())).cursors[number].value())

    def move_cursor(self, number: int, time_ms: float) -> None:
        """Put a cursor at a time, in all scopes."""
        for scope in self.scopes.values():
            cursor = scope.cursors[number]
            cursor.blockSignals(True)
            cursor.setValue(time_ms)
            cursor.blockSignals(False)
        self.cursors_moved.emit()

    def place_cursors(self, protocol: Protocol) -> None:
        """Put the cursors where the protocol measures, or anywhere."""
        for number, fraction in enumerate((1 / 3, 2 / 3)):
            marks = protocol.marks[number : number + 1]
            middle = sum(protocol.window(marks[0].name, 0)) / 2 / protocol.fs_kHz if marks else 0.0
            self.move_cursor(number, middle or fraction * protocol.duration_ms(0))

    def show_markers(self, protocol: Protocol, theme: Theme) -> None:
        """Write the names of marked segments where they begin."""
        plot = self.scopes["voltage"].plot
        while self.markers:
            plot.removeItem(self.markers.pop())
        for number, segment in enumerate(protocol.segments):
            if segment.marker:
                at_ms = protocol.span(number, 0)[0] / protocol.fs_kHz
                marker = pg.InfiniteLine(at_ms, angle=90, label=segment.marker, labelOpts={"position": 0.85})
                marker.label.setAnchor((0.0, 0.5))
                self._style_marker(marker, theme)
                plot.addItem(marker, ignoreBounds=True)
                self.markers.append(marker)

    @staticmethod
    def _style_marker(marker: pg.InfiniteLine, theme: Theme) -> None:
        marker.setPen(pg.mkPen(theme.dim_text, width=1, style=Qt.PenStyle.DotLine))
        marker.label.setColor(theme.dim_text)

    def _cursor_dragged(self, cursor: pg.InfiniteLine) -> None:
        self.move_cursor(int(cursor.name()) - 1, cursor.value())
